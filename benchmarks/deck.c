/* Reads a deck, deck.txt, and writes a listing, listing.txt, that ends with the deck's VALUE and five more numbers. */
#include <stdio.h>
#include <string.h>

int main(void)
{
    char line[128], value[32] = "0";
    FILE *deck = fopen("deck.txt", "r"), *listing = fopen("listing.txt", "w");

    if (!deck || !listing)
        return 1;
    fprintf(listing, "1  ANSWER SOLVER%50s\n\n   INPUT DECK\n", "PAGE 1");
    while (fgets(line, sizeof line, deck)) {
        fprintf(listing, "   * %s", line);
        sscanf(line, "VALUE %31s", value);
    }
    fprintf(listing, "\n   STATE\n   %10s %10s %10s %10s %10s %10s\n", "X", "Y", "Z", "U", "V", "W");
    fprintf(listing, "   %10s %10.1f %10.2f %10.3f %10.3f %10d\n", value, 1.5, -2.25, 1000.125, 0.001, 42);
    return fclose(listing) != 0;
}

/* Answers each line, a number, with that number and five more: a simulator whose own work costs nothing. */
#include <stdio.h>
#include <string.h>

int main(void)
{
    char line[128];

    setvbuf(stdout, NULL, _IOFBF, 4096);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        fputs(line, stdout);
        fputs(" 1.5 -2.25 1000.125 0.001 42\n", stdout);
        fflush(stdout); /* one write for the whole answer */
    }
    return 0;
}

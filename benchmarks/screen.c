/* A full screen of 80x24: at each key it moves a mark, writes the key's code and five numbers into row 24, and
   puts the cursor back to its place, row 23, column 1. One write for each key. */
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static char drawn[8192];

static int frame(int x, int y)
{
    int size = sprintf(drawn, "\033[2J\033[1;1H+");

    for (int column = 2; column < 80; column++)
        drawn[size++] = '-';
    drawn[size++] = '+';
    for (int row = 2; row < 22; row++)
        size += sprintf(drawn + size, "\033[%d;1H|\033[%d;80H|", row, row);
    return size + sprintf(drawn + size, "\033[%d;%dH@\033[24;1H0 1.5 -2.25 1000.125 0.001 42\033[23;1H", y, x);
}

int main(void)
{
    int x = 40, y = 11, size = frame(x, y);
    unsigned char key;
    struct termios modes;

    if (tcgetattr(0, &modes) == 0) {
        cfmakeraw(&modes);
        tcsetattr(0, TCSANOW, &modes);
    }
    while (write(1, drawn, size) == size && read(0, &key, 1) == 1) {
        int from_x = x, from_y = y;
        x += (key == 'l' && x < 79) - (key == 'h' && x > 2);
        y += (key == 'j' && y < 21) - (key == 'k' && y > 2);
        size = sprintf(drawn, "\033[%d;%dH \033[%d;%dH@\033[24;1H%d 1.5 -2.25 1000.125 0.001 42\033[K\033[23;1H",
                       from_y, from_x, y, x, key);
    }
    return 0;
}

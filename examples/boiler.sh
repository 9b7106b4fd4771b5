#!/bin/sh
# A boiler for a school, as a plant simulator of its day would be: it prints a line, asks for a number, and knows
# nothing of Python. Temperatures are kept in tenths of a degree.
#   sh boiler.sh [SEED]
state=${1:-1}

# A number from 0 to 32767, the generator of the old C library.
draw() {
    state=$(((state * 1103515245 + 12345) % 2147483648))
    number=$((state / 65536))
}

while :; do
    draw
    room=$((150 + number % 50)) outside=$((20 + number % 60)) hour=0 gas=0
    echo "BOILER CONTROL    KEEP THE ROOM AT 20.0 C"
    while [ "$hour" -lt 24 ]; do
        printf 'HOUR %2d  ROOM %d.%d C  OUTSIDE %d.%d C\n' \
            "$hour" $((room / 10)) $((room % 10)) $((outside / 10)) $((outside % 10))
        printf 'VALVE (0-9)? '
        read -r valve || exit 0
        case $valve in
        [0-9]) ;;
        *) echo "EH?"; continue ;;
        esac
        draw
        room=$((room + valve * 5 - (room - outside) / 10))
        outside=$((outside + number % 7 - 3))
        [ "$outside" -lt 0 ] && outside=0
        gas=$((gas + valve))
        hour=$((hour + 1))
    done
    printf 'HOUR %2d  ROOM %d.%d C  OUTSIDE %d.%d C\n' 24 $((room / 10)) $((room % 10)) $((outside / 10)) $((outside % 10))
    printf 'GAS USED %d\nANOTHER DAY (Y/N)? ' "$gas"
    read -r again || exit 0
    [ "$again" = Y ] || exit 0
done

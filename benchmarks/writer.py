"""A simulator that makes it hard to read its answers: for each line of stdin, a step, it writes an answer to obs.txt.

    python writer.py WAY PAUSE

WAY is `truncated`, `appended` or `renamed`. An answer is one line, `STEP HASH NUMBERS END`: 24 numbers whose lengths
change from step to step, and the CRC-32 of the step and the numbers. It is written in four pieces; between them it
waits not at all, for PAUSE seconds or for twice as long, from step to step.
"""

import os
import sys
import time
import zlib

PIECES = 4
NUMBERS = 24


def answer(step: int) -> bytes:
    numbers = [(step + 1) * (7919 + 104_729 * place) % 10 ** (1 + (step + place) % 9) for place in range(NUMBERS)]
    words = " ".join(map(str, numbers))
    return b"%d %d %s END\n" % (step, zlib.crc32(b"%d %s" % (step, words.encode())), words.encode())


def write(name: str, data: bytes, flags: int, pause: float) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | flags, 0o600)
    size = len(data) // PIECES + 1
    for at in range(0, len(data), size):
        if at and pause:
            time.sleep(pause)
        os.write(descriptor, data[at : at + size])
    os.close(descriptor)


def main() -> None:
    way, pause = sys.argv[1], float(sys.argv[2])
    for line in sys.stdin:
        step = int(line)
        data, seconds = answer(step), pause * (step % 3)
        if way == "renamed":
            write("obs.tmp", data, os.O_TRUNC, seconds)
            os.replace("obs.tmp", "obs.txt")
        else:
            write("obs.txt", data, os.O_APPEND if way == "appended" else os.O_TRUNC, seconds)


if __name__ == "__main__":
    main()

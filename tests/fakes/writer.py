"""A simulator that answers in files: for each line of stdin, a step, it writes an answer in the way that is asked for.

    python writer.py WAY PAUSE [NAME]

An answer is ``step N PADDING HASH END``, PADDING of changing length and HASH over what is before it. It is written
in pieces, with PAUSE seconds between them. A line "quit" ends it.
"""

import hashlib
import os
import sys
import time

PIECES = 4


def answer(step: int) -> bytes:
    body = b"step %d %s" % (step, b"x" * (step * 37 % 101))
    return body + b" " + hashlib.sha256(body).hexdigest()[:16].encode() + b" END\n"


def pieces(data: bytes) -> "list[bytes]":
    size = len(data) // PIECES + 1
    return [data[at : at + size] for at in range(0, len(data), size)]


class Writer:
    def __init__(self, pause: float, name: str) -> None:
        self.pause = pause
        self.name = name
        self.kept = -1

    def put(self, descriptor: int, data: bytes) -> None:
        for at, piece in enumerate(pieces(data)):
            if at and self.pause:
                time.sleep(self.pause)
            os.write(descriptor, piece)

    def fresh(self, name: str, data: bytes, flags: int = os.O_TRUNC) -> None:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | flags, 0o600)
        self.put(descriptor, data)
        os.close(descriptor)

    def renamed(self, step: int) -> None:
        self.fresh(self.name + ".tmp", answer(step))
        os.replace(self.name + ".tmp", self.name)

    def truncated(self, step: int) -> None:
        self.fresh(self.name, answer(step))

    def kept_open(self, step: int) -> None:
        if self.kept < 0:
            self.kept = os.open(self.name, os.O_WRONLY | os.O_CREAT, 0o600)
        os.ftruncate(self.kept, 0)
        os.lseek(self.kept, 0, os.SEEK_SET)
        self.put(self.kept, answer(step))

    def appended(self, step: int) -> None:
        self.fresh(self.name, answer(step), os.O_APPEND)

    def appended_open(self, step: int) -> None:
        if self.kept < 0:
            self.kept = os.open(self.name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.put(self.kept, answer(step))

    def rotated(self, step: int) -> None:
        # Every third answer is cut in two by the rotation, every seventh comes after a truncation.
        if step % 7 == 0 and self.kept >= 0:
            os.ftruncate(self.kept, 0)
        if step % 3 or self.kept < 0:
            self.appended_open(step)
            return
        data = answer(step)
        self.put(self.kept, data[:9])
        os.rename(self.name, self.name + ".1")
        self.put(self.kept, data[9:12])
        os.close(self.kept)
        self.kept = os.open(self.name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.put(self.kept, data[12:])

    def numbered(self, step: int) -> None:
        os.makedirs("out", exist_ok=True)
        self.fresh(f"out/obs_{step:04d}.txt", answer(step))

    def numbered_renamed(self, step: int) -> None:
        os.makedirs("out", exist_ok=True)
        self.fresh("next", answer(step))
        os.replace("next", f"out/obs_{step:04d}.txt")

    def flagged(self, step: int) -> None:
        data = answer(step)
        self.fresh(self.name, data[:10])
        self.fresh(self.name, data[10:], os.O_APPEND)
        self.fresh("done", b"")

    def locked(self, step: int) -> None:
        self.fresh("busy", b"1")
        self.flagged(step)
        os.unlink("busy")

    def several(self, step: int) -> None:
        for name in (self.name, "b.txt"):
            self.fresh(name, answer(step))

    def mover(self, step: int) -> None:
        # Takes its action file away before it answers, half of the time out of the folder altogether.
        if step % 2:
            os.unlink("act.txt")
        else:
            os.rename("act.txt", os.path.join("away", "act.txt"))
        self.renamed(step)

    def same(self, step: int) -> None:
        self.fresh(self.name, b"the same END\n")

    def backdated(self, step: int) -> None:
        self.fresh("next", answer(step))
        os.utime("next", (time.time() - 3600, 1_000_000_000))
        os.replace("next", self.name)

    def backdated_open(self, step: int) -> None:
        self.kept_open(step)
        os.utime(self.name, (time.time() - 3600, 1_000_000_000))

    def chmodded(self, step: int) -> None:
        self.renamed(step)
        os.chmod(self.name, 0o644)


def main() -> None:
    way, pause, name = sys.argv[1], float(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "obs.txt"
    write = getattr(Writer(pause, name), way)
    while True:
        line = sys.stdin.readline()
        if not line or line == "quit\n":
            return
        write(int(line))


if __name__ == "__main__":
    main()

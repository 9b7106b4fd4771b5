"""The repetition of what was sent, by a program that shows its input: taken off the front of its reply once."""

from __future__ import annotations

__all__ = ["Echo"]

Data = bytes | bytearray


class Echo:
    """The lines that are expected back, in order."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def expect(self, command: bytes) -> None:
        """Expect the lines of ``command`` back, each line end as the one LF that the filter makes of it."""
        self.lines = command.replace(b"\r\n", b"\n").replace(b"\r", b"\n").splitlines(keepends=True)

    def forget(self) -> None:
        """Expect nothing any more."""
        self.lines = []

    def without(self, data: Data) -> tuple[Data, bool]:
        """Return ``data`` without the repeated lines at its front, and whether all of them have been told apart."""
        while self.lines:
            line = self.lines[0]
            if len(data) < len(line) and line.startswith(bytes(data)):
                return data, False
            if not data.startswith(line):
                break
            del self.lines[0]
            data = data[len(line) :]
        return data, True

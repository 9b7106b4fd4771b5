"""The telnet protocol, as far as an agent needs it: every option is refused, and only text remains (RFC 854)."""

from __future__ import annotations

__all__ = ["Telnet"]

_IAC, _DONT, _DO, _WONT, _WILL, _SB, _SE = 255, 254, 253, 252, 251, 250, 240
_BYTE = b"\xff"
_REFUSALS = {_WILL: _DONT, _DO: _WONT}
_TEXT, _COMMAND, _OPTION, _INSIDE, _LEAVING = range(5)


class Telnet:
    """The telnet of one connection. ``answers`` are the refusals that are to be sent still, whoever sends clears them.

    ``half`` is 1 while one byte of a pair was sent that stands for a single byte 255; nothing may come between.
    """

    __slots__ = ("_after_return", "_refused", "_state", "_verb", "answers", "half")

    def __init__(self) -> None:
        self._state, self._verb = _TEXT, 0
        self._after_return = False
        self._refused: set[tuple[int, int]] = set()
        self.answers = b""
        self.half = 0

    def stripped(self, data: bytes) -> bytes:
        """Return the text in ``data``, the next piece of what was received, however it was cut."""
        if self._state == _TEXT and _BYTE not in data:
            return self._text(data)
        text, at = bytearray(), 0
        while at < len(data):
            if self._state in (_TEXT, _INSIDE):
                end = data.find(_BYTE, at)
                end = len(data) if end < 0 else end
                if self._state == _TEXT:
                    text += self._text(data[at:end])
                if end < len(data):
                    self._state = _COMMAND if self._state == _TEXT else _LEAVING
                at = end + 1
                continue
            text += self._obeyed(data[at])
            at += 1
        return bytes(text)

    def doubled(self, data: bytes) -> bytes:
        """Return what is to be sent for ``data``; ``taken`` is to be told how much of it was."""
        return data.replace(_BYTE, b"\xff\xff")[self.half :]

    def taken(self, sent: bytes) -> int:
        """Return how many bytes of the data have gone with ``sent``, which begins as ``doubled`` does."""
        ends = sent.count(_BYTE) + self.half
        size = len(sent) + self.half - (ends + 1) // 2
        self.half = ends % 2
        return size

    def _text(self, piece: bytes) -> bytes:
        """Return text in which a carriage return alone is no longer followed by a zero."""
        if not piece:
            return piece
        if self._after_return and piece[0] == 0:
            piece = piece[1:]
            self._after_return = False
            return self._text(piece)
        self._after_return = piece.endswith(b"\r")
        return piece.replace(b"\r\0", b"\r") if b"\0" in piece else piece

    def _obeyed(self, byte: int) -> bytes:
        """Go on in the middle of a command; return the text that it stands for."""
        if self._state == _LEAVING:
            self._state = _TEXT if byte == _SE else _INSIDE
        elif self._state == _OPTION:
            self._state = _TEXT
            self._refuse(self._verb, byte)
        elif byte in (_WILL, _WONT, _DO, _DONT):
            self._state, self._verb = _OPTION, byte
        else:
            self._state = _INSIDE if byte == _SB else _TEXT
            if byte == _IAC:
                self._after_return = False
                return _BYTE
        return b""

    def _refuse(self, verb: int, option: int) -> None:
        # Once for each: two ends that answer every answer would never stop.
        if verb in _REFUSALS and (verb, option) not in self._refused:
            self._refused.add((verb, option))
            self.answers += bytes((_IAC, _REFUSALS[verb], option))

"""The course of a phase: which exchange is opened next, and when a reply is the one that was wanted."""

from __future__ import annotations

from filebridge.wire.phase import DONE, Exchange
from filebridge.wire.refusals import surplus
from filebridge.wire.standing import Standing

__all__ = ["Course"]


class Course(Standing):
    """A Standing, and what goes on from one exchange to the next."""

    __slots__ = ()

    def _after_exchange(self) -> bytes | None:
        """Go on after a whole reply; None where the next message is awaited, and nothing sent."""
        exchange, row, previous = self._exchange, self.row, self.previous
        if exchange.read is not None:
            exchange.read(self._told(), row, previous)
        # Silence answers nothing older.
        heard = (bool(self.said[-1]) and not self.unchanged) or not exchange.silent
        if exchange.fresh is not None and heard and not exchange.fresh(row, previous):
            self._await_newer()
            return None
        if exchange.gather is not None and not exchange.gather(row, previous):
            self._await_further()
            return None
        if exchange.repeat is not None and not exchange.repeat(row, previous):
            self.tries += 1
            self._forget(self._mark)
            self._paused, self.timer = True, exchange.every
            return b""
        return self._next()

    def _await_newer(self) -> None:
        """Drop the reply, which answers something older, and wait on as if it had not come."""
        self.stale += 1
        self._forget(self._kept)
        self._awaited = self._exchange.awaited
        for slot in self._rules.labels:
            self.row[slot] = False

    def _await_further(self) -> None:
        """Keep the reply, and wait for the next one that is to be read together with it."""
        self.gathered += 1
        self._kept = len(self.said)
        self._awaited = self._exchange.awaited
        if self._exchange.resend:
            # It has answered, so it has heard what was sent.
            self.timer = 0.0

    def _forget(self, mark: int) -> None:
        self.refused = b"".join(self.said[mark:])
        self._size -= len(self.refused)
        del self.said[mark:]

    def _next(self) -> bytes | None:
        """Open the next exchange that is to take place; None if it sends nothing."""
        exchanges = self._phase.exchanges
        self.tries = self.stale = 0
        while True:
            self._index += 1
            if self._index == len(exchanges):
                return self._finish()
            exchange = exchanges[self._index]
            if exchange.when is None or exchange.when(self.row, self.previous):
                return self._open(exchange)

    def _open(self, exchange: Exchange) -> bytes | None:
        if not exchange.at:
            return self._hold(exchange)
        # What comes before its time is no part of it where such output is dropped.
        if self.pending and (exchange.encode is not None or self._rules.leftover == "drop"):
            self._settle_leftover()
        self._exchange = exchange
        self._paused = self.from_begin = True
        self.timer = exchange.at
        return b""

    def _hold(self, exchange: Exchange) -> bytes | None:
        if self.pending and exchange.encode is not None:
            self._settle_leftover()
        self._exchange = exchange
        self._awaited = exchange.awaited
        self._searched = 0
        self._mark = self._kept = len(self.said)
        self.gathered = self.resent = 0
        self._anew = True
        for slot in exchange.renewed:
            self.row[slot] = None
        self.timer = exchange.silent or exchange.resend
        command = self._words(exchange)
        return command if command is None else self._speak(command)

    def _again(self) -> bytes:
        """Say once more what was said last; what came of the reply to it is forgotten."""
        self.resent += 1
        self._forget(self._kept)
        self._awaited = self._exchange.awaited
        self.timer = self._exchange.resend
        return self._speak(self.sent)

    def _words(self, exchange: Exchange) -> bytes | None:
        """Make what ``exchange`` says: the files to be delivered, and what is sent, None for nothing."""
        if exchange.files is not None:
            self.files = exchange.files(self.row, self.previous)
        if exchange.encode is None:
            return None
        self.sent = command = exchange.encode(self.row, self.previous)
        return command

    def _speak(self, command: bytes) -> bytes:
        self.sent = command
        if self._rules.strip_echo:
            self._echo.expect(command)
        return command

    def _finish(self) -> bytes:
        self.reply = self._told()
        self.timer = 0.0
        self._size = 0
        return DONE

    def _told(self) -> bytes:
        """Return what fields are read from: all that was said in this phase, or the last of it."""
        said = self.said
        return b"".join(said[-1:] if self._rules.latest else said)

    def _on_its_line(self, text: bytes) -> bytes:
        """Return ``text``, the next piece of what is said, behind a line end where it begins a reply in midline."""
        if not (self._anew and self._exchange.apart and text) or text.startswith(b"\n"):
            return text
        before = next(filter(None, reversed(self.said)), b"\n")
        return text if before.endswith(b"\n") else b"\n" + text

    def _settle_leftover(self) -> None:
        policy = self._rules.leftover
        self._searched = 0
        if policy == "keep":
            return
        if self._rules.ignored is not None:
            self._carry_on()
            return
        left = bytes(self.pending)
        if policy == "refuse" and left.strip():
            raise surplus(left, self._exchange)
        self.pending = b""

    def _carry_on(self) -> None:
        """Do as ``_settle_leftover``, but keep the beginning of a message: it may be one that is to be ignored."""
        rest = self._sifted(self.pending)
        left = bytes(rest)
        self.pending = b""
        if not left.strip() or (self._rules.leftover == "drop" and self._is_whole(rest)):
            return
        if self._is_whole(rest):
            raise surplus(left, self._exchange)
        self.pending, self._carried = rest, True

    def _is_whole(self, data: bytes | bytearray) -> bool:
        """Return whether there is more in ``data`` than the beginning of one message."""
        exchange = self._exchange
        return self._rules.snapshots or exchange.quiet > 0 or exchange.cut(data, 0) is not None

    def _sifted(self, data: bytes | bytearray) -> bytes | bytearray:
        """Return ``data`` without the messages at its front that are to be ignored, or that nobody wants."""
        ignored, every = self._rules.ignored, self._rules.leftover == "drop"
        if self._exchange.quiet and ignored is not None and ignored(bytes(data)):
            return b""
        while data and ignored is not None:
            found = self._exchange.cut(data, 0)
            if found is None or not (every or ignored(found[1].text(data, found[0]))):
                break
            self.ignored += 1
            data = b"" if self._rules.snapshots else data[found[0] :]
        return data

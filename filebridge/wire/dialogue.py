"""The state of one simulator's talk: what to send next, whether the reply is whole, what was read from it.

Sans-IO: ``begin`` and ``receive`` return the bytes to send, ``None`` while more must come, or
``DONE``. The caller moves the bytes, keeps the time and watches for the simulator's death.
"""

from __future__ import annotations

from filebridge.wire.framing import End
from filebridge.wire.phase import DONE, UNCHANGED, Exchange, Phase, Rules
from filebridge.wire.refusals import surplus, too_large
from filebridge.wire.standing import Standing

__all__ = ["DONE", "UNCHANGED", "Dialogue", "Exchange", "Phase", "Rules"]


class Dialogue(Standing):
    """The talk with one simulator: a Standing, and what changes it."""

    __slots__ = ()

    def begin(self, phase: Phase) -> bytes:
        """Begin ``phase`` and return what to send first, b"" for nothing, or ``DONE`` where nothing is to be said.

        Raises:
            Desync: output is left over that answers nothing, and the configuration does not allow that.
        """
        if self.pending:
            self._settle_leftover()
        row = self.row
        for slot in self._rules.labels:
            row[slot] = False
        self._phase = phase
        self.timer = 0.0
        self.files = None
        only = phase.only
        if only is None:
            self.said.clear()
            self._size = 0
            self._paused = False
            self._echo.forget()
            self._index = -1
            command = self._next()
            return b"" if command is None else command
        self._exchange = only
        self._searched = 0
        self._awaited = 1
        return self._words(only) or b""

    def receive(self, chunk: bytes) -> bytes | None:
        """Take what arrived; return what to send, None while more must come, or ``DONE``.

        Raises:
            MessageTooLarge: no end of the message within the cap.
        """
        return self.take(chunk if self.filter is None else self.filter.clean(chunk))

    def take(self, text: bytes) -> bytes | None:
        """Do as ``receive`` with text that has passed the filter."""
        data = self._joined(text) if self.pending and not self._rules.snapshots else text or self.pending
        if self._phase.only is None:
            return self._receive_general(data)
        found = self._exchange.cut(data, self._searched)
        if found is None:
            return self._await_more(data)
        self._searched = 0
        end, which = found
        if which.label >= 0:
            self.row[which.label] = True
        if end == len(data):
            self.reply = bytes(data)
            self.pending = b""
        else:
            self.reply = bytes(data[:end])
            self.pending = b"" if self._rules.snapshots else data[end:]
        return DONE

    def expire(self) -> bytes | None:
        """Take note that the timer ran out: quiet ends a message, silence is an empty one, a pause is over."""
        self.timer = 0.0
        if self._paused:
            self._paused = False
            return self._open(self._exchange)
        data, self.pending, self._searched = bytes(self.pending), b"", 0
        self._awaited = 1
        return self._complete(data, len(data), End())

    def ended(self, code: int | None) -> bytes | None:
        """Take note that the simulator exited with ``code``; return ``DONE`` if that is an awaited end."""
        if self._phase.only is not None:
            self.said.clear()
        for codes, label in self._exchange.exits:
            if code in codes:
                self.row[label] = True
                self.said += [bytes(self.pending), b"" if self.filter is None else self.filter.finish()]
                self.pending = b""
                return self._finish()
        if self._exchange.quiet and self._index == len(self._phase.exchanges) - 1 and self.pending:
            return self.expire()
        return None

    def stray(self, chunk: bytes) -> None:
        """Take output that came while nothing was asked."""
        if self.filter is not None:
            chunk = self.filter.clean(chunk)
        if self._rules.leftover == "drop":
            self.pending = b""
            return
        self.pending = chunk if self._rules.snapshots else self._joined(chunk)
        if len(self.pending) > self._rules.cap:
            raise too_large(len(self.pending), self._rules.cap)

    def _settle_leftover(self) -> None:
        policy = self._rules.leftover
        self._searched = 0
        if policy == "keep":
            return
        left = bytes(self.pending)
        if policy == "refuse" and left.strip():
            raise surplus(left, self._exchange)
        self.pending = b""

    def _joined(self, chunk: bytes) -> bytes | bytearray:
        pending = self.pending
        if not pending:
            return chunk
        if not isinstance(pending, bytearray):
            pending = bytearray(pending)
        pending += chunk
        return pending

    def _await_more(self, data: bytes | bytearray) -> bytes | None:
        size = len(data)
        if size + self._size > self._rules.cap:
            self.pending = data[-4096:]
            raise too_large(size + self._size, self._rules.cap)
        self.pending = data
        self._searched = 0 if self._rules.snapshots else size
        if size:
            self.timer = self._exchange.quiet
        return None

    def _receive_general(self, data: bytes | bytearray) -> bytes | None:
        if self._paused:
            self.pending = data
            self.timer = UNCHANGED
            return None
        if self._echo.lines and not self._searched:
            data, certain = self._echo.without(data)
            if not certain:
                self.pending = data
                return None
        found = self._exchange.cut(data, self._searched)
        if found is None:
            return self._await_more(data)
        return self._complete(data, *found)

    def _complete(self, data: bytes | bytearray, end: int, which: End) -> bytes | None:
        """End a message at ``end``: answer a question, await the next reply, or go on to the next exchange."""
        while True:
            self.said.append(bytes(data[:end]))
            self._size += end
            if self._size > self._rules.cap:
                raise too_large(self._size, self._rules.cap)
            data = b"" if self._rules.snapshots else data[end:]
            self.pending, self._searched = data, 0
            if which.answer is not None:
                self.timer = 0.0
                return self._speak(which.answer)
            if which.label >= 0:
                self.row[which.label] = True
            self._awaited -= 1
            if self._awaited <= 0:
                command = self._after_exchange()
                if command is not None:
                    return command
                data = self.pending
            if self._rules.snapshots:
                # The next message is another snapshot: of this one nothing is left in which it could begin.
                return self._await_more(b"")
            data, certain = self._echo.without(data)
            if not certain:
                self.pending = data
                return None
            found = self._exchange.cut(data, 0)
            if found is None:
                return self._await_more(data)
            end, which = found

    def _after_exchange(self) -> bytes | None:
        exchange = self._exchange
        if exchange.read is not None:
            exchange.read(self._told(), self.row, self.previous)
        if exchange.fresh is not None and not exchange.fresh(self.row, self.previous):
            self._await_newer()
            return None
        if exchange.repeat is not None and not exchange.repeat(self.row, self.previous):
            self.tries += 1
            self.refused = b"".join(self.said[self._mark :])
            self._size -= len(self.refused)
            del self.said[self._mark :]
            self._paused, self.timer = True, exchange.every
            return b""
        return self._next()

    def _await_newer(self) -> None:
        """Drop the reply, which answers something older, and wait on as if it had not come."""
        self.stale += 1
        self.refused = b"".join(self.said[self._mark :])
        self._size -= len(self.refused)
        del self.said[self._mark :]
        self._awaited = self._exchange.awaited
        for slot in self._rules.labels:
            self.row[slot] = False

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
        if self.pending and exchange.encode is not None:
            self._settle_leftover()
        self._exchange = exchange
        self._awaited = exchange.awaited
        self._searched = 0
        self._mark = len(self.said)
        self.timer = exchange.silent
        command = self._words(exchange)
        return command if command is None else self._speak(command)

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

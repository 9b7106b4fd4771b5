"""The state of one simulator's talk: what to send next, whether the reply is whole, what was read from it.

Sans-IO: ``begin`` and ``receive`` return the bytes to send, ``None`` while more must come, or
``DONE``. The caller moves the bytes, keeps the time and watches for the simulator's death.
"""

from __future__ import annotations

from filebridge.wire.course import Course
from filebridge.wire.ending import PLAIN, End, Received
from filebridge.wire.phase import DONE, UNCHANGED, Exchange, Phase, Rules
from filebridge.wire.refusals import surplus, too_large

__all__ = ["DONE", "UNCHANGED", "Dialogue", "Exchange", "Phase", "Rules"]


class Dialogue(Course):
    """The talk with one simulator: its Course, and the bytes and times that move it on."""

    __slots__ = ()

    def begin(self, phase: Phase) -> bytes:
        """Begin ``phase`` and return what to send first, b"" for nothing, or ``DONE`` where nothing is to be said.

        Raises:
            Desync: output is left over that answers nothing, and the configuration does not allow that.
        """
        if self.pending:
            self._settle_before(phase)
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
            self._paused = self._carried = self.from_begin = False
            self.ignored = 0
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
            MessageTooLarge: the message is larger than the cap, with or without its end.
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
        if end > self._rules.cap:
            self.pending = data[-4096:]
            raise too_large(end, self._rules.cap, ended=True)
        if which.label >= 0:
            self.row[which.label] = True
        if which.trims:
            self.reply = which.text(data, end)
        else:
            self.reply = bytes(data if end == len(data) else data[:end])
        self.pending = b"" if end == len(data) or self._rules.snapshots else data[end:]
        return DONE

    def expire(self) -> bytes | None:
        """Take note that the timer ran out: quiet ends a message, silence is an empty one, a pause is over.

        Where the exchange is one that may be sent again it is, as long as there is no reply.
        """
        exchange, self.timer = self._exchange, 0.0
        if self._paused:
            self._paused = self.from_begin = False
            command = self._hold(exchange)
            # Where nothing is sent, what came in the meantime may be the reply.
            return self._take_up() if command is None and self.pending else command
        if not (exchange.quiet and self.pending):
            if exchange.resend:
                return self._again()
            if self._rules.ignored is not None and self.pending and not self.unchanged:
                self.timer = exchange.silent
                return None
        data, self.pending, self._searched = bytes(self.pending), b"", 0
        self._awaited = 1
        return self._complete(data, len(data), PLAIN)

    def ended(self, code: int | None) -> bytes | None:
        """Take note that the simulator exited with ``code``; return ``DONE`` if that is an awaited end."""
        if self._phase.only is not None:
            self.said.clear()
        for codes, label in self._exchange.exits:
            if code in codes:
                self.row[label] = True
                rest = b"" if self.filter is None else self.filter.finish()
                self.said.append(self._on_its_line(bytes(self.pending) + rest))
                self.pending = b""
                return self._finish()
        if self._exchange.quiet and self._index == len(self._phase.exchanges) - 1 and self.pending:
            return self.expire()
        return None

    def stray(self, chunk: bytes) -> None:
        """Take output that came while nothing was asked."""
        if self.filter is not None:
            chunk = self.filter.clean(chunk)
        self._set_aside(chunk if self._rules.snapshots else self._joined(chunk), self._rules.leftover == "drop")

    def settle(self, phase: Phase) -> None:
        """Do with what came while nothing was asked as ``begin`` of ``phase`` does; raises Desync likewise."""
        if self.pending:
            self._settle_before(phase)

    def _settle_before(self, phase: Phase) -> None:
        """Do with what is left over as the rules want it before ``phase`` begins."""
        self._settle_leftover()

    def _take_up(self) -> bytes | None:
        """See whether what is there already is the reply to an exchange that sends nothing."""
        return self._receive_general(self.pending)

    def _set_aside(self, data: bytes | bytearray, drop: bool) -> None:
        """Keep what came while nothing was asked, as far as the rules want it."""
        if self._rules.ignored is not None:
            kept, data = self.pending, self._sifted(data)
            # Of snapshots the last that counts is kept, whatever is ignored behind it.
            self.pending = data or kept if self._rules.snapshots else data
        else:
            self.pending = b"" if drop else data
        if len(self.pending) > self._rules.cap:
            raise too_large(len(self.pending), self._rules.cap)

    def _joined(self, chunk: bytes) -> bytes | bytearray:
        pending = self.pending
        if not pending:
            return chunk
        if not isinstance(pending, Received):
            pending = Received(pending)
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
            exchange = self._exchange
            lasting = exchange.resend or (self._rules.ignored is not None and exchange.silent)
            self.timer = UNCHANGED if lasting and not exchange.quiet else exchange.quiet
        return None

    def _receive_general(self, data: bytes | bytearray) -> bytes | None:
        if self._paused:
            self._set_aside(data, self.from_begin and self._rules.leftover == "drop")
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
            text = which.text(data, end) if which.trims else bytes(data[:end])
            self.pending, self._searched = b"" if self._rules.snapshots else data[end:], 0
            if self._rules.ignored is None or which.answer is not None or not self._answers_nothing(text):
                command = self._take_message(text, which)
                if command is not None:
                    return command
            data = self.pending
            if self._rules.snapshots:
                # The next message is another snapshot: of this one nothing is left in which it could begin.
                return self._take_up() if data else self._await_more(b"")
            data, certain = self._echo.without(data)
            if not certain:
                self.pending = data
                return None
            found = self._exchange.cut(data, 0)
            if found is None:
                return self._await_more(data)
            end, which = found

    def _take_message(self, text: bytes, which: End) -> bytes | None:
        text = self._on_its_line(text)
        self._anew = which.answer is None
        self.said.append(text)
        self._size += len(text)
        if self._size > self._rules.cap:
            raise too_large(self._size, self._rules.cap, self._exchange.gathering, ended=which.answer is None)
        if which.answer is not None:
            self.timer = 0.0
            return self._speak(which.answer)
        if which.label >= 0:
            self.row[which.label] = True
        self._awaited -= 1
        return self._after_exchange() if self._awaited <= 0 else None

    def _answers_nothing(self, text: bytes) -> bool:
        """Return whether a message is to be dropped: it is ignored, or is left over from before."""
        carried, self._carried = self._carried, False
        ignored = self._rules.ignored
        if ignored is not None and ignored(text):
            self.ignored += 1
            return True
        if carried and self._rules.leftover == "refuse":
            raise surplus(text, self._exchange)
        return carried

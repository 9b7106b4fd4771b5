"""One adapter at work: its generators driven, what it gives checked, what it raises told as an error of ours."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

from filebridge.errors import ActionError, BridgeError, ProtocolError, escaped
from filebridge.wire.adapter import Adapter

__all__ = ["Opens", "Speaker"]

Row = list[object]
Opens = Mapping[str, Callable[[Adapter, Row], object]]
"""Phases that an adapter holds itself: each with what calls its method of that name, with the arguments in the row."""


class _Returned:
    """What a generator has returned."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


def _advanced(go_on: Callable[..., object], *given: bytes) -> object:
    try:
        return go_on(*given)
    except StopIteration as end:
        return _Returned(end.value)


class Speaker:
    """What an adapter says, and what it makes of what it hears; ``name`` is what errors call it.

    ``values`` are those that it has found in the phase, None before it has come to an end.
    """

    __slots__ = ("_adapter", "_asked", "_name", "_phase", "_talk", "opens", "values")

    def __init__(self, name: str, adapter: Adapter, opens: Opens) -> None:
        self.opens = opens
        self.values: Mapping[str, object] | None = None
        self._name = escaped(name, 200)
        self._adapter = adapter
        self._phase = ""
        self._talk: Generator[object, bytes, object] | None = None
        self._asked = False

    @property
    def is_talking(self) -> bool:
        """Whether the adapter awaits a reply."""
        return self._talk is not None

    def silence(self) -> None:
        """Forget the dialogue before, which may have come to a bad end."""
        self._talk = self.values = None

    def open(self, phase: str, row: Row) -> bytes | None:
        """Begin a phase; return the first request, b"" where something is awaited first, None where that is all."""
        self._phase, self._asked = phase, False
        talk = self._called(phase, b"", self.opens[phase], self._adapter, row)
        if not isinstance(talk, Generator):
            self._conclude(talk)
            return None
        self._talk = talk
        return self._next(b"", talk.__next__)

    def reply(self, message: bytes) -> bytes | None:
        """Give the adapter a reply; return its next request, b"" to await a further one, None where that is all."""
        assert self._talk is not None
        return self._next(message, self._talk.send, message)

    def decode(self, message: bytes) -> Mapping[str, object]:
        """Return the values that the adapter finds in a reply to what the YAML said."""
        return self._mapping("decode", self._called("decode", message, self._adapter.decode, message))

    def end(self, data: bytes) -> int:
        """Return where the first whole message in ``data`` ends, 0 where it goes on."""
        size = self._called("end", data, self._adapter.end, data)
        if type(size) is int and 0 <= size <= len(data):
            return size
        found = f"{escaped(repr(size), 200)} for {len(data)} bytes"
        cure = "return the number of bytes of the first whole message, 0 while more must come"
        raise self._wrong("gave no end of a message in end", found, cure)

    def _next(self, message: bytes, go_on: Callable[..., object], *given: bytes) -> bytes | None:
        talk, self._talk = self._talk, None
        request = self._called(self._phase, message, _advanced, go_on, *given)
        if isinstance(request, _Returned):
            self._conclude(request.value)
            return None
        if not isinstance(request, bytes | bytearray):
            found = f"{type(request).__name__}: {escaped(repr(request), 200)}"
            raise self._wrong(f"yielded no bytes in {self._phase}", found, 'yield bytes, `text.encode() + b"\\n"` say')
        self._talk = talk
        self._asked = self._asked or bool(request)
        return bytes(request)

    def _conclude(self, values: object) -> None:
        self.values = {} if values is None else self._mapping(self._phase, values)

    def _mapping(self, place: str, values: object) -> Mapping[str, object]:
        if isinstance(values, Mapping):
            return values
        found = f"{type(values).__name__}: {escaped(repr(values), 200)}"
        raise self._wrong(f"returned no values in {place}", found, "return a mapping, {name: value}")

    def _called(self, place: str, message: bytes, method: Callable[..., Any], *given: Any) -> Any:
        """Return what ``method`` returns; raises ProtocolError for what goes wrong in it."""
        try:
            return method(*given)
        except ActionError as exc:
            # Once something was sent, the step cannot be taken back any more.
            if place == "step" and not self._asked:
                raise
            raise self._failed(place, exc, message) from exc
        except BridgeError:
            raise
        except Exception as exc:
            raise self._failed(place, exc, message) from exc

    def _failed(self, place: str, exc: Exception, message: bytes) -> ProtocolError:
        what = f"failed in {place}: {type(exc).__name__}: {escaped(str(exc), 200)}"
        cure = "correct the adapter, or let it raise an error of filebridge that says more, Refused say"
        return self._wrong(what, f"the message {escaped(message, 200)}" if message else "", cure)

    def _wrong(self, what: str, found: str, cure: str) -> ProtocolError:
        return ProtocolError(f"the adapter {self._name} {what}", found=found, cure=cure)

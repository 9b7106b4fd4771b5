"""Every exception of filebridge; the class says whose fault it is, the text says what to do.

    BridgeError
     ├ ConfigError(ValueError)         the YAML's author: raised before any process starts
     │  └ ConfigSecurityError          a file that is too large, too deep, or reaches where it must not
     ├ UsageError(RuntimeError)        the caller: step before reset, use after close or fork
     ├ ActionError(ValueError)         the caller: an action that cannot be sent; the simulator is untouched
     ├ StartError                      the machine or the config: the simulator did not come up
     │  ├ ExecFailed                   missing, not executable, not a program
     │  ├ StartCrashed                 ended before it was ready
     │  ├ ReadyTimeout(TimeoutError)   runs, but never showed what the start dialogue waits for
     │  ├ EndpointInUse                another program has the port or the path that was asked for
     │  └ LimitReached                 no descriptors, processes, memory or disk left
     ├ SimulatorError                  the simulator
     │  ├ SimulatorExited              ended in the middle of an episode
     │  └ SimulatorTimeout(TimeoutError)
     ├ TransportError(ConnectionError) the way between
     │  ├ SendBlocked                  the simulator does not read its input
     │  ├ WatchLost                    the folder that results appear in is gone
     │  ├ PeerClosed                   the connection was closed or reset
     │  └ PeerRejected                 what stands where a result should be is no result: a link, a device, a stranger
     ├ ProtocolError                   the simulator said what the config does not expect
     │  ├ MessageTooLarge              no end of message within the limit
     │  ├ DecodeError                  bytes that are no text in the stated encoding
     │  ├ ParseError                   a field was not found or is not of its type
     │  ├ Refused                      it says itself that it did not understand, or failed
     │  ├ ValueOutOfRange              a field lies outside its bounds
     │  └ Desync                       output that answers nothing that was asked
     ├ ExpressionError(ArithmeticError) an expression of the config failed on real values
     ├ ReplayMismatch                  a replayed episode did not repeat itself
     ├ RestartBudgetExceeded           too many failures in too short a time
     └ CleanupError                    something could not be removed

All of them are picklable. A message has four parts: where, what is wrong, what was found, what to do.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

__all__ = [
    "ActionError", "BridgeError", "CleanupError", "ConfigError", "ConfigSecurityError", "DecodeError", "Desync",
    "EndpointInUse", "ExecFailed", "ExpressionError", "LimitReached", "MessageTooLarge", "ParseError",
    "PeerClosed", "PeerRejected", "ProtocolError", "ReadyTimeout", "Refused", "ReplayMismatch",
    "RestartBudgetExceeded", "SendBlocked", "SimulatorError", "SimulatorExited", "SimulatorTimeout", "Situation",
    "StartCrashed", "StartError", "TransportError", "UsageError", "ValueOutOfRange", "WatchLost", "escaped",
]  # fmt: skip

TAIL_BYTES = 2048


def escaped(data: bytes | str, limit: int = TAIL_BYTES) -> str:
    """Return the tail of ``data`` as printable ASCII; every control or odd byte is shown as an escape.

    Text of a simulator reaches people only through this function, so that it can neither move the
    cursor of a terminal nor forge a line of a log.
    """
    if isinstance(data, str):
        data = data.encode("utf-8", "backslashreplace")
    tail = bytes(data[-limit:])
    shown = "".join(
        chr(byte) if 32 <= byte < 127 and byte != 92 else _ESCAPES.get(byte, f"\\x{byte:02x}") for byte in tail
    )
    return ("..." if len(data) > limit else "") + shown


_ESCAPES = {9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\"}


_ONLY_ONCE = ("elapsed", "pid")


@dataclass(frozen=True)
class Situation:
    """What was going on when an operation failed; a part that is not known is empty.

    ``elapsed`` and ``deadline`` are seconds since the operation began. ``action`` is that of a step, as it may be typed
    for ``filebridge probe --action``. ``sent``, ``received`` and
    ``stderr`` are escaped tails of at most 2 KiB. ``process`` says what the process was doing,
    ``exit`` how it ended, ``awaited`` what would have made the reply whole.
    """

    simulator: str = ""
    phase: str = ""
    seat: int = 0
    episode: int = 0
    step: int = 0
    pid: int = 0
    process: str = ""
    exit: str = ""
    elapsed: float = 0.0
    deadline: float = 0.0
    action: str = ""
    sent: str = ""
    awaited: str = ""
    received: str = ""
    stderr: str = ""
    transcript: str = ""

    def lines(self) -> list[str]:
        """Return the known parts as lines, the most telling ones last."""
        where = f"{self.simulator}, seat {self.seat}, {self.phase} of episode {self.episode}"
        lines = [f"where: {where}, step {self.step}" if self.phase == "step" else f"where: {where}"]
        if self.deadline:
            lines.append(f"time: {self.elapsed:.2f} s of {self.deadline:g} s")
        for name in ("process", "exit", "action", "sent", "awaited", "received", "stderr", "transcript"):
            value = getattr(self, name)
            if value:
                lines.append(f"{name}: {value}")
        return lines

    def record(self) -> dict[str, Any]:
        """Return the situation as plain values, for ``info`` and for JSON.

        The time that passed and the number of the process are not among them: equal seeds give equal infos.
        """
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name not in _ONLY_ONCE}


class BridgeError(Exception):
    """Anything that filebridge raises on purpose.

    ``what`` is wrong, ``found`` is what was seen, ``cure`` is what to do about it. ``situation`` is
    filled in where the failure leaves the bridge. Made from another error it is that error's twin.

    Of a vector environment: ``seat`` is the number of the one that failed there, ``partial`` what the other seats gave
    in the same call, a ``Received``, and the last step of an episode after which the next one failed to begin;
    ``others`` are the errors of further seats.
    """

    seat: int | None = None
    partial: Any = None
    others: tuple[Exception, ...] = ()

    def __init__(
        self, what: str | BridgeError, *, found: str = "", cure: str = "", situation: Situation | None = None
    ) -> None:
        if isinstance(what, BridgeError):
            # Gymnasium brings an error out of a worker process with `raise type(error)(error)`.
            super().__init__(*what.args)
            self.__dict__.update(what.__dict__)
            return
        super().__init__(what)
        self.what = what
        self.found = found
        self.cure = cure
        self.situation = situation

    def __str__(self) -> str:
        lines = [self.what]
        if self.found:
            lines.append(f"found: {self.found}")
        if self.situation is not None:
            lines += self.situation.lines()
        if self.cure:
            lines.append(f"cure: {self.cure}")
        return "\n  ".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(kind: type[BridgeError], args: tuple[Any, ...], state: dict[str, Any]) -> BridgeError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigError(BridgeError, ValueError):
    """The configuration is wrong; no process was started. ``problems`` holds the single faults, if they are known."""

    problems: tuple[object, ...] = ()


class ConfigSecurityError(ConfigError):
    """The configuration goes beyond a limit that protects this machine."""


class UsageError(BridgeError, RuntimeError):
    """The environment was called out of order."""


class ActionError(BridgeError, ValueError):
    """The action cannot be sent; the simulator was not touched."""


class StartError(BridgeError):
    """The simulator did not come up."""


class ExecFailed(StartError):
    """The executable is missing, not executable or not a program."""


class StartCrashed(StartError):
    """The simulator ended before it was ready."""


class ReadyTimeout(StartError, TimeoutError):
    """The simulator runs but did not become ready in time."""


class EndpointInUse(StartError):
    """The port, or the path of a socket, belongs to another program."""


class LimitReached(StartError):
    """The machine has no more of something: descriptors, processes, memory, disk."""


class SimulatorError(BridgeError):
    """The simulator failed in the middle of an episode."""


class SimulatorExited(SimulatorError):
    """The simulator's process ended; ``code`` or ``signal`` says how, the other is None.

    ``between`` says that no reply was awaited when it did.
    """

    code: int | None = None
    signal: int | None = None
    between: bool = False


class SimulatorTimeout(SimulatorError, TimeoutError):
    """The simulator gave no whole reply before the deadline."""


class TransportError(BridgeError, ConnectionError):
    """The bytes could not be moved."""


class SendBlocked(TransportError):
    """The simulator does not read what was sent."""


class PeerClosed(TransportError):
    """The simulator closed or reset its connection, and runs on."""


class WatchLost(TransportError):
    """The folder in which results appear was removed, moved away or unmounted."""


class PeerRejected(TransportError):
    """What stands where a result is expected is not taken for one: a link, a device, a FIFO, a stranger."""


class ProtocolError(BridgeError):
    """The simulator said something that the configuration does not expect."""


class MessageTooLarge(ProtocolError):
    """A message did not end within the limit on its size."""


class DecodeError(ProtocolError):
    """Bytes that are no text in the stated encoding."""


class ParseError(ProtocolError):
    """A field was not found, or what was found is not of its type."""


class Refused(ProtocolError):
    """The simulator says itself that it did not understand, or failed; see ``complaints`` in the configuration."""


class ValueOutOfRange(ProtocolError):
    """A field's value lies outside its bounds."""


class Desync(ProtocolError):
    """Output that answers nothing that was asked."""


class ExpressionError(BridgeError, ArithmeticError):
    """An expression of the configuration failed on real values."""


class ReplayMismatch(BridgeError):
    """A replayed episode did not repeat itself."""


class RestartBudgetExceeded(BridgeError):
    """The simulator failed too often in too short a time; ``causes`` holds the failures."""

    causes: tuple[BridgeError, ...] = ()


class CleanupError(BridgeError):
    """A process or a folder could not be removed; ``left`` names what remains."""

    left: tuple[str, ...] = ()

"""The exchanges of a phase, compiled, and the marks by which a dialogue answers its caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from filebridge.wire.ending import Cut
from filebridge.wire.framing import never

__all__ = ["DONE", "NOTHING", "UNCHANGED", "Exchange", "Filter", "Phase", "Row", "Rules"]

Row = list[object]


class _Done(bytes):
    """The mark for a phase that is complete; of type bytes so that one type covers all results."""


DONE: Final[bytes] = _Done()

UNCHANGED: Final = -1.0
"""The value of ``timer`` where the time that was set before still holds."""


class Filter(Protocol):
    """What stands between transport and dialogue: removes escape sequences, unifies line ends."""

    def clean(self, chunk: bytes) -> bytes:
        """Return the text in ``chunk``."""

    def finish(self) -> bytes:
        """Return what was held back at the end of the stream."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange, compiled: ``encode`` makes what is sent, ``cut`` finds the end of each reply.

    ``awaited`` replies are awaited; ``quiet`` and ``silent`` are seconds, 0 for none; ``exits`` are the
    exit codes that end the reply, with the slot of their label. ``read`` fills the row from the reply so
    far, where a later expression of the same dialogue needs it. ``files`` makes the files, pairs of name and
    content, that are delivered before anything is sent; an exchange that a process is started for has it too.
    ``fresh`` is false for a reply that answers something older. ``gather`` is false as long as more replies are to
    come, which are read together; the slots ``renewed`` are emptied before the first of them. After ``resend`` seconds
    without a reply what was sent is sent again. The exchange takes place ``at`` seconds after the beginning of the
    step. Of HTTP: ``statuses`` are those of a good answer, 200 to 299 where there are none; after one of ``again`` the
    same is asked again, ``again_every`` seconds later. With ``apart`` each of its replies begins on a line of its own
    where it is read together with those before it. For errors only: ``awaiting`` says how the reply ends,
    ``has_until`` whether by ``until``, ``end_key`` is the key that says it otherwise, ``texts`` are its literal ends,
    ``condition`` is the text of ``repeat``, ``freshness`` that of ``fresh``, ``gathering`` that of ``gather``; ``mend``
    is what to change where a reply went on after its end.
    """

    encode: Callable[[Row, Row], bytes] | None
    cut: Cut
    awaited: int = 1
    quiet: float = 0.0
    silent: float = 0.0
    exits: tuple[tuple[tuple[int, ...], int], ...] = ()
    when: Callable[[Row, Row], object] | None = None
    repeat: Callable[[Row, Row], object] | None = None
    every: float = 0.0
    read: Callable[[bytes, Row, Row], None] | None = None
    files: Callable[[Row, Row], list[tuple[str, bytes]]] | None = None
    fresh: Callable[[Row, Row], object] | None = None
    awaiting: str = ""
    has_until: bool = False
    end_key: str = ""
    texts: tuple[str, ...] = ()
    condition: str = ""
    freshness: str = ""
    statuses: tuple[int, ...] = ()
    again: tuple[int, ...] = ()
    again_every: float = 0.0
    gather: Callable[[Row, Row], object] | None = None
    renewed: tuple[int, ...] = ()
    resend: float = 0.0
    at: float = 0.0
    gathering: str = ""
    mend: str = ""
    apart: bool = False


NOTHING = Exchange(None, never)
"""The exchange of a dialogue that has not begun."""


@dataclass(frozen=True, slots=True)
class Phase:
    """The exchanges of a phase.

    ``only`` is the exchange of a phase that has one, held to no condition. ``unprompted`` says that the
    simulator may have spoken before the phase begins. ``pace`` is the time in seconds that a step lasts at least, the
    largest ``at`` of its exchanges; 0 where none has one.
    """

    name: str
    exchanges: tuple[Exchange, ...]
    only: Exchange | None
    unprompted: bool = False
    pace: float = 0.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds in every phase: the cap on a message in bytes, the slots of labels, the fate of leftovers.

    ``snapshots``: each piece received is all that there is, and replaces the one before. ``latest``: of several
    messages in a phase the last one is read, and not all of them together. ``ignored`` says of a message whether it
    answers nothing, and is to be dropped; phases have no ``only`` then.
    """

    cap: int
    labels: Sequence[int]
    leftover: str
    strip_echo: bool
    snapshots: bool = False
    latest: bool = False
    ignored: Callable[[bytes], object] | None = None

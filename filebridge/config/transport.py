"""What moves bytes to the simulator and back: console, files, FIFOs, each with what it can be told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from filebridge.config.part import Part
from filebridge.config.sockets import Http, Tcp, Udp, Unix
from filebridge.config.units import Time, WindowSize, expected

__all__ = ["Console", "Fifo", "Files", "Transport"]


def _terminal(value: object) -> object:
    if isinstance(value, bool):
        return "raw" if value else "none"
    if value not in ("none", "raw", "cooked"):
        raise expected("not one of the words that can stand here", "`false`, `true`, `raw` or `cooked`")
    return value


_TERMINAL_SCHEMA = {"enum": [False, True, "none", "raw", "cooked"]}


class Console(Part):
    """Standard input and output, through pipes or through a pseudo-terminal."""

    terminal: Annotated[
        Literal["none", "raw", "cooked"], BeforeValidator(_terminal), WithJsonSchema(_TERMINAL_SCHEMA)
    ] = Field(
        "none",
        description="`false`: pipes, which are faster. `true` or `raw`: a pseudo-terminal without line editing, for"
        " programs that hold back their output on a pipe. `cooked`: a pseudo-terminal with line editing, for programs"
        " that need it.",
    )
    size: WindowSize = Field((80, 24), description="Columns and rows of the terminal.")
    screen: WindowSize | None = Field(
        None,
        description="Columns and rows of a full screen, `80x24`, for programs that draw one (curses): the reply is the"
        " whole screen, and fields are read from its rows. Wants a terminal, and `pip install 'filebridge[screen]'`. It"
        " begins with line editing, as terminals do, and the program sets what it wants; for one that does not:"
        " `[sh, -c, 'stty raw -echo; exec PROGRAM']`.",
    )
    stderr: Literal["apart", "merged"] = Field(
        "apart", description="`apart`: kept for diagnosis. `merged`: read as output. A terminal always merges."
    )


def _names(value: object) -> object:
    return tuple(value) if isinstance(value, list) else (value,)


_NAME = {"type": "string", "minLength": 1}
_NAMES = {"type": "array", "items": _NAME, "minItems": 1, "maxItems": 64, "uniqueItems": True}
FileNames = Annotated[
    Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1, max_length=64)],
    BeforeValidator(_names),
    WithJsonSchema({"anyOf": [_NAME, _NAMES]}),
]


class Files(Part):
    """Files that the simulator answers in; what it is told stands in the `write` of each exchange."""

    read: FileNames | None = Field(
        None,
        description="The file of the reply, seen from the folder that the program starts in; several make one reply."
        " One with a star, `out/*.txt`, stands for numbered results, each a reply.",
    )
    written: Literal["renamed", "closed", "open", "appended"] = Field(
        "closed",
        description="How the program writes it. `renamed`: under another name, then renamed. `closed`: it counts once"
        " it is closed, or renamed. `open`: it is never closed, so that only the message's own end counts. `appended`:"
        " it grows, and is read on from where it ended.",
    )
    flag: str | None = Field(
        None,
        min_length=1,
        description="A file that the program makes when its results are whole; it is removed before each action.",
    )
    lock: str | None = Field(
        None, min_length=1, description="A file that is there while the program writes its results."
    )
    remove: bool = Field(False, description="Remove the results before each action.")
    lock_writes: str | None = Field(
        None,
        min_length=1,
        description="A file that is there while our own files are written, for a program that looks for it.",
    )
    fsync: bool = Field(False, description="Our files are on the disk, not only in memory, before they get their name.")
    watch: Literal["auto", "inotify", "watchdog", "poll"] = Field(
        "auto",
        description="How changes are noticed. `auto`: by inotify, by watchdog where there is none, by looking where"
        " neither sees anything (network folders).",
    )
    every: Time = Field(0.001, description="Time between two looks where changes are looked for.")


class Fifo(Part):
    """Named pipes, made before the program starts; a direction that is left out is another transport's."""

    write: str | None = Field(None, min_length=1, description="Name of the FIFO that the program reads.")
    read: str | None = Field(None, min_length=1, description="Name of the FIFO that the program writes.")


class Transport(Part):
    """What moves bytes to and from the simulator: at least one of the keys.

    Replies come from a socket that carries them, from `fifo` or `files` where these have a `read`, else from the
    console. What is sent goes to a socket that carries actions, to `fifo` where it has a `write`, else to the console.
    """

    console: Console | None = Field(None, description="Standard input and output, through pipes or a terminal.")
    files: Files | None = Field(None, description="Files in the folder that the program starts in.")
    fifo: Fifo | None = Field(None, description="Named pipes in the folder that the program starts in.")
    tcp: Tcp | None = Field(None, description="A TCP connection, made by us or by the program.")
    unix: Unix | None = Field(None, description="A Unix socket, made by us or by the program.")
    udp: Udp | None = Field(None, description="Datagrams.")
    http: Http | None = Field(None, description="HTTP; the program is the server, or we are.")

    @property
    def sockets(self) -> dict[str, Tcp | Unix | Udp | Http]:
        """The sockets that are given, by their key."""
        given = {"tcp": self.tcp, "unix": self.unix, "udp": self.udp, "http": self.http}
        return {name: socket for name, socket in given.items() if socket is not None}

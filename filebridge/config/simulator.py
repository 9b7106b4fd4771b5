"""How the simulator is started, where, with what limits, and how its bytes stand for text."""

from __future__ import annotations

import signal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from filebridge.config.part import Part
from filebridge.config.units import RANGE_SCHEMA, NumberRange, Size, expected, first_and_last

__all__ = ["File", "Limits", "Simulator", "Text"]


class File(Part):
    """A file placed in the simulator's run folder before it starts; exactly one of the keys."""

    copy_of: str | None = Field(None, alias="copy", description="Path of a file to copy, relative to this YAML.")
    link: str | None = Field(
        None, description="Path of a file to link to, relative to this YAML; for large read-only data."
    )
    template: str | None = Field(
        None, description="Path of a jinja2 template, rendered with `seed`, `seat`, `episode` and the variables."
    )
    text: str | None = Field(None, description="The text itself, a jinja2 template too.")


def _command(value: object) -> object:
    if isinstance(value, str):
        words = ", ".join(value.split())
        raise expected("a command written as one text", f"a list of words: `[{words}]`")
    return value


def _numbers_as_words(value: object) -> object:
    if isinstance(value, list):
        return [str(word) if isinstance(word, int | float) and not isinstance(word, bool) else word for word in value]
    return value


def _environment(value: object) -> object:
    if isinstance(value, dict):
        # A flag stays one and is refused: `true` may stand for true, True or 1 in the program's eyes.
        return {key: str(text) if type(text) in (int, float) else text for key, text in value.items()}
    return value


def _seed(value: object) -> object:
    if value == "none" or value is None:
        return None
    if isinstance(value, int):
        raise expected("not a range of seeds", "all seeds that the program takes, `0..65535` say, or `none`")
    return value


_SEED = Field(
    (0, 2**31 - 1),
    description="Seeds which the simulator accepts, `0..65535` say; `none` if it has no seed, so that"
    " `reset(seed=...)` warns that it cannot be obeyed. A seed outside the range is folded into it.",
)
_SEED_SCHEMA = {"anyOf": [{"const": "none"}, {**RANGE_SCHEMA, "examples": ["0..65535"]}]}


def _exit_codes(value: object) -> object:
    if isinstance(value, str) and ".." in value:
        first, last = first_and_last(value)
        if not 0 <= first <= last <= 255:
            raise expected("out of range", "exit codes from 0 to 255")
        return tuple(range(first, last + 1))
    if value == []:
        raise expected("empty", "at least one entry")
    return tuple(value) if isinstance(value, list) else (value,)


def _exit(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value in ("SIGKILL", "SIGSTOP") or value not in signal.Signals.__members__:
        what = "comes from outside, so what was written may be half of it" if value == "SIGKILL" else "not a signal"
        raise expected(what, "an exit code from 0 to 255, or a signal by its name, `SIGSEGV`")
    return value


_CODE: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 255}
_SIGNAL = {"type": "string", "pattern": "^SIG[A-Z0-9]+$", "examples": ["SIGSEGV"]}
_ENDING = {"anyOf": [_CODE, _SIGNAL]}
ExitCodes = Annotated[
    tuple[Annotated[Annotated[int, Field(ge=0, le=255)] | str, BeforeValidator(_exit)], ...],
    BeforeValidator(_exit_codes),
    WithJsonSchema({"anyOf": [*_ENDING["anyOf"], RANGE_SCHEMA, {"type": "array", "items": _ENDING, "minItems": 1}]}),
]


class Simulator(Part):
    """The black-box program."""

    command: Annotated[
        Annotated[list[str], Field(min_length=1)],
        BeforeValidator(_command),
        BeforeValidator(_numbers_as_words),
        WithJsonSchema({"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1}),
    ] = Field(
        default_factory=list,
        description="The program and its arguments, a list. `${python}`, `${seed}`, `${seat}`, `${episode}`,"
        " `${workdir}` (its run folder), `${config}` (the folder of this YAML), `${simulators}` (that of the embedded"
        " ones), `${port}`, `${port2}`, `${port3}` (free ports) and `${token}` (a secret of this run) are filled in;"
        " `$$` is a dollar sign. Left out where `connect` or `url` leads to a program that runs already, started by"
        " somebody else.",
    )
    path: list[str] = Field(default_factory=list, description="Folders to look in for the program, before PATH.")
    requires: list[str] = Field(
        default_factory=list,
        description="Further programs that it needs, which are looked for before the start: those that a script runs.",
    )
    install: str = Field("", description="The line that installs the programs, shown when one is missing.")
    seed: Annotated[NumberRange | None, BeforeValidator(_seed), WithJsonSchema(_SEED_SCHEMA)] = _SEED
    files: dict[str, File] = Field(
        default_factory=dict,
        description="Files placed in the run folder before each start: name -> `copy`, `link`, ..."
    )
    environment: Annotated[
        dict[str, str], BeforeValidator(_environment), WithJsonSchema(
            {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
        )
    ] = Field(
        default_factory=dict,
        description="Environment variables, beside PATH, HOME, LANG, TZ and TMPDIR; nothing else is inherited."
        " `${...}` as in `command`; the place for `${token}`, since all users of the machine can read a command.",
    )
    directory: str = Field(
        "${workdir}", description="The folder that the program starts in; by default its private run folder."
    )
    each: Literal["episode", "step"] = Field(
        "episode",
        description="`step`: a process for each exchange, which reads its input, writes its results and ends; what"
        " `reset` says is run at the beginning of each episode.",
    )
    placement: Annotated[
        Literal["auto", "free", "together"] | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)],
        Field(),
    ] = Field(
        "auto",
        description="The core that it runs on: `together` with the thread that steps it, one of a list (seats take them"
        " in turn), `free`: where the system puts it. `auto`: `together` where that was measured to be quicker, for a"
        " simulator that is stepped by itself; many are left to the system.",
    )
    warm: int = Field(
        0,
        ge=0,
        le=4096,
        description="Simulators that are started, and spoken to, before the episodes begin that they are for: so many"
        " at most beside those in use.",
    )
    restart_every: int | None = Field(
        None, ge=1, description="Episodes after which a process is replaced by a new one, for programs that leak."
    )
    exit_ok: ExitCodes = Field(
        (0,),
        description="With `each: step`: exit codes of a run that went well, `0`, `[0, 2]` or `0..3`; and signals, by"
        " their names, that end one whose result counts all the same: `[0, SIGSEGV]`.",
    )
    remember: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="With `each: step`: results of so many runs are kept, and an equal input is not run again; wants"
        " `deterministic: true`.",
    )


class Limits(Part):
    """What one simulator may use; a key that is left out is not limited."""

    memory: Size | None = Field(None, description="Address space of each process.")
    cpu: int | None = Field(None, ge=1, description="Seconds of processor time of each process.")
    files: int | None = Field(None, ge=8, description="Open descriptors of each process.")
    file_size: Size | None = Field(None, description="Largest file that it may write.")
    processes: int | None = Field(None, ge=1, description="Processes of this user.")
    output: Size = Field(1 << 20, description="Largest message; more is an error, with or without its end.")


class Text(Part):
    """How bytes stand for text, in both directions."""

    encoding: str = Field("utf-8", description="Encoding of the text, any that Python knows.")
    errors: Literal["strict", "replace"] = Field("strict", description="What to do with bytes that are no text.")
    line_end: str = Field("\n", description="What ends a line that is sent.")
    ansi: Literal["strip", "keep"] = Field(
        "strip", description="Escape sequences for colour and cursor: removed or kept."
    )
    echo: Literal["none", "strip"] = Field(
        "none", description="`strip`: the program repeats each line that it reads; the repetition is removed."
    )
    decimal: Literal[".", ","] = Field(".", description="The decimal mark of numbers that are read.")

"""The whole configuration of one simulator, as pydantic models: every key, its default, its one-line description.

The JSON Schema and the reference page are generated from here, so a description is written for the
YAML's author. Rules that span several keys are in ``rules``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from filebridge.config.action import Action
from filebridge.config.adapter import AdapterModel, adapter_form
from filebridge.config.exchange import Dialogue, Framing, Reset, reset_form
from filebridge.config.field import FieldModel
from filebridge.config.part import Name, Part, ShortForm, Word
from filebridge.config.restore import Restore
from filebridge.config.simulator import Limits, Simulator, Text
from filebridge.config.transport import Transport
from filebridge.config.units import Expression, Time

__all__ = ["Config", "Deadlines", "OnFailure", "Variable"]


class Variable(Part):
    """A value of the episode that does not come from the simulator."""

    start: int | float | str | None = Field(None, description="Value at the start of each episode.")
    draw: str | None = Field(
        None,
        description="Drawn at the start of each episode: `uniform(a, b)`, `loguniform(a, b)`, `normal(mean,"
        " deviation)`, `integers(first, last)` or `choice(a, b, ...)`.",
    )
    update: Expression | None = Field(
        None, description="Expression for its next value, evaluated after the observation and the reward of each step."
    )
    low: float | None = Field(None, description="Least value, where it is observed or set through options.")
    high: float | None = Field(None, description="Greatest value, where it is observed or set through options.")


def _variable(value: object) -> object:
    return value if isinstance(value, dict | Variable) else {"start": value}


class Deadlines(Part):
    """Longest time of each phase, in seconds; each is one absolute deadline for the whole phase."""

    start: Time = Field(30.0, description="From the start of the process to the end of the start dialogue.")
    reset: Time = Field(30.0, description="The reset dialogue.")
    step: Time = Field(10.0, description="One step; the first step of a process has three times as long.")
    stop: Time = Field(5.0, description="The stop dialogue and the end of all processes.")


Policy = Literal["raise", "truncate", "retry"]


class OnFailure(Part):
    """What a failure becomes, by its kind; at a start or a reset `truncate` and `retry` both try once more."""

    crash: Policy = Field("raise", description="The process ended.")
    timeout: Policy = Field("raise", description="No whole reply before the deadline.")
    protocol: Policy = Field("raise", description="A reply that cannot be understood.")
    then: Literal["raise", "truncate"] = Field("raise", description="What becomes of it when a retry fails too.")
    reward: float = Field(0.0, description="Reward of a step that is truncated by a failure.")
    restarts: int = Field(3, ge=0, le=1_000_000, description="Most failures overlooked `within` this time.")
    within: Time = Field(60.0, description="The time in which `restarts` are counted.")


def _on_failure(value: object) -> object:
    return dict.fromkeys(("crash", "timeout", "protocol"), value) if isinstance(value, str) else value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value



def _exchanges(reset: dict[str, Any]) -> dict[str, Any]:
    several = reset["properties"]["exchanges"]
    return {"anyOf": [several, several["items"]]}


_EXCHANGES = ShortForm(_exchanges)
_CONSTANT = ShortForm(lambda variable: {"type": ["number", "string"]})
_POLICY = ShortForm(lambda policies: {"enum": ["raise", "truncate", "retry"]})


class Config(Part):
    """Everything about one simulator."""

    filebridge: Literal[1] = Field(description="Version of this format: 1.")
    name: Name = Field(description="Name of the simulator: the environment's id is `filebridge/NAME-v0`.")
    about: str = Field("", description="One or two sentences for `filebridge list`.")
    simulator: Simulator = Field(description="The program: how it is started, where.")
    transport: Transport = Field(description="What moves bytes to and from it.")
    text: Text = Field(Text(), description="How bytes stand for text.")
    limits: Limits = Field(Limits(), description="What one simulator may use.")
    framing: Framing = Field(
        Framing(), description="How a reply ends, for all exchanges that do not say it themselves; by default one line."
    )
    action: Action = Field(description="What the agent chooses.")
    variables: dict[Word, Annotated[Variable, BeforeValidator(_variable), _CONSTANT]] = Field(
        default_factory=dict,
        description="Values of the episode that do not come from the simulator: constants, draws, counters. All can be"
        " set by `reset(options={...})`.",
    )
    start: Dialogue = Field(default_factory=list, description="What is said once a process has started.")
    reset: Annotated[Reset | None, BeforeValidator(reset_form), _EXCHANGES] = Field(
        None, description="How a running process begins a further episode; without it each episode has a new process."
    )
    restore: Restore | None = Field(
        None,
        description="Instead of `reset`: a further episode begins with the state of the program as it was after the"
        " start, which the program saves and loads by a command.",
    )
    step: Dialogue = Field(min_length=1, description="What is said in each step.")
    stop: Dialogue = Field(default_factory=list, description="What is said before the process is ended.")
    fields: dict[Word, FieldModel] = Field(default_factory=dict, description="Named values read from what it says.")
    observation: str | list[str] | dict[Word, str | list[str]] = Field(
        description="What the agent sees: a list of fields or variables makes a Box; a mapping a Dict; one name its"
        " own space."
    )
    observation_dtype: Literal["float32", "float64"] = Field(
        "float64", description="Type of numbers in a Box observation."
    )
    reward: Expression = Field("0", description="Expression for the reward of a step.")
    terminated: Expression = Field("False", description="Expression: has the episode come to its natural end?")
    truncated: Expression = Field("False", description="Expression: is the episode cut short for another reason?")
    info: dict[Word, Expression] = Field(
        default_factory=dict, description="Further values for `info`: name -> expression."
    )
    max_steps: int | None = Field(None, ge=1, description="Steps after which an episode is truncated.")
    deadlines: Deadlines = Field(Deadlines(), description="Longest time of each phase.")
    complaints: Annotated[list[str], BeforeValidator(_listed), ShortForm(lambda several: several["items"])] = Field(
        default_factory=list,
        description="Texts or `/regular expressions/` with which the program says that it did not understand, or"
        " failed: a reply that holds one is an error, and so is one on stderr, where that is apart, or on stdout, where"
        " the reply comes in another way.",
    )
    ignore: Annotated[list[str], BeforeValidator(_listed), ShortForm(lambda several: several["items"])] = Field(
        default_factory=list,
        description="Texts or `/regular expressions/` of messages that answer nothing, a heartbeat say: a message that"
        " holds one is dropped, and the next is awaited.",
    )
    adapter: Annotated[
        AdapterModel | None, BeforeValidator(adapter_form), ShortForm(lambda _: {"type": "string"})
    ] = Field(None, description="Python for what a YAML cannot say.")
    leftover: Literal["refuse", "drop", "keep"] = Field(
        "refuse",
        description="Output after a reply's end, before the next thing is sent: an error, dropped, or kept as the"
        " beginning of the next reply. White space is always dropped, unless kept. On a full screen and over UDP the"
        " default is `drop`.",
    )
    on_failure: Annotated[OnFailure, BeforeValidator(_on_failure), _POLICY] = Field(
        OnFailure(),
        description="What becomes of a failure in a step: `raise`, `truncate`, `retry`, or one for each kind."
    )
    deterministic: bool = Field(
        False, description="Equal seeds and actions give equal episodes; `retry` wants it, `check` verifies it."
    )

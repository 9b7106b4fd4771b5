"""From a loaded configuration to the program that every step runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gymnasium import spaces

from filebridge.config.loading import Loaded, load
from filebridge.config.model import Config
from filebridge.config.problems import Problem, refuse
from filebridge.config.source import Source
from filebridge.program.decoder import Decoder, compile_decoder
from filebridge.program.faults import Faults
from filebridge.program.outcome import Outcome, compile_outcome, info_reader
from filebridge.program.phases import compile_phases
from filebridge.program.slots import First, Slots
from filebridge.spaces import ActionReader, Observer, action_reader, observer
from filebridge.spaces.observations import Unobservable
from filebridge.wire.cleaner import Cleaner
from filebridge.wire.dialogue import Dialogue, Phase, Rules
from filebridge.wire.expression import Slot

__all__ = ["Program", "compile_program", "load_program"]

Row = list[object]


@dataclass(frozen=True, slots=True)
class Program:
    """Everything that a running simulator needs, compiled; shared by all seats.

    ``names`` maps each named value to its slot in a row of ``width`` slots, ``firsts`` are the variables.
    ``read_action`` checks an action and puts it into the row, ``observer`` makes the observation,
    ``outcome`` the reward and endings, ``info`` the values that are not observed.
    """

    config: Config
    source: Source
    names: Mapping[str, Slot]
    width: int
    phases: Mapping[str, Phase]
    decoder: Decoder
    outcome: Outcome
    observer: Observer
    firsts: tuple[First, ...]
    action_space: spaces.Space[Any]
    read_action: Callable[[Any, Row], None]
    info: Callable[[Row], dict[str, Any]]
    uses_previous: bool
    rules: Rules

    def dialogue(self) -> Dialogue:
        """Return the dialogue of a new process, its row empty."""
        return Dialogue(self.rules, [None] * self.width, Cleaner(self.config.text))

    @property
    def seed_at_reset(self) -> bool:
        """Whether the reset dialogue gives the simulator its seed."""
        exchanges = self.config.reset.exchanges if self.config.reset else ()
        texts = [text for exchange in exchanges for text in ([exchange.send] if isinstance(exchange.send, str) else exchange.send or [])]
        return any("seed" in text for text in texts)


def load_program(target: str | Path | Mapping[str, Any]) -> Program:
    """Return the program of a YAML file, of a bundled simulator's name, or of a mapping.

    Raises ConfigError with every problem that was found.
    """
    return compile_program(load(target))


def compile_program(loaded: Loaded) -> Program:
    """Return ``loaded`` compiled; raises ConfigError with all problems, those of loading included."""
    faults = Faults(loaded.problems)
    config = loaded.config
    program = None
    if config is not None and not _is_shapeless(config):
        program = _compiled(config, loaded.source, faults)
    if faults.problems or program is None:
        raise refuse(loaded.source, list(dict.fromkeys(faults.problems)))
    return program


def _is_shapeless(config: Config) -> bool:
    """Return whether parts are missing without which nothing else can be compiled; the rules have said so."""
    action = config.action
    kinds = (action.box, action.choices, action.multi, action.bits, action.text, action.parts)
    return sum(kind is not None for kind in kinds) != 1


def _compiled(config: Config, source: Source, faults: Faults) -> Program | None:
    action = _action(config, faults)
    if action is None:
        return None
    slots = Slots(config, action)
    decoder = compile_decoder(config, slots, faults)
    phases = compile_phases(config, slots, decoder, faults)
    outcome, uses_previous = compile_outcome(config, slots, faults)
    observed = _observer(config, slots, faults)
    if faults.problems or outcome is None or observed is None:
        return None
    hidden = [name for name in [*config.fields, *(n for n in slots.observed if n not in config.fields and slots.observed[n].kind == "flag")]]
    return Program(
        config=config,
        source=source,
        names=slots.names,
        width=slots.width,
        phases=phases,
        decoder=decoder,
        outcome=outcome,
        observer=observed,
        firsts=tuple(slots.firsts),
        action_space=action.space,
        read_action=action.bind(slots.action_index),
        info=info_reader(slots, [name for name in hidden if name not in observed.names]),
        uses_previous=uses_previous or _needs_previous(config),
        rules=Rules(config.limits.output, tuple(slots.labels), config.leftover, config.text.echo == "strip"),
    )


def _needs_previous(config: Config) -> bool:
    """Return whether a template, a condition or a computed field looks at the step before."""
    return "prev." in config.model_dump_json(include={"start", "reset", "step", "stop", "fields"})


def _action(config: Config, faults: Faults) -> ActionReader | None:
    try:
        return action_reader(config.action)
    except (ValueError, OverflowError, AssertionError) as error:
        if not faults.problems:
            faults.problems.append(Problem(("action",), "not a possible action space", str(error)[:200], "other bounds"))
        return None


def _observer(config: Config, slots: Slots, faults: Faults) -> Observer | None:
    if any(problem.path[:1] == ("observation",) for problem in faults.problems):
        return None
    try:
        return observer(config.observation, slots.observed, config.observation_dtype)
    except Unobservable as error:
        faults.problems.append(Problem(("observation",), error.what, error.name, error.expected))
    except KeyError:
        pass  # an unknown name: the rules have reported it
    return None

"""From a loaded configuration to the program that every step runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gymnasium import spaces

from filebridge.config.action import Action
from filebridge.config.dialogues import dialogues, draws_screen, gives_snapshots, is_parcel, sent_texts
from filebridge.config.directions import way_back
from filebridge.config.loading import Loaded, load
from filebridge.config.model import Config
from filebridge.config.problems import Problem, refuse
from filebridge.config.simulator import Text
from filebridge.config.source import Source
from filebridge.config.wording import settled
from filebridge.program.adapters import Adapters, compile_adapter
from filebridge.program.beginning import names_at_start
from filebridge.program.decoder import Decoder, compile_decoder
from filebridge.program.faults import Faults
from filebridge.program.files import check_files
from filebridge.program.filters import text_filter
from filebridge.program.ignoring import compile_ignored
from filebridge.program.outcome import Outcome, compile_outcome, info_reader
from filebridge.program.phases import compile_phases
from filebridge.program.sheets import action_view
from filebridge.program.slots import First, Slots
from filebridge.spaces import ActionReader, Observer, action_reader, observer
from filebridge.spaces.observations import Unobservable
from filebridge.wire.dialogue import Dialogue, Phase, Rules
from filebridge.wire.expression import Slot
from filebridge.wire.http_dialogue import HttpDialogue
from filebridge.wire.screens.dialogue import ScreenDialogue

__all__ = ["Program", "compile_program", "load_program"]

_HEAD = 4352
"""Bytes in which a name is told in front of one of several files."""

Row = list[object]


@dataclass(frozen=True, slots=True)
class Program:
    """Everything that a running simulator needs, compiled; shared by all seats.

    ``names`` maps each named value to its slot in a row of ``width`` slots, ``firsts`` are the variables.
    ``read_action`` checks an action and puts it into the row, ``observer`` makes the observation,
    ``outcome`` the reward and endings, ``info`` the values that are not observed. ``delivers`` says that files are
    written, ``view`` makes of a row what the list of actions holds, None where no template uses that list.
    ``adapter`` makes the adapter of each simulator, None where there is none. ``start_names`` are those of "seed",
    "episode" and the variables on which the start of a process depends.
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
    delivers: bool
    view: Callable[[Row], Any] | None
    adapter: Adapters | None = None
    start_names: tuple[str, ...] = ()

    def dialogue(self) -> Dialogue:
        """Return the dialogue of a new process, its row empty."""
        if self.adapter is not None:
            return self.adapter.dialogue(self.rules, self.width, text_filter(self.config))
        http = self.config.transport.http
        asks = http is not None and http.url is not None
        kind = HttpDialogue if asks else ScreenDialogue if draws_screen(self.config) else Dialogue
        return kind(self.rules, [None] * self.width, text_filter(self.config))

    @property
    def seed_at_reset(self) -> bool:
        """Whether the reset dialogue gives the simulator its seed; an adapter is given it in any case."""
        if self.adapter is not None and "reset" in self.adapter.phases:
            return True
        exchanges = self.config.reset.exchanges if self.config.reset else ()
        return any("seed" in text for exchange in exchanges for text in sent_texts(exchange))


def load_program(target: str | Path | Mapping[str, Any]) -> Program:
    """Return the program of a YAML file, of a bundled simulator's name, or of a mapping.

    Raises ConfigError with every problem that was found.
    """
    return compile_program(load(target))


def compile_program(loaded: Loaded) -> Program:
    """Return ``loaded`` compiled; raises ConfigError with all problems, those of loading included."""
    faults = Faults(loaded.problems)
    program = None
    if loaded.config is not None:
        config, lost = _compilable(loaded, loaded.config)
        loaded = replace(loaded, lost=lost)
        faults.lost |= lost
        program = _compiled(config, loaded.source, faults)
    if faults.problems or program is None:
        found = [settled(problem, loaded.source.data) for problem in faults.problems]
        told = [problem for problem in found if problem in loaded.problems or not loaded.excuses(problem)]
        raise refuse(loaded.source, list(dict.fromkeys(told or found)))
    return program


def _compilable(loaded: Loaded, config: Config) -> tuple[Config, frozenset[str]]:
    """Return ``config`` with stand-ins for refused parts that nothing can be compiled without, and all lost names."""
    refused, lost = {problem.path[:2] for problem in loaded.problems}, loaded.lost
    if any(path[0] == "action" for path in refused if path):
        config, lost = config.model_copy(update={"action": Action(choices=(0, 0))}), lost | {"action"}
    if ("text", "encoding") in refused:
        config = config.model_copy(update={"text": Text()})
    return config, lost


def _compiled(config: Config, source: Source, faults: Faults) -> Program | None:
    action = _action(config, faults)
    if action is None:
        return None
    config, adapter = compile_adapter(config, faults.problems)
    slots = Slots(config, action)
    decoder = compile_decoder(config, slots, faults)
    phases = compile_phases(config, slots, decoder, faults, source.folder)
    outcome, uses_previous = compile_outcome(config, slots, faults)
    observed = _observer(config, slots, faults)
    ignored = compile_ignored(config.ignore, config.text, faults)
    faults.problems += check_files(config, source.folder)
    if faults.problems or outcome is None or observed is None:
        return None
    flags = [name for name, value in slots.observed.items() if value.kind == "flag"]
    hidden = list(dict.fromkeys([*config.fields, *flags]))
    read_action = action.bind(slots.action_index)
    return Program(
        config=config,
        source=source,
        names=slots.names,
        # One slot more, in front of the last one, for the action as an adapter gets it.
        width=slots.width + (adapter is not None),
        phases=phases,
        decoder=decoder,
        outcome=outcome,
        observer=observed,
        firsts=tuple(slots.firsts),
        action_space=action.space,
        read_action=read_action if adapter is None else adapter.reading(read_action, action.space),
        info=info_reader(slots, [name for name in hidden if name not in observed.names]),
        uses_previous=uses_previous or _needs_previous(config),
        rules=_rules(config, slots, ignored),
        delivers=any(exchange.write for _, exchange in dialogues(config)),
        view=action_view(slots.names) if _lists_actions(config, source.folder) else None,
        adapter=adapter,
        start_names=names_at_start(config, source, adapter),
    )


def _rules(config: Config, slots: Slots, ignored: Callable[[bytes], object] | None) -> Rules:
    # What a full screen draws by itself, a clock say, is no answer to anything, and the next picture holds it too.
    # Datagrams that are there before the action may be telemetry, or come twice: they answer nothing either.
    drops = draws_screen(config) or way_back(config) == "udp"
    leftover = "drop" if drops and "leftover" not in config.model_fields_set else config.leftover
    echo = config.text.echo == "strip"
    # A screen is read as it stands, and parcels hold the same names: neither can be joined with the one before.
    latest = draws_screen(config) or is_parcel(config)
    return Rules(_cap(config), tuple(slots.labels), leftover, echo, gives_snapshots(config), latest, ignored)


def _cap(config: Config) -> int:
    """Return the largest message in bytes; of several files each may be as large as one, with its name in front."""
    files = config.transport.files
    count = len(files.read or ()) if files is not None else 0
    return config.limits.output if count < 2 else count * (config.limits.output + _HEAD)


def _lists_actions(config: Config, folder: Path | None) -> bool:
    """Return whether a template of a deck uses the list of actions."""
    for _, exchange in dialogues(config):
        for content in (exchange.write or {}).values():
            if isinstance(content, str) or (content.text is None and content.template is None):
                continue
            source = content.text if content.text is not None else _text(Path(folder or "") / str(content.template))
            if "actions" in source:
                return True
    return False


def _text(path: Path) -> str:
    return path.read_bytes().decode("latin-1")


def _needs_previous(config: Config) -> bool:
    """Return whether a template, a condition or a computed field looks at the step before."""
    return "prev." in config.model_dump_json(include={"start", "reset", "step", "stop", "fields"})


def _action(config: Config, faults: Faults) -> ActionReader | None:
    try:
        return action_reader(config.action)
    except (ValueError, OverflowError, AssertionError) as error:
        if not faults.problems:
            faults.problems.append(
                Problem(("action",), "not a possible action space", str(error)[:200], "other bounds")
            )
        return None


def _observer(config: Config, slots: Slots, faults: Faults) -> Observer | None:
    faults.problems += list(_unobservable(config, slots))
    if any(problem.path[:1] == ("observation",) for problem in faults.problems):
        return None
    try:
        return observer(config.observation, slots.observed, config.observation_dtype)
    except KeyError:
        pass  # a name from a part that could not be kept
    except ValueError as error:
        if not faults.problems:
            faults.problems.append(
                Problem(("observation",), "not a possible observation space", str(error)[:200], "other bounds")
            )
    return None


def _unobservable(config: Config, slots: Slots) -> Iterator[Problem]:
    """Yield the names in lists that cannot be a part of a Box, all of them."""
    form = config.observation
    lists = {
        ("observation", part): inner for part, inner in form.items()
    } if isinstance(form, dict) else {("observation",): form}
    for place, inner in lists.items():
        for number, name in enumerate(inner if isinstance(inner, list) else ()):
            try:
                observer([name], slots.observed, config.observation_dtype)
            except Unobservable as error:  # noqa: PERF203  # at load time
                yield Problem((*place, number), error.what, error.name, error.expected)
            except (KeyError, ValueError):
                pass  # an unknown name, or bounds that contradict each other: problems of the field

"""The adapter of a configuration: its class found, its options tried, and how each simulator gets one of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from types import MappingProxyType
from typing import Any

import numpy as np
from gymnasium import spaces

from filebridge import registry
from filebridge.config.adapter import AdapterModel
from filebridge.config.exchange import Exchange
from filebridge.config.framing import FRAMINGS
from filebridge.config.model import Config
from filebridge.config.problems import Problem, nearest
from filebridge.errors import ConfigError, escaped
from filebridge.program.slots import SEED
from filebridge.wire.adapter import SPOKEN, Adapter, frames, speaks
from filebridge.wire.adapter_dialogue import AdapterDialogue
from filebridge.wire.adapter_speaker import Speaker
from filebridge.wire.phase import Filter, Rules

__all__ = ["GIVEN", "Adapters", "adapter_problems", "compile_adapter"]

Row = list[object]
Place = tuple[str | int, ...]

GIVEN = -2
"""The slot of the action as the adapter gets it: the last but one of a row, behind all that has a name."""

_OPENS: dict[str, Callable[[Any, Row], object]] = {
    "start": lambda adapter, row: adapter.start(),
    "reset": lambda adapter, row: adapter.reset(row[SEED]),
    "step": lambda adapter, row: adapter.step(row[GIVEN]),
    "stop": lambda adapter, row: adapter.stop(),
}
_EXCHANGE = frozenset({*FRAMINGS, "silent"})
"""What an exchange may say where the adapter speaks: how a reply ends."""


@dataclass(frozen=True, slots=True)
class Adapters:
    """Makes an adapter for each simulator: ``kind`` with ``options``; it holds the dialogues of ``phases`` itself."""

    name: str
    kind: type[Adapter]
    options: Mapping[str, Any]
    phases: frozenset[str]

    def dialogue(self, rules: Rules, width: int, text_filter: Filter | None) -> AdapterDialogue:
        """Return the dialogue of a new process with an adapter of its own; raises ConfigError if that is refused."""
        try:
            adapter = self.kind(**self.options)
        except Exception as exc:
            problem = _refusal(exc)
            raise ConfigError(f"adapter: {problem.what}", found=problem.found, cure=problem.expected) from exc
        opens = {name: _OPENS[name] for name in self.phases}
        speaker = Speaker(self.name, adapter, opens)
        return AdapterDialogue(rules, [None] * width, text_filter, speaker, frames(self.kind))

    def reading(
        self, read: Callable[[Any, Row], None], space: spaces.Space[Any]
    ) -> Callable[[Any, Row], None]:
        """Return ``read``, which checks an action and puts it into the row, putting it there for the adapter too."""
        element = _element(space)

        def read_both(action: Any, row: Row) -> None:
            read(action, row)
            row[GIVEN] = element(action)

        return read_both


def _element(space: spaces.Space[Any]) -> Callable[[Any], object]:
    """Return what makes of an action that was checked an element of ``space`` that cannot be changed."""
    if isinstance(space, spaces.Dict):
        parts = {name: _element(inner) for name, inner in space.spaces.items()}
        return lambda action: MappingProxyType({name: inner(action[name]) for name, inner in parts.items()})
    if isinstance(space, spaces.Discrete):
        return int
    if isinstance(space, spaces.Text):
        return str
    dtype, shape = space.dtype, space.shape
    assert shape is not None

    def array(action: Any) -> object:
        element = np.array(action, dtype).reshape(shape)
        element.flags.writeable = False
        return element

    return array


def compile_adapter(config: Config, problems: list[Problem]) -> tuple[Config, Adapters | None]:
    """Return the maker of the configuration's adapters, None where it has none; what is wrong goes to ``problems``.

    The configuration that is returned has an exchange in each dialogue that the adapter holds itself.
    """
    if config.adapter is None or any(problem.path[:2] == ("adapter", "class") for problem in problems):
        return config, None
    try:
        kind = _class_of(config.adapter)
    except _Wrong as wrong:
        problems.append(wrong.problem)
        return config, None
    found = [*_option_problems(kind, config.adapter), *adapter_problems(kind, config)]
    problems += found
    if found:
        return config, None
    phases = frozenset(name for name in speaks(kind) if name != "reset" or config.reset is not None)
    silent: dict[str, Any] = {name: [Exchange()] for name in phases - {"reset"} if not getattr(config, name)}
    return config.model_copy(update=silent), Adapters(config.adapter.name, kind, config.adapter.options, phases)


class _Wrong(Exception):
    """A class that is no adapter."""

    def __init__(self, what: str, found: str, expected: str, near: str = "") -> None:
        super().__init__(what)
        self.problem = Problem(("adapter", "class"), what, found, expected, near)


def _class_of(model: AdapterModel) -> type[Adapter]:
    found = _imported(model.name) if ":" in model.name else _registered(model.name)
    if isinstance(found, type) and issubclass(found, Adapter):
        return found
    raise _Wrong("not an adapter", model.name, "a class that is derived from filebridge.Adapter")


def _registered(name: str) -> object:
    try:
        return registry.load("adapters", name)
    except ConfigError as exc:
        raise _Wrong(exc.what, exc.found, exc.cure) from exc


def _imported(name: str) -> object:
    module, _, path = name.partition(":")
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as exc:
        what = f"there is no module {exc.name}"
        expected = "a module that Python can import: one of an installed package, or in a folder of PYTHONPATH"
        raise _Wrong(what, name, expected) from exc
    except Exception as exc:
        raise _Wrong(f"the module cannot be imported: {_shown(exc)}", name, "a module without this mistake") from exc
    for part in path.split("."):
        if not hasattr(found, part):
            classes = [known for known, value in vars(found).items() if isinstance(value, type)]
            raise _Wrong(f"{module} has no class {part}", name, "one that it has", nearest(part, classes))
        found = getattr(found, part)
    return found


def _shown(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {escaped(str(exc), 200)}"


def _option_problems(kind: type[Adapter], model: AdapterModel) -> Iterator[Problem]:
    """Yield what is wrong with the options: names that the class does not take, and what it says of their values."""
    takes = signature(kind).parameters.values()
    free = any(parameter.kind is parameter.VAR_KEYWORD for parameter in takes)
    known = {
        parameter.name: parameter.default is parameter.empty for parameter in takes if parameter.kind in (
            parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY
        )
    }
    told = ", ".join(known) or "none"
    unknown = [] if free else [name for name in model.options if name not in known]
    for name in unknown:
        what, expected = "the adapter has no such option", f"one of its options: {told}"
        yield Problem(("adapter", "options", name), what, name, expected, nearest(name, known), "key")
    lacking = [name for name, is_due in known.items() if is_due and name not in model.options]
    if lacking:
        what = f"the adapter wants the option{'s' * (len(lacking) > 1)} {', '.join(lacking)}"
        yield Problem(("adapter",), what, model.name, "`{class: ..., options: {" + f"{lacking[0]}: ..." + "}}`")
    if unknown or lacking:
        return
    try:
        kind(**model.options)
    except Exception as exc:  # noqa: BLE001  # whatever the code of a user raises
        yield _refusal(exc)


def _refusal(exc: Exception) -> Problem:
    if isinstance(exc, ConfigError):
        return Problem(("adapter", "options"), exc.what, exc.found, exc.cure)
    return Problem(("adapter", "options"), f"the adapter refuses its options: {_shown(exc)}")


def adapter_problems(kind: type[Adapter], config: Config) -> Iterator[Problem]:
    """Yield the exchanges that say what an adapter of this class says itself."""
    for name in SPOKEN:
        if name in speaks(kind):
            reset = config.reset.exchanges if name == "reset" and config.reset else []
            exchanges = reset if name == "reset" else getattr(config, name)
            place: Place = ("reset", "exchanges") if name == "reset" else (name,)
            yield from _exchange_problems(kind, exchanges, place, name)


def _exchange_problems(kind: type[Adapter], exchanges: list[Exchange], place: Place, name: str) -> Iterator[Problem]:
    if len(exchanges) > 1:
        what = f"the adapter holds the dialogue `{name}`: more than one exchange"
        yield Problem((*place, 1), what, expected=f"`{name}: [{{}}]`")
    for exchange in exchanges[:1]:
        for key in sorted(exchange.model_fields_set - _EXCHANGE):
            what = f"the adapter holds the dialogue `{name}`, and says what is sent"
            yield Problem((*place, 0, key), what, key, "only how a reply ends, or nothing", on="key")
        for key in sorted(exchange.model_fields_set & set(FRAMINGS)):
            if frames(kind) and not _awaits_exit(exchange, key):
                what = "the adapter itself says where a reply ends, in `end`"
                yield Problem((*place, 0, key), what, key, f"no `{key}`", on="key")


def _awaits_exit(exchange: Exchange, key: str) -> bool:
    return key == "until" and all(end.exit is not None for end in exchange.until or ())

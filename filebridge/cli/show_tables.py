"""A program as headings and tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from filebridge.check.installation import missing
from filebridge.cli.display import heading, plain_table, ruled_table
from filebridge.cli.script import dialogues, way_of_talking, ways
from filebridge.cli.sending import quoted
from filebridge.cli.texts import count, duration, number
from filebridge.config.field import FieldModel, way
from filebridge.config.model import Config, OnFailure, Variable
from filebridge.config.part import Part
from filebridge.config.units import regex_source
from filebridge.program import Program

__all__ = ["sections"]


def sections(program: Program) -> Iterator[tuple[Text, RenderableType]]:
    """Yield a heading and a table for each side of ``program``."""
    config = program.config
    yield heading(config.name), plain_table(list(_head(program)))
    for name, lines in dialogues(config):
        yield heading(name), plain_table([(f"  {word}", what) for word, what in lines])
    if config.fields:
        yield heading("fields"), ruled_table(["name", "read by", "values", "where it is missing"], _fields(program))
    if config.variables:
        rows = [(f"  {name}", _variable(variable)) for name, variable in config.variables.items()]
        yield heading("variables"), plain_table(rows)
    yield heading("outcome"), plain_table([(f"  {name}", what) for name, what in _outcome(config)])
    yield heading("time and failures"), plain_table([(f"  {name}", what) for name, what in _times(config)])


def _head(program: Program) -> Iterator[tuple[str, str]]:
    config = program.config
    simulator = config.simulator
    if config.about:
        yield "  about", config.about
    yield "  file", program.source.name
    yield "  action", f"{program.action_space}{_labels(config)}"
    yield "  observation", str(program.observer.space)
    yield "  made of", ", ".join(program.observer.names)
    words = " ".join(quoted(word) if " " in word or not word else word for word in simulator.command)
    yield "  command", words or "none: it runs already"
    absent = missing(config, program.source.folder)
    yield "  installed", "yes" if absent is None else f"no; {absent.cure}"
    yield "  talks through", way_of_talking(config)
    yield from ((f"  {word}", what) for word, what in ways(config))
    if config.adapter is not None:
        options = ", ".join(f"{name} {value}" for name, value in config.adapter.options.items())
        yield "  adapter", config.adapter.name + (f"; {options}" if options else "")
    yield "  seed", _seed(config)
    for name, file in simulator.files.items():
        yield "  places", f"{name}: {_file(file)}"


def _seed(config: Config) -> str:
    if config.simulator.seed is not None:
        return f"{_range(config.simulator.seed)}; one outside is folded into that"
    drawn = [name for name, variable in config.variables.items() if variable.draw]
    if drawn:
        rest = "" if config.deterministic else "; what the program draws itself is not repeated"
        return f"none of its own: {', '.join(drawn)} drawn from that of reset{rest}"
    return "none: the program draws nothing" if config.deterministic else "none: its episodes cannot be repeated"


def _labels(config: Config) -> str:
    action = config.action
    if isinstance(action.choices, list):
        return ": " + ", ".join(map(str, action.choices))
    parts = [*(action.multi or ()), *(action.bits or ()), *((action.box.names if action.box else None) or ())]
    return ": " + ", ".join(parts) if parts else ""


def _file(file: Any) -> str:
    told = [(way, value) for way, value in file.model_dump(by_alias=True).items() if value is not None]
    return ", ".join("its text is in the YAML" if way == "text" else f"{way} of {value}" for way, value in told)


def _range(pair: tuple[int, int]) -> str:
    return f"{pair[0]}..{pair[1]}"


def _fields(program: Program) -> list[list[str]]:
    # As compiled: the default of a whole number is one there.
    defaults = {entry.name: entry.default for entry in program.decoder.entries}
    fields = program.config.fields.items()
    return [[name, _reading(field), _values(field), _absence(field, defaults.get(name))] for name, field in fields]


def _reading(field: FieldModel) -> str:
    key = way(field)
    value = getattr(field, key)
    alias = FieldModel.model_fields[key].alias or key
    if isinstance(value, Part):
        told = _parts(value)
    elif value is True:
        told = ""
    else:
        told = quoted(value) if isinstance(value, str) and key not in ("compute", "screen") else str(value)
    more = [f"within {_parts(field.within)}"] if field.within is not None else []
    more += [field.pick] if field.pick != "last" else []
    more += [f"in {field.file}"] if field.file is not None else []
    return ", ".join([f"{alias} {told}".strip(), *more])


def _parts(value: Part) -> str:
    return ", ".join(f"{name} {part}" for name, part in value.model_dump(exclude_defaults=True).items())


def _values(field: FieldModel) -> str:
    if field.values is not None:
        return _range(field.values) if isinstance(field.values, tuple) else ", ".join(map(str, field.values))
    if field.low is None and field.high is None:
        return ""
    low, high = ("" if bound is None else number(bound) for bound in (field.low, field.high))
    return f"{low} .. {high}" + (", clipped" if field.outside == "clip" else "")


def _absence(field: FieldModel, default: object) -> str:
    if field.compute is not None or field.seen is not None:
        return ""
    kept = ["keeps its value"] if field.keep else []
    given = [f"is {_value(default)}"] if default is not None else []
    return ", at first ".join(kept + given) or "an error"


def _value(value: object) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return number(value) if isinstance(value, float) else str(value)


def _variable(variable: Variable) -> str:
    first = f"drawn, {variable.draw}" if variable.draw else f"starts as {_value(variable.start)}"
    return first + (f", then {variable.update}" if variable.update else "")


def _outcome(config: Config) -> Iterator[tuple[str, str]]:
    yield "reward", config.reward
    yield "terminated", config.terminated
    limit = f"after {config.max_steps} steps" if config.max_steps else ""
    told = [text for text in (config.truncated if config.truncated != "False" else "", limit) if text]
    yield "truncated", ", or ".join(told) or "never"
    for name, expression in config.info.items():
        yield f"info {name}", expression


def _times(config: Config) -> Iterator[tuple[str, str]]:
    deadlines = config.deadlines
    yield "deadlines", ", ".join(f"{name} {duration(seconds)}" for name, seconds in deadlines)
    yield from _policies(config.on_failure)
    for word, texts in (("complaint", config.complaints), ("ignored", config.ignore)):
        for text in texts:
            yield word, text if regex_source(text) is not None else quoted(text)
    limits = [f"{name} {value}" for name, value in config.limits if value is not None]
    yield "limits", ", ".join(limits)


def _policies(policy: OnFailure) -> Iterator[tuple[str, str]]:
    kinds = {kind: getattr(policy, kind) for kind in ("crash", "timeout", "protocol")}
    yield "on failure", ", ".join(f"{kind} {what}" for kind, what in kinds.items())
    chosen = set(kinds.values())
    if "retry" in chosen:
        yield "", f"when a retry fails too, {policy.then}"
    if "truncate" in chosen or ("retry" in chosen and policy.then == "truncate"):
        yield "", f"the reward of a truncated step is {number(policy.reward)}"
    if chosen != {"raise"}:
        yield "", f"an error after more than {count(policy.restarts, 'restart')} within {duration(policy.within)}"

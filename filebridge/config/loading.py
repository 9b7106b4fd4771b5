"""A path, a name or a mapping becomes a validated configuration, with every problem of it collected."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from filebridge.config.find import find
from filebridge.config.model import Config
from filebridge.config.problems import Problem, nearest
from filebridge.config.rules import check
from filebridge.config.source import Source, plain, read

__all__ = ["Loaded", "load"]

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that was read: its source, the model if it could be built, the problems found so far."""

    source: Source
    config: Config | None
    problems: tuple[Problem, ...]


def load(target: str | Path | Mapping[str, Any]) -> Loaded:
    """Return what ``target`` says: a path of a YAML file, the name of a bundled simulator, or a mapping.

    Raises ConfigError where there is no such file or it is no YAML; problems of its content are collected
    in the result, so that they can be reported together with those found when it is compiled.
    """
    source = plain(target) if isinstance(target, Mapping) else read(find(target))
    config, problems = _validated(source.data)
    if config is not None:
        problems += check(config)
    return Loaded(source, config, tuple(problems))


def _validated(data: Any) -> tuple[Config | None, list[Problem]]:
    """Return the model and its problems; a model is built from what is left if the wrong keys can be left out."""
    if not isinstance(data, dict):
        return None, [Problem((), "not a configuration", type(data).__name__, "a mapping that begins with `filebridge: 1`")]
    try:
        return Config.model_validate(data), []
    except ValidationError as error:
        problems = [_problem(dict(detail), data) for detail in error.errors(include_url=False)]
    pruned = _without(data, [problem.path for problem in problems])
    try:
        return Config.model_validate(pruned), problems
    except ValidationError:
        return None, problems


def _problem(detail: dict[str, Any], data: Any) -> Problem:
    place = _existing(detail["loc"], data, bool(detail["type"] == "missing"))
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        known = sorted(known_keys(place[:-1]))
        near = nearest(str(place[-1]), known)
        return Problem(place, "an unknown key", str(place[-1]), "one of " + ", ".join(known), near, on="key")
    if kind == "missing":
        return Problem(place[:-1], f"the key `{place[-1]}` is missing", "", _description(place))
    if kind == "filebridge":
        return Problem(place, context["what"], _shown(place, data), context["expected"])
    if kind == "literal_error":
        value = _value(place, data)
        options = context["expected"].replace("'", "`")
        near = nearest(value, _quoted(options)) if isinstance(value, str) else ""
        return Problem(place, "not one of the words that can stand here", _shown(place, data), options, near)
    what, expected = _wording(kind, context, detail["msg"])
    return Problem(place, what, _shown(place, data), expected)


def _wording(kind: str, context: dict[str, Any], message: str) -> tuple[str, str]:
    types_expected = {
        "string_type": "text", "int_type": "a whole number", "float_type": "a number", "bool_type": "true or false",
        "list_type": "a list", "dict_type": "a mapping", "model_type": "a mapping", "model_attributes_type": "a mapping",
        "tuple_type": "a list",
    }  # fmt: skip
    if kind in types_expected:
        return "of another type", types_expected[kind]
    if kind == "string_pattern_mismatch":
        upper = context["pattern"].startswith("^[A-Z]")
        return "not a name", "a capital letter, then letters and digits" if upper else "lower case letters, digits, `_`"
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = context.get("ge", context.get("le"))
        return "out of range", f"at {'least' if 'ge' in context else 'most'} {bound}"
    if kind in ("too_short", "string_too_short"):
        return "empty", "at least one entry"
    return message[:1].lower() + message[1:], ""


def _quoted(options: str) -> list[str]:
    return [part for part in options.split("`") if part.strip() and part.strip() not in (",", "or")]


def _existing(place: Place, data: Any, missing: bool) -> Place:
    """Return the part of pydantic's ``place`` that is in the data: short forms and unions add steps of their own."""
    known: list[str | int] = []
    for step in place:
        # An alias that pydantic reports, and steps such as `str` or `list[str]` for the branches of a union.
        if isinstance(data, dict) and step in data or isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
            known.append(step)
    if missing:
        known.append(place[-1])
    return tuple(known)


def _value(place: Place, data: Any) -> Any:
    for step in place:
        data = data[step]
    return data


def _shown(place: Place, data: Any) -> str:
    value = _value(place, data)
    if isinstance(value, dict):
        return "a mapping of " + ", ".join(list(value)[:8]) if value else "an empty mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return {None: "nothing", True: "true", False: "false"}.get(value, str(value)) if not isinstance(value, int | float) or isinstance(value, bool) else str(value)


def _without(data: Any, places: list[Place]) -> Any:
    """Return a copy of ``data`` without the keys at ``places``."""
    if isinstance(data, dict):
        gone = {place[0] for place in places if len(place) == 1}
        return {
            key: _without(value, [place[1:] for place in places if place and place[0] == key])
            for key, value in data.items()
            if key not in gone
        }
    if isinstance(data, list):
        return [_without(value, [place[1:] for place in places if place and place[0] == n]) for n, value in enumerate(data)]
    return data


def _model_at(place: Place) -> type[BaseModel] | None:
    """Return the model whose keys stand at ``place``, or None where names are free."""
    current: Any = Config
    for step in place:
        model = _part_of(current)
        if model is not None:
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            # The short form of `reset` is the list of its exchanges.
            name = "exchanges" if isinstance(step, int) and "exchanges" in fields else step
            if name not in fields:
                return None
            current = fields[name].annotation
            if name == "exchanges" and isinstance(step, int):
                current = typing.get_args(current)[0]
        else:
            current = _inside(current)
    return _part_of(current)


def _part_of(annotation: Any) -> type[BaseModel] | None:
    """Return the model in ``annotation``, looking through Optional and Annotated but not into lists and mappings."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _part_of(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return next(filter(None, map(_part_of, typing.get_args(annotation))), None)
    return None


def _inside(annotation: Any) -> Any:
    """Return the annotation of an element of a list or of a value of a mapping."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _inside(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return next((_inside(part) for part in arguments if typing.get_origin(part) in (list, dict)), None)
    return arguments[-1] if origin in (list, dict) else None


def known_keys(place: Place) -> set[str]:
    """Return the keys that can stand at ``place``; empty where names are free."""
    model = _model_at(place)
    return {field.alias or name for name, field in model.model_fields.items()} if model else set()


def _description(place: Place) -> str:
    model = _model_at(place[:-1])
    if model is None:
        return ""
    for name, field in model.model_fields.items():
        if (field.alias or name) == place[-1]:
            return f"`{place[-1]}: ...`: {(field.description or '').rstrip('.')}"
    return ""

"""The model's complaints in people's words: one problem for each place, however many types were tried there."""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from filebridge.config.exchange import Exchange, Reset, is_single_exchange
from filebridge.config.model import Config
from filebridge.config.problems import Problem, nearest
from filebridge.config.synonyms import meant

__all__ = ["known_keys", "model_problems", "one_of", "settled", "shown"]

Place = tuple[str | int, ...]

LONGEST = 100
"""Characters of a value that are shown."""

_TYPES = {
    "string_type": "text", "int_type": "a whole number", "float_type": "a number", "bool_type": "true or false",
    "list_type": "a list", "dict_type": "a mapping", "model_type": "a mapping", "model_attributes_type": "a mapping",
    "tuple_type": "a list", "finite_number": "a number that is not infinite",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Complaint:
    """One error of pydantic: ``place`` is the part of its place that is in the data, ``path`` what comes after."""

    path: Place
    place: Place
    detail: Mapping[str, Any]


def model_problems(error: ValidationError, data: Any) -> list[Problem]:
    """Return the problems of ``data`` that ``error`` tells of, each place once."""
    complaints = [
        _followed(_Complaint(detail["loc"], (), {**detail}), data) for detail in error.errors(include_url=False)
    ]
    problems = [_problem(several, data) for several in _sorted_out(complaints, data)]
    misspelt = {_missing((*problem.path[:-1], problem.near)) for problem in problems if problem.near}
    return list(dict.fromkeys(problem for problem in problems if (problem.path, problem.what) not in misspelt))


def _missing(place: Place) -> tuple[Place, str]:
    """Return place and wording of the problem that the key at ``place`` is missing."""
    return place[:-1], f"the key `{place[-1]}` is missing"


def settled(problem: Problem, data: Any) -> Problem:
    """Return ``problem`` with a path that ``data`` has: rules name the long form, an author may write the short one."""
    place: list[str | int] = []
    for number, step in enumerate(problem.path):
        if _has(data, step):
            data = data[step]
            place.append(step)
        elif isinstance(data, dict) and isinstance(step, int) and place[-1] == "set":
            # `set: {gain: ...}` is short for a list of `{key: gain, to: ...}`.
            named = [*place, [*data][step]]
            return replace(problem, path=tuple(named), on="value" if problem.path[-1] == "to" else "key")
        elif not isinstance(data, dict | list) and _is_short(problem.path[number:]):
            break
        elif not _is_skipped(data, step):
            place += problem.path[number:]
            break
    return replace(problem, path=tuple(place))


def _is_short(rest: Place) -> bool:
    """Return whether ``rest`` is what a plain value stands for: `> ` for `[> ]`, `3` for `{start: 3}`."""
    return rest[0] in (0, "start")


def _is_skipped(data: Any, step: str | int) -> bool:
    """Return whether the short form has no such level: one exchange without its list, a list without its key."""
    return step == "exchanges" or (isinstance(step, int) and isinstance(data, dict))


def _has(data: Any, step: str | int) -> bool:
    if isinstance(data, dict):
        return step in data
    return isinstance(data, list) and isinstance(step, int) and step < len(data)


def _followed(complaint: _Complaint, data: Any) -> _Complaint:
    """Return ``complaint`` followed into ``data`` as far as that goes."""
    for step in complaint.place:
        data = data[step]
    path, place = complaint.path, complaint.place
    while path and _has(data, path[0]):
        data = data[path[0]]
        path, place = path[1:], (*place, path[0])
    return _Complaint(path, place, complaint.detail)


def _is_missing(complaint: _Complaint) -> bool:
    return bool(complaint.detail["type"] == "missing")


def _sorted_out(complaints: Iterable[_Complaint], data: Any) -> list[list[_Complaint]]:
    """Return the complaints that are worth telling, those of one value together.

    Where several types are tried for a value, pydantic adds a step for each to the place. The one that
    got furthest into the value is what the author meant.
    """
    kept: list[list[_Complaint]] = []
    forks: dict[Place, dict[str | int, list[_Complaint]]] = {}
    for complaint in complaints:
        if complaint.path in ((), ("[key]",)) or (len(complaint.path) == 1 and _is_missing(complaint)):
            kept.append([complaint])
        else:
            branches = forks.setdefault(complaint.place, {})
            inner = _followed(_Complaint(complaint.path[1:], complaint.place, complaint.detail), data)
            branches.setdefault(complaint.path[0], []).append(inner)
    for place, branches in forks.items():
        kept += _furthest(place, branches, data)
    return kept


def _furthest(place: Place, branches: Mapping[str | int, list[_Complaint]], data: Any) -> list[list[_Complaint]]:
    groups = [_sorted_out(branch, data) for branch in branches.values()]
    for told in groups:
        if all(len(one.place) > len(place) or _is_missing(one) for several in told for one in several):
            return told
    return [[complaint for told in groups for several in told for complaint in several]]


def _problem(several: Sequence[_Complaint], data: Any) -> Problem:
    """Return the problem that ``several`` complaints about one value tell of together."""
    problems = [_single(complaint, data) for complaint in several]
    first = problems[0]
    if len({problem.what for problem in problems}) > 1:
        told = [problem for problem in problems if problem.what != _OTHER_TYPE]
        return told[0]
    expected = list(dict.fromkeys(problem.expected for problem in problems))
    if "a number" in expected and "a whole number" in expected:
        expected.remove("a whole number")
    if expected == ["a mapping"]:
        return _unmapped(first, known_keys(first.path, data))
    return replace(first, expected=_alternatives(expected))


def _unmapped(problem: Problem, known: Sequence[str]) -> Problem:
    """Return the ``problem`` of a value in place of a mapping, which would be one of the ``known`` keys."""
    if problem.found in known:
        return replace(problem, expected=f"a mapping: `{{{problem.found}: ...}}`")
    if "find" in known and "{" in problem.found:
        return replace(problem, expected=f"a mapping: `{{find: {json.dumps(problem.found)}}}`")
    return replace(problem, expected="a mapping, of " + ", ".join(known) if known else "a mapping")


_OTHER_TYPE = "of another type"


def _single(complaint: _Complaint, data: Any) -> Problem:
    place, detail = complaint.place, complaint.detail
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        known, word = sorted(known_keys(place[:-1], data)), str(place[-1])
        near = meant(word, known) or nearest(word, known)
        return Problem(place, "an unknown key", shown(place[-1]), one_of(known), near, on="key")
    if kind == "missing":
        key = str(complaint.path[-1])
        return Problem(*_missing((*place, key)), "", _description((*place, key), data))
    value = _value(place, data)
    if complaint.path == ("[key]",):
        what, expected = _wording(kind, context, detail["msg"])
        return Problem(place, what, shown(place[-1]), expected, on="key")
    if kind == "literal_error":
        return _not_listed(place, value, context["expected"])
    what, expected = _wording(kind, context, detail["msg"])
    return Problem(place, what, shown(value), expected)


def _not_listed(place: Place, value: Any, expected: str) -> Problem:
    if place == ("filebridge",):
        return Problem(place, "a version of the format that is not known here", shown(value), "`filebridge: 1`")
    options = expected.replace("'", "`")
    near = nearest(value, re.findall("`([^`]+)`", options)) if isinstance(value, str) else ""
    return Problem(place, "not one of the words that can stand here", shown(value), options, near)


def _wording(kind: str, context: Mapping[str, Any], message: str) -> tuple[str, str]:
    if kind == "filebridge":
        return context["what"], context["expected"]
    if kind in _TYPES:
        return _OTHER_TYPE, _TYPES[kind]
    if kind == "string_pattern_mismatch":
        upper = context["pattern"].startswith("^[A-Z]")
        return "not a name", "a capital letter, then letters and digits, 64 at most" if upper else _WORD
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = context.get("ge", context.get("le"))
        return "out of range", f"at {'least' if 'ge' in context else 'most'} {bound}"
    if kind in ("too_short", "string_too_short"):
        return "empty", "at least one character" if kind.startswith("string") else "at least one entry"
    return message[:1].lower() + message[1:], ""


_WORD = "lower case letters, digits and `_`, not a digit first, 64 at most"


def one_of(words: Sequence[str]) -> str:
    """Return ``words`` as what can be written."""
    return "one of " + ", ".join(words) if len(words) != 1 else f"`{words[0]}`"


def _alternatives(texts: Sequence[str]) -> str:
    return ", ".join(texts[:-1]) + " or " + texts[-1] if len(texts) > 1 else texts[0]


def _value(place: Place, data: Any) -> Any:
    for step in place:
        data = data[step]
    return data


def shown(value: Any) -> str:
    """Return ``value`` as an author would recognise it, cut where it is long."""
    if isinstance(value, dict):
        return "a mapping of " + ", ".join(map(shown, list(value)[:8])) if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    text = str(value) or "an empty text"
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def known_keys(place: Place, data: Any) -> list[str]:
    """Return the keys that can stand at ``place``; empty where names are free."""
    model = _model_at(place, data)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _description(place: Place, data: Any) -> str:
    model = _model_at(place[:-1], data)
    for name, field in (model.model_fields if model else {}).items():
        if (field.alias or name) == place[-1]:
            only = typing.get_args(field.annotation) if typing.get_origin(field.annotation) is typing.Literal else ()
            value = only[0] if len(only) == 1 else "..."
            return f"`{place[-1]}: {value}`: {(field.description or '').rstrip('.')}"
    return ""


def _model_at(place: Place, data: Any) -> type[BaseModel] | None:
    """Return the model whose keys stand at ``place``, or None where names are free."""
    current: Any = Config
    for step in place:
        model = _part_of(current)
        if model is not None and isinstance(step, int):
            # The short form of `reset` is the list of its exchanges.
            current = _inside(model.model_fields["exchanges"].annotation) if "exchanges" in model.model_fields else None
        elif model is not None:
            current = next(
                (field.annotation for name, field in model.model_fields.items() if (field.alias or name) == step), None
            )
        else:
            current = _inside(current)
        data = data[step] if _has(data, step) else None
        if _part_of(current) is Reset and is_single_exchange(data):
            current = Exchange
        elif isinstance(data, dict) and _part_of(current) is None and typing.get_origin(current) is list:
            # The short form of a dialogue is its only exchange.
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
        return next(filter(None, map(_inside, arguments)), None)
    return arguments[-1] if origin in (list, dict) else None

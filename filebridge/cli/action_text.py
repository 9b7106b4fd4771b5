"""An action as a person types it -> an element of the action space."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from filebridge.config.action import Action, kind
from filebridge.config.problems import nearest

__all__ = ["forms", "hint", "parse_action"]


def hint(action: Action, space: spaces.Space[Any]) -> str:
    """Return in a few words what may be typed."""
    if action.parts is not None:
        return "JSON, {" + ", ".join(f'"{name}": ...' for name in action.parts) + "}"
    if action.multi is not None:
        return " ".join(f"{name}:{_range(_labels(choices))}" for name, choices in action.multi.items())
    if action.choices is not None:
        return _range(_labels(action.choices))
    if action.bits is not None:
        return " ".join(f"{name}:0|1" for name in action.bits)
    if isinstance(space, spaces.Box):
        names = _names(action) or [""] * int(np.prod(space.shape))
        pairs = zip(names, space.low.reshape(-1), space.high.reshape(-1), strict=True)
        return " ".join(f"{name}{':' if name else ''}{low:g}..{high:g}" for name, low, high in pairs)
    return "a text"


_FORMS = {
    "box": "numbers, separated by blanks or commas",
    "choices": "one of the labels",
    "multi": "a label for each part, separated by blanks or commas",
    "bits": "a 0 or a 1 for each, with or without blanks between",
    "text": 'the text itself; in double quotes if it is empty, or a word of this prompt such as "quit"',
    "parts": "a JSON object of such texts, numbers and lists",
}


def forms(action: Action, space: spaces.Space[Any]) -> list[str]:
    """Return the ways in which an action may be typed, a line each, then what each value may be."""
    lines = [_FORMS[kind(action)]]
    names = _names(action)
    if names:
        lines.append("or JSON by names, {" + ", ".join(f'"{name}": ...' for name in names) + "}")
    return [*lines, f"values: {hint(action, space)}"]


def _labels(choices: Any) -> list[str]:
    return [str(one) for one in (range(choices[0], choices[1] + 1) if isinstance(choices, tuple) else choices)]


def _range(labels: list[str]) -> str:
    return "|".join(labels) if len(labels) <= 12 else f"{labels[0]}|{labels[1]}|...|{labels[-1]}"


def _names(action: Action) -> list[str]:
    """Return the names of the parts of an action that is one array; none where they have none."""
    return [*(action.multi or ()), *(action.bits or ()), *((action.box.names if action.box else None) or ())]


def parse_action(text: str, action: Action, space: spaces.Space[Any]) -> Any:
    """Return the action that ``text`` stands for; raises ValueError with what may be typed.

    Numbers are separated by blanks or commas, a choice is its label as the YAML has it. Where the parts have
    names, a JSON object gives each its value; the parts of a mapping always come so. Bounds are left to the
    environment.
    """
    which = kind(action)
    if which == "text":
        return _quoted(text)
    if which == "parts":
        return _parts(text, action, space)
    if which == "choices":
        labels = _labels(action.choices)
        return np.int64(_choice(text.strip() if text.strip() in labels else _bare(text), labels))
    words = _words(text, action, space)
    if which == "multi":
        tables = [_labels(choices) for choices in (action.multi or {}).values()]
        _expect(len(words), len(tables), action, space)
        return np.array([_choice(word, table) for word, table in zip(words, tables, strict=True)], np.int64)
    values = _numbers(list(words[0]) if which == "bits" and len(words) == 1 else words, action, space)
    shape = space.shape or ()
    _expect(len(values), int(np.prod(shape)), action, space)
    return np.array(values, space.dtype).reshape(shape)


def _bare(text: str) -> str:
    """Return a label without the quotation marks or brackets that it may have as JSON or as a Python list."""
    bare = text.strip()
    if bare[:1] == "[" and bare[-1:] == "]":
        bare = bare[1:-1].strip()
    return _quoted(bare)


def _words(text: str, action: Action, space: spaces.Space[Any]) -> Sequence[str]:
    """Return a text for each part of the action, in the order of the configuration."""
    if text.lstrip().startswith("{"):
        given = _by_names(text, _names(action), action, space)
        return [_word(given[name]) for name in _names(action)]
    if text.lstrip().startswith("["):
        try:
            return [_word(value) for value in np.ravel(np.array(json.loads(text), dtype=object))]
        except ValueError:
            pass  # a list as Python prints it, without commas: read as words
    return text.replace(",", " ").replace("[", " ").replace("]", " ").split()


def _word(value: Any) -> str:
    return value if isinstance(value, str) else str(int(value)) if isinstance(value, bool) else json.dumps(value)


def _expect(found: int, wanted: int, action: Action, space: spaces.Space[Any]) -> None:
    if found != wanted:
        raise ValueError(f"{found} given, {wanted} wanted: {hint(action, space)}")


def _quoted(text: str) -> str:
    """Return ``text``, or what it quotes: so can an action be empty, or one of the prompt's own words."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            return text
    return text


def _parts(text: str, action: Action, space: spaces.Space[Any]) -> dict[str, Any]:
    parts = action.parts or {}
    assert isinstance(space, spaces.Dict)
    given = _by_names(text, list(parts), action, space)
    words = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
    return {name: _in_part(name, parse_action, words[name], part, space.spaces[name]) for name, part in parts.items()}


def _in_part(name: str, parse: Callable[..., Any], text: str, part: Action, space: spaces.Space[Any]) -> Any:
    try:
        return parse(text, part, space)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _by_names(text: str, names: list[str], action: Action, space: spaces.Space[Any]) -> dict[str, Any]:
    """Return the values of a JSON object that has exactly these names."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise ValueError(f"no JSON: {hint(action, space)}") from error
    if not names:
        raise ValueError(f"the parts have no names: {hint(action, space)}")
    if not isinstance(given, dict) or set(given) != set(names):
        raise ValueError(_wrong_names(given, names) + hint(action, space))
    return given


def _wrong_names(given: Any, names: list[str]) -> str:
    unknown = next((name for name in given if name not in names), None) if isinstance(given, dict) else None
    if unknown is None:
        return "the parts wanted are: "
    near = nearest(unknown, names)
    return f"no part is {unknown!r}" + (f", did you mean {near!r}? " if near else "; ") + "the parts wanted are: "


def _numbers(words: Sequence[str], action: Action, space: spaces.Space[Any]) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError as error:
        raise ValueError(f"not numbers: {' '.join(words)}: {hint(action, space)}") from error
    if not all(map(math.isfinite, values)):
        raise ValueError(f"NaN and infinity cannot be sent: {hint(action, space)}")
    return values


def _choice(word: str, labels: list[str]) -> int:
    if word in labels:
        return labels.index(word)
    near = nearest(word, labels)
    raise ValueError(f"no choice is {word!r}: {_range(labels)}" + (f"; did you mean {near!r}?" if near else ""))

"""An action as a person types it -> an element of the action space."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from gymnasium import spaces

from filebridge.config.action import Action, kind
from filebridge.config.problems import nearest

__all__ = ["hint", "parse_action"]


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
        names = (action.box and action.box.names) or [""] * int(np.prod(space.shape))
        pairs = zip(names, space.low.reshape(-1), space.high.reshape(-1), strict=True)
        return " ".join(f"{name}{':' if name else ''}{low:g}..{high:g}" for name, low, high in pairs)
    return "a text"


def _labels(choices: Any) -> list[str]:
    return [str(one) for one in (range(choices[0], choices[1] + 1) if isinstance(choices, tuple) else choices)]


def _range(labels: list[str]) -> str:
    return "|".join(labels) if len(labels) <= 12 else f"{labels[0]}|{labels[1]}|...|{labels[-1]}"


def parse_action(text: str, action: Action, space: spaces.Space[Any]) -> Any:
    """Return the action that ``text`` stands for; raises ValueError with what may be typed.

    Numbers are separated by blanks or commas, a choice is its label as the YAML has it, the parts of a
    mapping are a JSON object of such texts. Bounds are left to the environment.
    """
    words = text.replace(",", " ").replace("[", " ").replace("]", " ").split()
    which = kind(action)
    if which == "text":
        return _quoted(text)
    if which == "parts":
        return _parts(text, action, space)
    if which == "choices":
        return np.int64(_choice(" ".join(words) if " " in text.strip() else text.strip(), _labels(action.choices)))
    if which == "multi":
        tables = [_labels(choices) for choices in (action.multi or {}).values()]
        _expect(len(words), len(tables), action, space)
        return np.array([_choice(word, table) for word, table in zip(words, tables, strict=True)], np.int64)
    values = _numbers(list(words[0]) if which == "bits" and len(words) == 1 else words)
    shape = space.shape or ()
    _expect(len(values), int(np.prod(shape)), action, space)
    return np.array(values, space.dtype).reshape(shape)


def _expect(found: int, wanted: int, action: Action, space: spaces.Space[Any]) -> None:
    if found != wanted:
        raise ValueError(f"{found} given, {wanted} wanted: {hint(action, space)}")


def _quoted(text: str) -> str:
    """Return ``text``, or what it quotes: so can an action be empty, or one of the prompt's own words."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        return str(json.loads(text))
    return text


def _parts(text: str, action: Action, space: spaces.Space[Any]) -> dict[str, Any]:
    parts = action.parts or {}
    assert isinstance(space, spaces.Dict)
    try:
        given = json.loads(text)
    except ValueError as error:
        raise ValueError(f"no JSON: {hint(action, space)}") from error
    if not isinstance(given, dict) or set(given) != set(parts):
        raise ValueError(f"the parts wanted are: {hint(action, space)}")
    words = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
    return {name: parse_action(words[name], part, space.spaces[name]) for name, part in parts.items()}


def _numbers(words: list[str]) -> list[float]:
    try:
        return [float(word) for word in words]
    except ValueError as error:
        raise ValueError(f"not numbers: {' '.join(words)}") from error


def _choice(word: str, labels: list[str]) -> int:
    if word in labels:
        return labels.index(word)
    near = nearest(word, labels)
    raise ValueError(f"no choice is {word!r}: {_range(labels)}" + (f"; did you mean {near!r}?" if near else ""))

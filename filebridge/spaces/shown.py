"""An action as a text, in the words of the configuration: as it may be typed, `filebridge probe --action TEXT`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from filebridge.config.action import Action, kind

__all__ = ["LONGEST", "shown_action"]

LONGEST = 200
"""Characters of an action that are shown."""

_PLAIN_WORD = re.compile(r'[!#-+\--Z\\^-z|~]+\Z')
"""A word that neither blanks nor commas, brackets, braces or quotation marks take apart."""


def shown_action(action: Action, value: Any) -> str:
    """Return ``value``, an action of the space of ``action``: labels for choices, numbers, names for parts.

    One that does not belong to the space is shown as Python has it. Of a long one the first 200 characters are shown.
    """
    try:
        text = _TEXTS[kind(action)](action, value)
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError):
        text = json.dumps(repr(value))[1:-1]
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def _choices(action: Action, value: Any) -> str:
    label = str(_label(action.choices, value))
    return label if label == label.strip() and _is_printable(label) else json.dumps(label)


def _label(choices: Any, value: Any) -> Any:
    table = range(choices[0], choices[1] + 1) if isinstance(choices, tuple) else choices
    number = int(value)
    if number < 0 or number != value:
        raise IndexError
    return table[number]


def _multi(action: Action, value: Any) -> str:
    labels = _labels(action, value)
    words = [str(label) for label in labels]
    return " ".join(words) if all(map(_PLAIN_WORD.match, words)) else json.dumps(labels)


def _labels(action: Action, value: Any) -> list[Any]:
    return [_label(choices, one) for choices, one in zip((action.multi or {}).values(), value, strict=True)]


def _numbers(action: Action, value: Any) -> str:
    # Each as its own type writes it: the shortest that is read back as the same.
    return " ".join(str(number).removesuffix(".0") for number in np.asarray(value).reshape(-1))


def _text(action: Action, value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    is_plain = text.strip() == text != "" and text[0] != '"' and text not in ("quit", "reset", "help")
    return text if is_plain and _is_printable(text) else json.dumps(text)


def _is_printable(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _parts(action: Action, value: Any) -> str:
    return json.dumps(_tree(action, value))


def _tree(action: Action, value: Any) -> Any:
    """Return ``value`` as JSON has it, its parts by their names."""
    if action.parts is not None:
        return {name: _tree(part, value[name]) for name, part in action.parts.items()}
    if action.choices is not None:
        return _label(action.choices, value)
    if action.multi is not None:
        return _labels(action, value)
    if action.text is not None:
        return _text(action, value)
    numbers = [json.loads(number) for number in _numbers(action, value).split()]
    return numbers[0] if len(numbers) == 1 else numbers


_TEXTS: dict[str, Callable[[Action, Any], str]] = {
    "box": _numbers, "choices": _choices, "multi": _multi, "bits": _numbers, "text": _text, "parts": _parts,
}  # fmt: skip

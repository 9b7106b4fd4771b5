"""Decks made from jinja2 templates at each step: what such a template sees, and what it is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from filebridge.config.problems import Problem, nearest
from filebridge.errors import ActionError, BridgeError, ConfigError, ExpressionError, ParseError, escaped
from filebridge.rendering import ATTRIBUTES, GLOBALS, Rendering, compile_rendering
from filebridge.wire.encoder import Template
from filebridge.wire.expression import Kind, Names

__all__ = ["ActionParts", "action_view", "compile_sheet"]

Row = list[object]
View = Callable[[Row], Any]
Place = tuple[str | int, ...]

_ACTION = "action"


class ActionParts:
    """An action with named parts, as a template sees it: the numbers in order, `action.gain` by name."""

    __slots__ = ("_named", "_whole")

    def __init__(self, whole: Any, named: Mapping[str, Any]) -> None:
        self._whole = whole
        self._named = named

    def __getitem__(self, key: str | int | slice) -> Any:
        return self._named[key] if isinstance(key, str) else self._whole[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)

    def __str__(self) -> str:
        return str(self._whole)

    __repr__ = __str__

    def __float__(self) -> float:
        return float(self._whole)


def action_view(names: Names) -> View:
    """Return the function that makes of a row what `action` is in a template.

    That is its number, label or list, or ActionParts where it has named parts. Raises ActionError for a text that
    holds a line end or another control character.
    """
    texts = [slot.index for name, slot in names.items() if slot.kind is Kind.TEXT and name.partition(".")[0] == _ACTION]
    view = _view(names, _ACTION)
    if not texts:
        return view

    def checked(row: Row) -> Any:
        for index in texts:
            _refuse_control(str(row[index]), _ACTION, ActionError)
        return view(row)

    return checked


def _view(names: Names, path: str) -> View:
    """Return the view of the part of the action at ``path``, with all that is below it."""
    inner = _inner(names, path)
    if not inner:
        index = names[path].index
        return lambda row: row[index]
    views = [(part, _view(names, f"{path}.{part}")) for part in inner]
    if path in names:
        whole = names[path].index
        return lambda row: ActionParts(row[whole], {part: view(row) for part, view in views})

    def several(row: Row) -> ActionParts:
        named = {part: view(row) for part, view in views}
        return ActionParts(list(named.values()), named)

    return several


def _inner(names: Names, path: str) -> list[str]:
    """Return what may stand behind ``path`` and a dot."""
    below = (name[len(path) + 1 :] for name in names if name.startswith(f"{path}."))
    return list(dict.fromkeys(name.partition(".")[0] for name in below))


def _refuse_control(text: str, name: str, kind: type[BridgeError]) -> None:
    if not text.isprintable():
        cure = "send printable characters only: a line end or a control character would be a line of its own"
        raise kind(f"`{name}` holds a character that cannot be written", found=escaped(text), cure=cure)


def compile_sheet(
    text: str, names: Names, place: Place, path: str, encoding: str, actions_index: int | None
) -> Template | list[Problem]:
    """Return the jinja2 template ``text`` compiled over ``names``, or what is wrong with it.

    ``path`` is that of its file, empty for a text of the YAML; ``actions_index`` is the slot of the list of actions.
    """
    origin = f" of {escaped(path)}" if path else ""
    try:
        text.encode(encoding, "surrogateescape")
        rendering = compile_rendering(text, path or str(place[-2]), encoding)
    except UnicodeEncodeError as error:
        return [Problem(place, f"a character that {encoding} lacks", text[error.start : error.end], "another encoding")]
    except ConfigError as error:
        return [Problem(place, f"no template, in line {error.what.split(':')[-2]}{origin}", error.found, error.cure)]
    known = {name.partition(".")[0] for name in names} | ({"actions"} if actions_index is not None else set())
    problems = list(_unknown(rendering, names, known, place, origin))
    return problems or _compiled(rendering, names, known, actions_index)


def _unknown(rendering: Rendering, names: Names, known: Iterable[str], place: Place, origin: str) -> Iterator[Problem]:
    known = list(known)
    for name, line in rendering.names.items():
        if name not in known:
            what = f"the template uses a name that is not known, in line {line}{origin}"
            yield Problem(place, what, name, "one of " + ", ".join(sorted(known)), nearest(name, known))
    for path, line in rendering.parts.items():
        above, _, part = path.rpartition(".")
        parts = _inner(names, above)
        if (parts or above in (*names, *known)) and part not in (parts or ATTRIBUTES):
            what = f"the template uses a part that `{above}` does not have, in line {line}{origin}"
            wanted = "one of " + ", ".join(f"{above}.{each}" for each in parts) if parts else f"`{above}` alone"
            near = nearest(part, parts)
            yield Problem(place, what, path, wanted, near and f"{above}.{near}")


def _compiled(rendering: Rendering, names: Names, known: set[str], actions_index: int | None) -> Template:
    needed = sorted(known & ({*rendering.names} | GLOBALS))
    views = [(name, _seen(name, names, actions_index)) for name in needed]
    render = rendering.render

    def encode(row: Row, previous: Row) -> bytes:
        values = {name: view(row) for name, view in views}
        present = {name: value for name, value in values.items() if value is not None}
        try:
            return render(present)
        except ConfigError as error:
            raise _failed(error, [name for name in values if name not in present]) from error

    used = [name for name in (*names, "actions") if name.partition(".")[0] in needed]
    return Template(encode, frozenset(used), frozenset())


def _failed(error: ConfigError, absent: Iterable[str]) -> BridgeError:
    """Return the error of a template that has worked with other values: the config as such may be right."""
    for name in absent:
        if f"'{name}' is undefined" in error.found:
            cure = f"give the field a `default`, or write {{{{ {name} | default(0) }}}}"
            return ParseError(f"`{name}` has no value yet: {error.what}", found=error.found, cure=cure)
    return ExpressionError(error.what, found=error.found, cure=error.cure)


def _seen(name: str, names: Names, actions_index: int | None) -> View:
    if name == _ACTION:
        return action_view(names)
    if name == "actions" and actions_index is not None:
        return lambda row: row[actions_index]
    index = names[name].index
    if names[name].kind is not Kind.TEXT:
        return lambda row: row[index]

    def text(row: Row) -> object:
        value = row[index]
        if value is not None:
            _refuse_control(str(value), name, ParseError)
        return value

    return text

"""A path, a name or a mapping becomes a validated configuration, with every problem of it collected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from filebridge.config.find import find
from filebridge.config.model import Config
from filebridge.config.problems import Problem, nearest
from filebridge.config.rules import check
from filebridge.config.source import Source, plain, read
from filebridge.config.wording import model_problems, settled, shown

__all__ = ["Loaded", "load"]

Place = tuple[str | int, ...]

_FILLINGS: dict[Place, Any] = {
    ("filebridge",): 1,
    ("name",): "Unnamed",
    ("simulator",): {"command": ["unnamed"], "seed": "none"},
    ("transport",): {"console": {}},
    ("action",): {"choices": 1},
    ("step",): [{}],
    ("observation",): "step",
}
"""What stands in for keys that must be there, so that the rest of a file can be checked without them."""

_TOLD = ("${port}", "${port2}", "${port3}", "${token}")
"""What only a part of the transport that was left out may have asked for."""

DIALOGUES = ("start", "reset", "restore", "step", "stop")
_ENDINGS = ("max_steps", "terminated", "truncated")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that was read: its source, the model if it could be built, the problems found so far.

    Where there are problems the model is what is left without the faulty parts. ``lost`` are the names that
    were declared in these parts: an expression that uses one of them is not to blame.
    """

    source: Source
    config: Config | None
    problems: tuple[Problem, ...]
    lost: frozenset[str] = frozenset()

    def excuses(self, problem: Problem) -> bool:
        """Return whether ``problem`` is only a consequence of another: a lost name, an edit of no place."""
        if "action" in self.lost and problem.path[:1] in [(name,) for name in DIALOGUES] and "send" in problem.path:
            return True
        if problem.path[:1] in [(name,) for name in DIALOGUES] and "set" in problem.path:
            edit = problem.path[: problem.path.index("set") + 2]
            if any(other.path[: len(edit)] == edit for other in self.problems):
                return True
        if any(_told(problem.path, other.path) for other in self.problems):
            return True
        names = {problem.found, problem.found.partition(".")[0], problem.found.removeprefix("prev.")}
        return bool(names & self.lost)


def _told(path: Place, other: Place) -> bool:
    """Return whether a problem at ``path`` is that at ``other``, seen once more when it is compiled."""
    if path[:1] == ("ignore",):
        return path == other
    if path[:1] not in [(name,) for name in DIALOGUES]:
        return False
    if "pack" in path:
        return other[: path.index("pack") + 1] == path[: path.index("pack") + 1]
    return "headers" in path and other == path


def load(target: str | Path | Mapping[str, Any]) -> Loaded:
    """Return what ``target`` says: a path of a YAML file, the name of a bundled simulator, or a mapping.

    Raises ConfigError where there is no such file or it is no YAML; problems of its content are collected
    in the result, so that they can be reported together with those found when it is compiled.
    """
    source = plain(target) if isinstance(target, Mapping) else read(find(target))
    if not isinstance(source.data, dict):
        fault = Problem((), "not a configuration", shown(source.data), "a mapping that begins with `filebridge: 1`")
        return Loaded(source, None, (fault,))
    version = source.data.get("filebridge", 1)
    if type(version) is int and version != 1:
        # What the other keys mean in another version is not known.
        what = f"this file is of version {version}; this filebridge reads 1"
        fault = Problem(("filebridge",), what, str(version), "`filebridge: 1`")
        return Loaded(source, None, (fault,))
    config, problems = _validated(source.data)
    lost = frozenset(_declared(source.data, problems))
    loaded = Loaded(source, config, (), lost)
    further = [settled(problem, source.data) for problem in (check(config) if config is not None else ())]
    problems += [problem for problem in further if not _follows(problem, problems) and not loaded.excuses(problem)]
    return Loaded(source, config, tuple(problems), lost)


def _validated(data: dict[str, Any]) -> tuple[Config | None, list[Problem]]:
    """Return the model and its problems; where there are some, the model is built from what is left without them."""
    problems: list[Problem] = []
    left: Any = data
    # Each round takes the faulty keys away; a part that then lacks a key goes in the next round.
    for _ in range(8):
        try:
            return Config.model_validate(left), problems
        except ValidationError as error:
            found = model_problems(error, left)
        problems = problems or found
        left = _filled(_without(left, [_faulty(problem) for problem in found]))
    return None, problems


def _faulty(problem: Problem) -> Place:
    """Return what is to be left out because of ``problem``: the part at fault, or the list that it is an entry of.

    An exchange keeps its place as an empty one, so that the places of the others stay true.
    """
    path = problem.path
    stays = len(path) - path.index("exchanges") == 2 if "exchanges" in path else len(path) == 2 and path[0] in DIALOGUES
    return path if stays or not path or isinstance(path[-1], str) else path[:-1]


def _filled(data: Any) -> Any:
    for place, filling in _FILLINGS.items():
        part = data
        for step in place[:-1]:
            part = part.get(step) if isinstance(part, dict) else None
        if isinstance(part, dict):
            part.setdefault(place[-1], filling)
    return data


def _without(data: Any, places: list[Place]) -> Any:
    """Return a copy of ``data`` without the keys and entries at ``places``."""
    gone = {place[0] for place in places if len(place) == 1}
    if isinstance(data, dict):
        entries = ((key, value) for key, value in data.items() if key not in gone)
        return {key: _without(value, _below(places, key)) for key, value in entries}
    if isinstance(data, list):
        numbered = ((number, {} if number in gone else value) for number, value in enumerate(data))
        return [_without(value, _below(places, number)) for number, value in numbered]
    return data


def _below(places: Iterable[Place], step: str | int) -> list[Place]:
    return [place[1:] for place in places if place and place[0] == step]


def _follows(problem: Problem, known: Iterable[Problem]) -> bool:
    """Return whether ``problem`` may be there only because a part that is faulty in itself was left out."""
    path = problem.path
    if problem.found in _TOLD and any(other.path[:1] == ("transport",) for other in known):
        return True
    if not path:
        words = {str(step) for other in known for step in other.path[:1]}
        return any(word in _ENDINGS or nearest(word, _ENDINGS) for word in words)
    return any(other.path[: len(path)] == path or path[: len(other.path)] == other.path != () for other in known)


def _declared(data: dict[str, Any], problems: Iterable[Problem]) -> Iterator[str]:
    """Yield the names that stand in the faulty parts of ``data``."""
    for problem in problems:
        part: Any = data
        path = problem.path
        for step in path:
            part = part[step]
        if path[:1] in (("fields",), ("variables",)):
            yield from [str(path[1])] if len(path) > 1 else part if isinstance(part, dict) else []
        elif path[:1] == ("action",):
            yield "action"
        else:
            yield from _keys(part)


def _keys(part: Any) -> Iterator[str]:
    """Yield all keys in ``part``: among them are the labels of ends."""
    if isinstance(part, dict):
        yield from part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _keys(inner)

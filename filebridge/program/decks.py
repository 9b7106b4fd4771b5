"""What is written into files, and the files' names: each form of content compiled to a function of the row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from filebridge.config.deck import Deck
from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.errors import escaped
from filebridge.program.faults import Faults
from filebridge.program.sheets import compile_sheet
from filebridge.wire.cleaner import clean_encoding
from filebridge.wire.decks import deck as wire_deck
from filebridge.wire.decks.namelist import MissingPackage, compile_namelist
from filebridge.wire.decks.places import find_spot
from filebridge.wire.encoder import Template
from filebridge.wire.expression import Expression, Kind, Names

__all__ = ["compile_content", "compile_name", "outgoing_encoding"]

Row = list[object]
Place = tuple[str | int, ...]

NAMING = ("step", "episode", "seed", "seat")
"""What the name of a file may depend on."""

_LARGEST = 16 << 20  # bytes of a deck
_KINDS = (Kind.NUMBER, Kind.INTEGER, Kind.FLAG, Kind.TEXT, Kind.VECTOR)


def outgoing_encoding(encoding: str) -> str:
    """Return the encoding of what is sent: one that begins every text with a byte order mark loses it."""
    name = encoding.lower().replace("_", "-")
    return {
        "utf-16": "utf-16-le", "utf16": "utf-16-le", "utf-32": "utf-32-le", "utf32": "utf-32-le", "utf-8-sig": "utf-8",
    }.get(name, name)  # fmt: skip


def compile_content(
    content: str | Deck,
    names: Names,
    place: Place,
    config: Config,
    folder: Path | None,
    faults: Faults,
    actions_index: int | None = None,
) -> Template | None:
    """Return ``content`` compiled, or None where problems were added to ``faults``.

    ``place`` is that of the content, ``folder`` where relative paths start. ``actions_index`` is the slot that holds
    the list of this episode's actions, each made by ``action_view``; ``uses`` of the template names "actions" where
    it is needed. ``encode`` raises ActionError for what cannot be written, ParseError for a field without a value, and
    ExpressionError where an expression or a template fails on real values.
    """
    compiler = _Compiler(names, config, folder, faults)
    if isinstance(content, str):
        return compiler.plain(content, place)
    if content.text is not None:
        return compiler.sheet(content.text, (*place, "text"), "", actions_index)
    if content.template is not None:
        at = (*place, "template")
        text = compiler.read(content.template, at)
        return None if text is None else compiler.sheet(text, at, content.template, actions_index)
    if content.edit is not None and content.set is not None:
        return compiler.edited(content, place)
    return compiler.namelist(content, place) if content.namelist is not None else None


def compile_name(name: str, names: Names, place: Place, faults: Faults) -> str | Callable[[Row, Row], str] | None:
    """Return the name of a file, or the function that makes it; None where problems were added to ``faults``.

    Its holes are over step, episode, seed and seat only. ``place`` is that of the key.
    """
    if "{" not in name and "}" not in name:
        return name
    known = len(faults.problems)
    template = faults.template(name, {each: names[each] for each in NAMING if each in names}, place, "", "utf-8")
    faults.problems[known:] = [_of_name(problem, names) for problem in faults.problems[known:]]
    if template is None:
        return None
    encode = template.encode
    if not template.uses and not template.uses_previous:
        return encode([], []).decode()
    return lambda row, previous: encode(row, previous).decode()


def _of_name(problem: Problem, names: Names) -> Problem:
    if problem.found not in names:
        return replace(problem, on="key")
    expected = "one of " + ", ".join(NAMING)
    return replace(problem, what="the name of a file cannot depend on this", expected=expected, near="", on="key")


class _Compiler:
    """Compiles contents over the names that are known in a phase."""

    def __init__(self, names: Names, config: Config, folder: Path | None, faults: Faults) -> None:
        self._names = names
        self._line_end = config.text.line_end
        self._inner = clean_encoding(config.text.encoding)
        self._outer = outgoing_encoding(config.text.encoding)
        self._folder = folder or Path()
        self._faults = faults

    def plain(self, text: str, place: Place) -> Template | None:
        """Return a template of `send` compiled, a line end added where there is none."""
        ended = not text or text.endswith(("\n", self._line_end or "\n"))
        template = self._faults.template(text, self._names, place, "" if ended else self._line_end, self._inner)
        if template is None or self._inner == self._outer:
            return template
        encode, inner, outer = template.encode, self._inner, self._outer
        return replace(template, encode=lambda row, previous: encode(row, previous).decode(inner).encode(outer))

    def sheet(self, text: str, place: Place, path: str, actions_index: int | None) -> Template | None:
        """Return a jinja2 template compiled; ``path`` is that of its file, or empty."""
        made = compile_sheet(text, self._names, place, path, self._outer, actions_index)
        if isinstance(made, Template):
            return made
        self._faults.problems += made
        return None

    def read(self, path: str, place: Place) -> str | None:
        """Return the text of a file beside the YAML; bytes that are no text become surrogates."""
        source, wanted = self._folder / path, "the path of a file, relative to this YAML"
        try:
            if source.is_file() and source.stat().st_size > _LARGEST:
                what = f"larger than {_LARGEST >> 20} MiB"
                self._problem(place, what, f"{source.stat().st_size} bytes", "a smaller deck")
                return None
            data = source.read_bytes()
        except (FileNotFoundError, IsADirectoryError) as error:
            what = "a folder" if isinstance(error, IsADirectoryError) else "no such file"
            self._problem(place, what, escaped(str(source)), wanted)
            return None
        except (OSError, ValueError) as error:
            self._problem(place, "cannot be read", f"{escaped(str(source))}: {escaped(str(error))}", wanted)
            return None
        return self._decoded(data, place)

    def _decoded(self, data: bytes, place: Place) -> str | None:
        try:
            text = data.decode(self._outer, "surrogateescape")
            if text.encode(self._outer, "surrogateescape") == data:
                return text
            found = "it would not be written as it was read"
        except UnicodeError as error:
            found = escaped(str(error))[:200]
        self._problem(place, f"no text in {self._outer}", found, "another `text: {encoding: ...}`, latin-1 say")
        return None

    def edited(self, content: Deck, place: Place) -> Template | None:
        """Return an existing deck compiled, cut at its places."""
        text = self.read(content.edit or "", (*place, "edit"))
        fillings, templates = [], []
        deck = wire_deck.Deck(text or "")
        for number, edit in enumerate(content.set or ()):
            at = (*place, "set", number)
            template = self._faults.template(edit.to, self._names, (*at, "to"), "", self._inner)
            if text is None or template is None:
                continue
            templates.append(template)
            try:
                fillings.append(wire_deck.Filling(find_spot(deck, edit), template.encode, edit.to))
            except wire_deck.PlaceProblem as problem:
                self._misplaced(problem, (*at, problem.key))
        if text is None or len(fillings) < len(content.set or ()):
            return None
        try:
            encode = wire_deck.compile_deck(deck, fillings, self._inner, self._outer)
        except wire_deck.PlaceProblem as problem:
            self._misplaced(problem, (*place, "set"))
            return None
        uses = frozenset[str]().union(*(template.uses for template in templates))
        return Template(encode, uses, frozenset[str]().union(*(template.uses_previous for template in templates)))

    def namelist(self, content: Deck, place: Place) -> Template | None:
        """Return a namelist compiled, a new one or one that is patched."""
        at = (*place, "namelist")
        base = None if content.patch is None else self.read(content.patch, (*place, "patch"))
        groups = {
            group: {name: self._elements(text, (*at, group, name)) for name, text in values.items()}
            for group, values in (content.namelist or {}).items()
        }
        known = {
            group: {name: each for name, each in values.items() if each is not None} for group, values in groups.items()
        }
        if known != groups or (base is None and content.patch is not None):
            return None
        try:
            encode = compile_namelist(known, base, self._inner, self._outer)
        except MissingPackage:
            cure = "pip install 'filebridge[fortran]'"
            self._problem(at, "needs the package f90nml", "it is not installed", cure)
            return None
        except wire_deck.PlaceProblem as problem:
            key = problem.key.split(".", 1) if problem.key else []
            self._misplaced(problem, (*at, *key) if key else (*place, "patch"))
            return None
        return _template(encode, [one for values in known.values() for each in values.values() for one in each])

    def _elements(self, text: str | list[str], place: Place) -> list[Expression] | None:
        """Return the expressions of one value of a namelist, several for an array; None where one is wrong."""
        places = [(text, place)] if isinstance(text, str) else [(one, (*place, n)) for n, one in enumerate(text)]
        made = [self._faults.expression(one, self._names, at, *_KINDS) for one, at in places]
        known = [each for each in made if each is not None]
        return known if len(known) == len(made) else None

    def _misplaced(self, problem: wire_deck.PlaceProblem, place: Place) -> None:
        self._problem(place, problem.what, problem.found, problem.expected, problem.near)

    def _problem(self, place: Place, what: str, found: str, expected: str, near: str = "") -> None:
        self._faults.problems.append(Problem(place, what, found, expected, near))


def _template(encode: Callable[[Row, Row], bytes], expressions: list[Expression]) -> Template:
    uses = frozenset[str]().union(*(each.uses for each in expressions))
    return Template(encode, uses, frozenset[str]().union(*(each.uses_previous for each in expressions)))

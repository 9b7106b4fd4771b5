"""Values of XML documents, by the path of an element or of its attribute (`xml`)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from filebridge.config.field import FieldModel
from filebridge.config.problems import nearest
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, escaped
from filebridge.wire.cleaner import clean_encoding
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.conversion import KINDS, conversion
from filebridge.wire.formats.pick import every_reading
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.markup import elements
from filebridge.wire.reading import Reading

__all__ = ["reader"]

_STEP = re.compile(r"([^\[\]/@]+?)(?:\[([1-9][0-9]{0,8})\])?")
_EXPECTED = "`state/position`, `state/item[2]`, `state/position@x`: names from the root on, a position, an attribute"
_CURE = "compare the path with what the simulator says; `filebridge probe` shows it"

_MORE = expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]

_Token = Callable[[ElementTree.Element], "bytes | None"]
_Trees = Sequence[ElementTree.Element]


@dataclass(frozen=True, slots=True)
class _Path:
    """Names from the root on, each with the position among its like or 0 for all, and the attribute or ""."""

    steps: tuple[tuple[str, int], ...]
    attribute: str


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of an `xml`: the text in an element or the value of an attribute, converted as `type` says.

    The path names the elements from the root on, whatever their namespaces. Where it leads to several, `pick` says
    which counts; with a `size` and without `pick: all`, the element holds so many numbers, between blanks or commas.
    An empty element is no number and no word. The message is one document, in the encoding that it declares, or several
    one after the other: the path begins at the root of each. Reading raises ParseError for what is no XML, for a
    document type (no entity is ever expanded but those of XML itself), for elements where a value should be, and for
    what is not of the field's type. Raises FieldProblem for the path.
    """
    path = _path(field.xml or "")
    word = field.type or "float"
    # Values come as text, whatever the encoding of the document was.
    convert, kind = conversion(name, word, field, text.model_copy(update={"encoding": "utf-8"})), KINDS[word]
    trees_of = _documents(_declared(text)).trees_of
    token_of = _token(name, path.attribute, kind)

    def tokens(message: bytes) -> list[bytes]:
        found = map(token_of, _found(trees_of(message, name), path.steps))
        return [token for token in found if token is not None and (kind is Kind.TEXT or token.strip())]

    def missing(message: bytes) -> str:
        return _missing(trees_of(message, name), path)

    if field.pick not in ("first", "last"):
        every = every_reading(name, field, kind, convert, tokens)
        return Reading(every.read, every.kind, every.length, missing=missing)
    index, length = 0 if field.pick == "first" else -1, field.size or 0
    value_of: Callable[[bytes], Any] = convert
    if length:
        if kind not in (Kind.NUMBER, Kind.INTEGER):
            raise FieldProblem("size", f"several values of {kind.value}", found=word, expected="float or int as `type`")
        value_of, kind = _numbers(name, length, convert, text.decimal), Kind.VECTOR

    def read(message: bytes) -> Any:
        found = tokens(message)
        return value_of(found[index]) if found else None

    return Reading(read, kind, length, missing=missing)


def _path(source: str) -> _Path:
    elements, mark, attribute = source.strip().strip("/").partition("@")
    steps = [_STEP.fullmatch(step) for step in elements.split("/")]
    if (mark and not attribute.strip()) or "/" in attribute or not all(steps):
        raise FieldProblem("xml", "no path of an element", found=source, expected=_EXPECTED)
    # A prefix is short for a namespace, and those do not count.
    names = [(step[1].strip().rpartition(":")[2], int(step[2] or 0)) for step in steps if step]
    return _Path(tuple(names), attribute.strip().rpartition(":")[2])


def _declared(text: Text) -> str | None:
    """Return the encoding of documents, None where they say it themselves."""
    # The cleaner has made UTF-8 of what the documents still declare to be something else.
    translated = clean_encoding(text.encoding) == "utf-8" and codecs.lookup(text.encoding).name not in _UTF_8
    return "utf-8" if translated else None


_UTF_8 = ("utf-8", "utf-8-sig")


def _local(tag: str) -> str:
    """Return the name of an element or attribute without its namespace."""
    return tag.rpartition("}")[2]


def _found(roots: _Trees, steps: Iterable[tuple[str, int]]) -> list[ElementTree.Element]:
    level: Iterable[ElementTree.Element] = roots
    chosen: list[ElementTree.Element] = []
    for number, (tag, position) in enumerate(steps):
        groups = [level] if number == 0 else chosen
        chosen = [element for group in groups for element in _named(group, tag, position)]
    return chosen


def _named(elements: Iterable[ElementTree.Element], tag: str, position: int) -> Iterator[ElementTree.Element]:
    count = 0
    for element in elements:
        if element.tag == tag or _local(element.tag) == tag:
            count += 1
            if position in (0, count):
                yield element


def _token(name: str, attribute: str, kind: Kind) -> _Token:
    if attribute:
        return lambda element: _attribute(element, attribute)

    def content(element: ElementTree.Element) -> bytes | None:
        if len(element) and kind is not Kind.TEXT:
            found = ", ".join(f"<{escaped(_local(child.tag), 40)}>" for child in element[:10])
            raise ParseError(f"field {name} is elements, not a value", found=found, cure="add one of them to the path")
        return "".join(element.itertext()).encode()

    return content


def _attribute(element: ElementTree.Element, attribute: str) -> bytes | None:
    value = element.get(attribute)
    if value is None:
        value = next((element.attrib[key] for key in element.attrib if _local(key) == attribute), None)
    return None if value is None else value.encode()


def _numbers(name: str, size: int, convert: Callable[[bytes], Any], decimal: str) -> Callable[[bytes], Any]:
    comma = b"," if decimal == "." else b";"

    def vector(token: bytes) -> Any:
        numbers = token.replace(comma, b" ").split()
        if len(numbers) == size:
            return tuple(map(convert, numbers))
        what = f"field {name} is {len(numbers)} numbers, not {size}"
        raise ParseError(what, found=escaped(token, 200), cure=f"set `size: {len(numbers)}` if that is right")

    return vector


def _missing(roots: _Trees, path: _Path) -> str:
    """Return in words where the path ends; "" where it leads to something empty."""
    above: list[ElementTree.Element] = []
    for number, (tag, position) in enumerate(path.steps):
        found = _found(roots, path.steps[: number + 1])
        if not found:
            if not number:
                return f"{_roots(roots)}, not {_step(tag, position)}"
            where = "/".join(f"{step}[{place}]" if place else step for step, place in path.steps[:number])
            known = [_local(child.tag) for element in above for child in element]
            return f"no {_step(tag, position)} in {escaped(where, 200)}{_known(tag, known)}"
        above = found
    if not path.attribute:
        return ""
    known = [_local(key) for element in above for key in element.attrib]
    return "" if path.attribute in known else f"no attribute `{escaped(path.attribute, 80)}`" + _known(
        path.attribute, known
    )


def _roots(roots: _Trees) -> str:
    names = [f"<{escaped(name, 80)}>" for name in dict.fromkeys(_local(root.tag) for root in roots)]
    if len(names) == 1:
        return f"the root is {names[0]}" if len(roots) == 1 else f"each of the {len(roots)} roots is {names[0]}"
    return "the roots are " + ", ".join(names[:10])


def _step(tag: str, position: int) -> str:
    return f"<{escaped(tag, 80)}>" + (f" number {position}" if position else "")


def _known(name: str, names: list[str]) -> str:
    known = list(dict.fromkeys(names))
    near = nearest(name, known)
    listed = ", ".join(escaped(part, 40) for part in known[:10]) or "nothing"
    return f" (it has {listed})" + (f"; did you mean `{escaped(near, 80)}`?" if near and near != name else "")


class _Builder(ElementTree.TreeBuilder):
    """Builds the tree; told of a document type before anything within it is looked at, it refuses."""

    def doctype(self, name: str, pubid: str, system: str) -> None:
        raise _DocumentTypeError


class _DocumentTypeError(Exception):
    """A document has a document type, in which entities could be declared."""


class _Documents:
    """The trees of messages; those of the last one are kept, since several fields read the same message.

    It is known again by the identity of the bytes, which the pair of both holds alive; the pair is replaced as a
    whole, so that two threads at worst parse twice. Trees are never changed.
    """

    def __init__(self, encoding: str | None) -> None:
        self._encoding = encoding
        self._last: tuple[bytes | None, _Trees] = (None, ())
        self._parts: dict[bytes, ElementTree.Element] = {}

    def trees_of(self, message: bytes, name: str) -> _Trees:
        last = self._last
        if last[0] is message:
            return last[1]
        trees = self._parsed(message, name)
        self._last = (message, trees)
        return trees

    def _parsed(self, message: bytes, name: str) -> _Trees:
        try:
            return (self._tree(message, name),)
        except ParseError as exc:
            # Only now is it worth to see whether another document stands behind the first one.
            cause = exc.__cause__
            parts = elements(message) if isinstance(cause, ElementTree.ParseError) and cause.code == _MORE else []
            if len(parts) < 2:
                raise
        return self._trees(parts, name)

    def _trees(self, parts: Sequence[bytes], name: str) -> _Trees:
        """Return the trees of documents; those that were gathered before are not parsed again."""
        known = self._parts
        trees = {part: known[part] if part in known else self._tree(part, name) for part in dict.fromkeys(parts)}
        self._parts = trees
        return [trees[part] for part in parts]

    def _tree(self, message: bytes, name: str) -> ElementTree.Element:
        parser = ElementTree.XMLParser(target=_Builder(), encoding=self._encoding)  # noqa: S314  # the builder takes no DTD
        try:
            parser.feed(message.lstrip())
            root: ElementTree.Element = parser.close()
        except _DocumentTypeError as exc:
            what = f"field {name} is read from XML with a document type, which is not taken"
            cure = "let the simulator write it without <!DOCTYPE>, or read the values by `find`"
            raise ParseError(what, found=escaped(message[:200]), cure=cure) from exc
        except (ElementTree.ParseError, ValueError, LookupError) as exc:
            what = f"field {name} is read from what is no XML: {escaped(str(exc), 200)}"
            raise ParseError(what, found=escaped(message, 200) or "an empty reply", cure=_CURE) from exc
        return root


@cache
def _documents(encoding: str | None) -> _Documents:
    return _Documents(encoding)

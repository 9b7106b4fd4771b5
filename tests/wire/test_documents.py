"""Documents in a stream: each ends where its own structure says, however the bytes are cut."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.errors import Desync
from filebridge.wire.documents import document_cut
from filebridge.wire.ending import Received

JSON = (
    b' {"a": "x}\\"{", "b": [1, {"c": {"d": 2}}], "e": "\\\\"}\n[1, "]", {"x": "["}] 12.5 -1e5\ttrue\n"s\\"}t" '
    b'\x1e{}\n[] {"f": {"g": "}"}}{"h":1}'
)
JSON_MESSAGES = [
    b'{"a": "x}\\"{", "b": [1, {"c": {"d": 2}}], "e": "\\\\"}', b'[1, "]", {"x": "["}]', b"12.5", b"-1e5", b"true",
    b'"s\\"}t"', b"{}", b"[]", b'{"f": {"g": "}"}}', b'{"h":1}',
]  # fmt: skip
XML = (
    b"<?xml version='1.0'?>\n<!DOCTYPE a [ <!-- it's \"here> --> <?p don't > ?> <!ENTITY x 'a>b'> ]>\n<!-- <b> -->"
    b"<a x=\"1>2\" y='\"/>'><b/><![CDATA[</a>]]]>t<?p >?><!-- </a> --><c>d</c ></a>\n <e/> <f a='1'></f >\n"
    b"<g><g><g/></g></g><n:h xmlns:n='u'/>"
)
XML_MESSAGES = [
    b"<a x=\"1>2\" y='\"/>'><b/><![CDATA[</a>]]]>t<?p >?><!-- </a> --><c>d</c ></a>", b"<e/>", b"<f a='1'></f >",
    b"<g><g><g/></g></g>", b"<n:h xmlns:n='u'/>",
]  # fmt: skip


def messages(cut, data, sizes):
    """Return the messages in ``data``, which comes in pieces of these sizes, over and over, and what is left."""
    found, pending, searched, at, turn = [], b"", 0, 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        chunk, at, turn = data[at : at + size], at + size, turn + 1
        if pending:
            pending = pending if isinstance(pending, Received) else Received(pending)
            pending += chunk
        else:
            pending = chunk
        while pending and (end := cut(pending, searched)) is not None:
            found.append(end[1].text(pending, end[0]))
            pending, searched = pending[end[0] :], 0
        searched = len(pending)
    return found, bytes(pending)


@pytest.mark.parametrize(
    ("kind", "data", "expected"), [("json", JSON, JSON_MESSAGES), ("xml", XML, XML_MESSAGES)], ids=["json", "xml"]
)
def test_every_way_of_cutting_gives_the_same_messages(kind, data, expected):
    for first in range(1, len(data) + 1):
        assert messages(document_cut(kind), data, [first, len(data)]) == (expected, b"")
        assert messages(document_cut(kind), data, [first]) == (expected, b"")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=12)


@given(st.lists(VALUES, min_size=1, max_size=4), st.booleans(), SIZES)
def test_json_that_was_written_is_cut_into_its_values(values, pretty, sizes):
    texts = [json.dumps(value, indent=2 if pretty else None).encode() for value in values]
    assert messages(document_cut("json"), b"\n".join(texts) + b"\n", sizes)[0] == texts


TREES = st.recursive(
    st.text("a<&>]-\"' \n", max_size=6).map(lambda text: escape(text).encode()) | st.just(b"<!-- > <a> -->"),
    lambda inner: st.tuples(st.lists(inner, max_size=3), st.text("a<&>\"'", max_size=4)).map(
        lambda parts: b"<t a=%s>%s</t>" % (quoteattr(parts[1]).encode(), b"".join(parts[0])) if parts[0] else b"<t/>"
    ),
    max_leaves=8,
)


@given(st.lists(TREES.map(lambda inner: b"<r>%s</r>" % inner), min_size=1, max_size=3), SIZES)
def test_xml_that_was_written_is_cut_into_its_elements(texts, sizes):
    assert messages(document_cut("xml"), b"\n".join(texts) + b"\n", sizes)[0] == texts


@pytest.mark.parametrize(("kind", "document"), [
    ("json", b"[" + b'{"name": "a\\"b", "v": [1.5]}, ' * 3000 + b"0]"),
    ("json", b'{"a": "' + b"\\n" * 50_000 + b'"}'),
    ("xml", b"<r>" + b'<v n="1">2</v>' * 6000 + b"</r>"),
    ("xml", b'<r a="' + b"y" * 50_000 + b'"><![CDATA[' + b"]" * 40_000 + b"]]></r>"),
], ids=["many objects", "a long string", "many elements", "long quotations"])  # fmt: skip
def test_what_was_looked_at_once_is_not_looked_at_again(kind, document):
    cut, data = document_cut(kind), Received(document[:2])
    for size in range(2, len(document)):
        assert cut(data, size - 1) is None
        # All but the few bytes of a mark that may have been cut; a second look at what was there would be misled.
        data[max(0, size - 2000) : max(0, size - 9)] = b"\0" * (max(0, size - 9) - max(0, size - 2000))
        data += document[size : size + 1]
    assert cut(data, len(document))[0] == len(document)


def test_a_number_ends_only_with_what_follows_it():
    cut = document_cut("json")
    assert cut(b"12", 0) is None
    assert cut(b"12 ", 0)[0] == 3
    assert messages(cut, b"1 2\n3", [9]) == ([b"1", b"2"], b"3")


@pytest.mark.parametrize(("kind", "data", "found"), [
    ("json", b"ready: 3\n{}\n", "ready"),
    ("json", b"}{}\n", "}"),
    ("xml", b"hello <a/>", "hello"),
    ("xml", b"</b><a/>", "</b>"),
])  # fmt: skip
def test_what_is_no_document_is_refused(kind, data, found):
    with pytest.raises(Desync) as caught:
        messages(document_cut(kind), data, [len(data)])
    assert caught.value.what == f"what stands between two documents is no {kind.upper()}"
    assert caught.value.found.startswith(found)
    assert caught.value.cure == (
        "correct `document`; or say `leftover: drop` where the program says other things in between"
    )


@pytest.mark.parametrize(("kind", "data", "expected"), [
    ("json", b"log: what, is } this\n" * 5000 + b'{"a": 1}\nbye\n', [b'{"a": 1}']),
    ("xml", b"hello </b> you <a/>", [b"<a/>"]),
])  # fmt: skip
def test_or_dropped(kind, data, expected):
    for size in (1, 7, len(data)):
        assert messages(document_cut(kind, strict=False), data, [size])[0] == expected

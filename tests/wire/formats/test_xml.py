"""Values of XML documents."""

import pytest

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.formats.xml import reader

DOCUMENT = b"""
<?xml version="1.0" encoding="UTF-8"?>
<!-- step 7 -->
<state t="1.5D+03" xmlns:p="urn:plant">
  <position frame="ned" x="-2">1.0, 2.0 3.5</position>
  <item>1</item>
  <group id="3"><item>10</item><item/></group>
  <group><item>20</item><item> 30 </item></group>
  <item>2</item>
  <p:speed p:unit="m/s">4.5</p:speed>
  <ready>true</ready>
  <mode>auto &lt;b&gt; <b>now</b>!</mode>
  <empty/><blank> </blank>
  <stars>****</stars>
</state>
"""


def reading(path, text=None, **keys):
    field = FieldModel.model_validate({"xml": path, **keys})
    return reader("level", field, Text.model_validate(text or {}))


def value(path, message=DOCUMENT, text=None, **keys):
    return reading(path, text, **keys).read(message)


@pytest.mark.parametrize(
    ("path", "keys", "expected"),
    [
        ("state/item", {}, 2.0),
        ("/state/item/", {}, 2.0),
        ("state/item", {"pick": "first", "type": "int"}, 1),
        ("state/item[1]", {}, 1.0),
        ("state/item[3]", {}, None),
        ("state/item", {"pick": "sum"}, 3.0),
        ("state/item", {"pick": "all", "size": 2}, (1.0, 2.0)),
        ("state/item", {"pick": "count"}, 2),
        ("state/group/item", {}, 30.0),
        ("state/group/item", {"pick": "all", "size": 3}, (10.0, 20.0, 30.0)),
        ("state/group/item[1]", {"pick": "sum", "type": "int"}, 30),
        ("state/group[2]/item[2]", {}, 30.0),
        ("state/group[1]/item[2]", {}, None),
        ("state/group[1]/item[2]", {"type": "text"}, ""),
        ("state/group", {"pick": "count", "type": "text"}, 2),
        ("state/group@id", {"pick": "first"}, 3.0),
        ("state/group[2]@id", {}, None),
        ("state@t", {}, 1500.0),
        ("state/position@x", {}, -2.0),
        ("state/position@frame", {"type": "word"}, "ned"),
        ("state/position", {"size": 3}, (1.0, 2.0, 3.5)),
        ("state/speed", {}, 4.5),
        ("state/p:speed@p:unit", {"type": "word"}, "m/s"),
        ("state/ready", {"type": "flag"}, True),
        ("state/mode", {"type": "text"}, "auto <b> now!"),
        ("state/mode/b", {"type": "word"}, "now"),
        ("state/empty", {}, None),
        ("state/blank", {}, None),
        ("state/blank", {"type": "text"}, " "),
        ("state/stars", {"overflow": 9}, 9.0),
        ("state/missing", {}, None),
        ("state/missing", {"pick": "count"}, 0),
        ("state/missing", {"pick": "all", "size": 2}, None),
        ("reply/item", {}, None),
    ],
)
def test_values(path, keys, expected):
    found = value(path, **keys)
    assert found == expected
    assert type(found) is type(expected)


def test_kinds_and_lengths():
    kinds = [reading("a", type=word).kind for word in ("float", "hex", "flag", "text")]
    assert kinds == [Kind.NUMBER, Kind.INTEGER, Kind.FLAG, Kind.TEXT]
    vector = reading("a", size=3)
    assert (vector.kind, vector.length) == (Kind.VECTOR, 3)


def test_documents_are_read_in_the_encoding_that_they_declare():
    document = '<?xml version="1.0" encoding="{}"?><größe wert="5">3 °</größe>'
    for encoding in ("utf-8", "iso-8859-1", "utf-16"):
        message = document.format(encoding).encode(encoding)
        assert value("größe", message, type="text") == "3 °"
        assert value("größe@wert", message) == 5.0
    assert value("größe", document.format("utf-8").encode(), {"encoding": "latin-1"}, type="text") == "3 °"


def test_a_declaration_does_not_count_where_the_text_was_translated():
    message = '<?xml version="1.0" encoding="utf-16"?><a>°</a>'.encode()
    assert value("a", message, {"encoding": "utf-16"}, type="text") == "°"


def test_a_default_namespace_does_not_count():
    assert value("a/b", b'<a xmlns="urn:x"><b>5</b></a>') == 5.0


def test_a_decimal_comma():
    message = b"<a>1,5; 2,5</a>"
    assert value("a", message, {"decimal": ","}, size=2) == (1.5, 2.5)


def test_trees_of_another_message_are_not_kept():
    first, second = b"<a>1</a>", b"<a>2</a>"
    assert [value("a", message) for message in (first, second, second, first)] == [1.0, 2.0, 2.0, 1.0]


@pytest.mark.parametrize(
    "message",
    [
        b'<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>',
        b'<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "file:///etc/passwd"><a>1</a>',
        b"<!DOCTYPE a><a>1</a>",
        '<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'.encode("utf-16"),
    ],
)
def test_document_types_are_refused(message):
    with pytest.raises(ParseError) as caught:
        value("a", message, type="text")
    assert caught.value.what == "field level is read from XML with a document type, which is not taken"
    assert caught.value.cure == "let the simulator write it without <!DOCTYPE>, or read the values by `find`"


@pytest.mark.parametrize(
    ("message", "why", "found"),
    [
        (b"<a>1</b>", "mismatched tag: line 1, column 6", "<a>1</b>"),
        (b"<a>&b;</a>", "undefined entity: line 1, column 3", "<a>&b;</a>"),
        (b"<a>1", "no element found: line 1, column 4", "<a>1"),
        (b"", "no element found: line 1, column 0", "an empty reply"),
        (b"x = 1", "syntax error: line 1, column 0", "x = 1"),
        (b"<a>\xff</a>", "not well-formed (invalid token): line 1, column 3", "<a>\\xff</a>"),
        (b'<?xml version="1.0" encoding="no"?><a/>', "unknown encoding: no", '<?xml version="1.0" encoding="no"?><a/>'),
    ],
)
def test_broken_xml_is_refused(message, why, found):
    with pytest.raises(ParseError) as caught:
        value("a", message)
    assert str(caught.value) == (
        f"field level is read from what is no XML: {why}\n  found: {found}\n"
        "  cure: compare the path with what the simulator says; `filebridge probe` shows it"
    )


@pytest.mark.parametrize(
    ("path", "keys", "what", "found"),
    [
        ("state/mode/b", {}, "is not a number", "now"),
        ("state/position", {}, "is not a number", "1.0, 2.0 3.5"),
        ("state/position", {"size": 2}, "is 3 numbers, not 2", "1.0, 2.0 3.5"),
        ("state/stars", {}, "did not fit the width in which it is printed", "****"),
        ("state/mode", {}, "is elements, not a value", "<b>"),
        ("state/group", {"type": "int"}, "is elements, not a value", "<item>, <item>"),
        ("state/group/item", {"pick": "all", "size": 2}, "occurs 3 times, not 2 times", "3 values"),
    ],
)
def test_other_values_are_refused(path, keys, what, found):
    with pytest.raises(ParseError) as caught:
        value(path, **keys)
    assert (caught.value.what, caught.value.found) == (f"field level {what}", found)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("reply/item", "the root is <state>, not <reply>"),
        ("state[2]/item", "the root is <state>, not <state> number 2"),
        (
            "state/itm",
            "no <itm> in state (it has position, item, group, speed, ready, mode, empty, blank, stars);"
            " did you mean `item`?",
        ),
        ("state/group/item[3]", "no <item> number 3 in state/group (it has item)"),
        ("state/group[2]/x", "no <x> in state/group[2] (it has item)"),
        ("state/item/x", "no <x> in state/item (it has nothing)"),
        ("state/position@y", "no attribute `y` (it has frame, x)"),
        ("state/empty", ""),
        ("state@t", ""),
    ],
)
def test_what_is_missing_is_said(path, expected):
    assert reading(path).missing(DOCUMENT) == expected


def test_deep_documents_end_in_a_value_or_an_error():
    deep = b"<a>" * 50_000 + b"5" + b"</a>" * 50_000
    assert value("a/a", deep, type="text") == "5"


@pytest.mark.parametrize("path", ["@x", "a//b", "a/b[0]", "a/b[x]", "a[1][2]", "a@", "a@x/b", "/", "a/[2]"])
def test_impossible_paths_are_refused_at_load_time(path):
    with pytest.raises(FieldProblem) as caught:
        reading(path)
    assert str(caught.value) == (
        f"xml: no path of an element\n  found: {path}\n"
        "  expected: `state/position`, `state/item[2]`, `state/position@x`: names from the root on, a position,"
        " an attribute"
    )


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            {"size": 3, "type": "word"},
            "size: several values of text\n  found: word\n  expected: float or int as `type`",
        ),
        ({"pick": "all"}, "pick: all, without a number of values\n  found: all\n  expected: `size` beside it"),
        (
            {"pick": "sum", "type": "flag"},
            "pick: sum of a flag\n  expected: a single number for each occurrence",
        ),
    ],
)
def test_impossible_keys_are_refused_at_load_time(keys, expected):
    with pytest.raises(FieldProblem) as caught:
        reading("a", **keys)
    assert str(caught.value) == expected


EVENTS = b"""<event name="ARRIVE"><cost>0.5</cost></event>
<?xml version="1.0" encoding="UTF-8"?>
<!-- a <job> waits -->
<event name="START"/><p:event name="DECIDE" xmlns:p="urn:shop"><cost>2</cost><cost>1</cost></p:event>

<?xml version="1.0" encoding="ISO-8859-1"?><note>\xe9</note>
<event name="ARRIVE"><cost>0.5</cost></event>
<!-- the end -->
"""


@pytest.mark.parametrize(
    ("path", "keys", "expected"),
    [
        ("event/cost", {}, 0.5),
        ("event/cost", {"pick": "first"}, 0.5),
        ("event/cost", {"pick": "sum"}, 4.0),
        ("event/cost", {"pick": "count"}, 4),
        ("event/cost", {"pick": "all", "size": 4}, (0.5, 2.0, 1.0, 0.5)),
        ("event/cost[2]", {}, 1.0),
        ("event[3]/cost[1]", {}, 2.0),
        ("event[2]/cost", {}, None),
        ("event@name", {"type": "word"}, "ARRIVE"),
        ("event[3]@name", {"type": "word"}, "DECIDE"),
        ("event@name", {"type": "word", "pick": "count"}, 4),
        ("note", {"type": "text"}, "é"),
        ("cost", {"pick": "count"}, 0),
    ],
)
def test_several_documents(path, keys, expected):
    assert value(path, EVENTS, **keys) == expected


def test_what_is_missing_in_several_documents():
    assert reading("cost").missing(EVENTS) == "the roots are <event>, <note>, not <cost>"
    assert reading("cost").missing(b"<a/><a/>") == "each of the 2 roots is <a>, not <cost>"
    assert reading("event/price").missing(EVENTS) == "no <price> in event (it has cost)"


def test_documents_that_were_gathered_before_are_known_again():
    field, events = reading("a", pick="sum"), [b"<a>%d</a>\n" % number for number in range(9)]
    sums = [field.read(b"".join(events[: count + 1])) for count in range(9)]
    assert sums == [0, 1, 3, 6, 10, 15, 21, 28, 36]
    assert field.read(b"".join(events[::-2])) == 20


@pytest.mark.parametrize(
    ("message", "why", "found"),
    [
        (b"<a>1</a>x", "junk after document element: line 1, column 8", "<a>1</a>x"),
        (b"<a>1</a></b>", "not well-formed (invalid token): line 1, column 9", "<a>1</a></b>"),
        (b"<a>1</a>\n<a>2</b>\n<a>3</a>", "mismatched tag: line 1, column 6", "<a>2</b>"),
        (b"<a>1</a>x<a>2</a>", "not well-formed (invalid token): line 1, column 9", "<a>1</a>x<a>2</a>"),
        (b"<a>1</a>\n<a>2", "no element found: line 1, column 4", "<a>2"),
        (b"<a>1</a><a>2</a>x", "junk after document element: line 1, column 8", "<a>2</a>x"),
    ],
)
def test_all_documents_must_be_whole(message, why, found):
    with pytest.raises(ParseError) as caught:
        value("a", message)
    assert (caught.value.what, caught.value.found) == (f"field level is read from what is no XML: {why}", found)


def test_a_document_type_behind_another_document_is_refused():
    with pytest.raises(ParseError, match="a document type, which is not taken"):
        value("a", b'<a>1</a>\n<!DOCTYPE a [<!ENTITY b "2">]><a>&b;</a>')

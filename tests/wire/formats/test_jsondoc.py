import json
import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import DecodeError, ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.jsondoc import reader
from filebridge.wire.formats.problem import FieldProblem

STATE = (
    b'{"t": 3, "pos": [1, 2.5, -3], "a/b": {"m~n": 7.5}, "on": true, "name": "x\\u00e9",'
    b' "no": null, "": 9, "mask": "0x1F"}'
)


def reading(pointer="/v", text=None, **keys):
    return reader("speed", FieldModel.model_validate({"json": pointer, **keys}), Text.model_validate(text or {}))


def value(message, pointer="/v", text=None, **keys):
    return reading(pointer, text, **keys).read(message)


@pytest.mark.parametrize(
    ("pointer", "keys", "expected"),
    [
        ("/t", {}, 3.0),
        ("/t", {"type": "int"}, 3),
        ("/pos/1", {}, 2.5),
        ("/pos/0", {"type": "int"}, 1),
        ("/pos", {"size": 3}, [1.0, 2.5, -3.0]),
        ("/a~1b/m~0n", {}, 7.5),
        ("/on", {"type": "flag"}, True),
        ("/name", {"type": "text"}, "xé"),
        ("/", {}, 9.0),
        ("/mask", {"type": "hex"}, 31),
        ("/no", {}, None),
        ("/none", {}, None),
        ("/t/x", {}, None),
        ("/pos/3", {}, None),
        ("/pos/01", {}, None),
        ("/pos/-", {}, None),
        ("/pos/x", {}, None),
    ],
)
def test_values_at_pointers(pointer, keys, expected):
    found = value(STATE, pointer, **keys)
    assert found == expected
    assert type(found) is type(expected)


def test_kinds():
    kinds = [reading(type=word).kind for word in ("float", "int", "flag", "word")]
    assert kinds == [Kind.NUMBER, Kind.INTEGER, Kind.FLAG, Kind.TEXT]
    assert (reading(size=3).kind, reading(size=3).length) == (Kind.VECTOR, 3)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b'{"v": 1}\n{"v": 2}\n', 2.0),
        (b'[info] start\n{"v": 2}\n[info] done\nBURN? ', 2.0),
        (b'text\n{\n  "v": 2,\n  "w": [\n    1\n  ]\n}\n> ', 2.0),
        (b'{\n"w": [\n[\n1\n],\n[\n2\n]\n],\n"v": 2\n}\n', 2.0),
        (b'  {"v": 2}  \n', 2.0),
        (b"no document at all\n", None),
        (b"", None),
        (b"\n", None),
        (b"[info]", None),
    ],
)
def test_the_last_document_of_a_message(message, expected):
    assert value(message) == expected


def test_a_document_may_be_a_value_by_itself():
    assert value(b" 3.5\n", "") == 3.5
    assert value(b"true", "", type="flag") is True
    assert value(b"[1, 2]\n", "", size=2) == [1.0, 2.0]


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (b'{"v": 1}\n{"v": 2', "broken JSON: Expecting ',' delimiter, line 2, column 8"),
        (
            b'{"v": 1}\n{v: 2}\n',
            "broken JSON: Expecting property name enclosed in double quotes, line 2, column 2",
        ),
        (b'{"v": 1} 2\n', "broken JSON: other text behind the document, line 1, column 9"),
        (b'{"v": 1}\n{"v": 2, "v": 3}', "broken JSON: the key v given twice"),
        (b'{"v": 01}', "broken JSON: Expecting ',' delimiter, line 1, column 8"),
        (b"[" * 100_000, "JSON that is nested too deeply"),
    ],
)
def test_broken_documents_are_refused(message, what):
    with pytest.raises(ParseError) as caught:
        value(message)
    assert caught.value.what == f"field speed is read from {what}"


def test_a_number_of_thousands_of_digits_is_refused():
    with pytest.raises(ParseError, match="field speed is "):
        value(b'{"v": ' + b"9" * 10_000 + b"}")


@pytest.mark.parametrize(
    ("json_value", "keys", "what", "found"),
    [
        (b"true", {}, "not a finite number", "true"),
        (b"true", {"type": "int"}, "not a whole number of 64 bits", "true"),
        (b'"1.5"', {}, "not a finite number", '"1.5"'),
        (b"1e999", {}, "not a finite number", "Infinity"),
        (b"NaN", {}, "not a finite number", "NaN"),
        (b"1.5", {"type": "int"}, "not a whole number of 64 bits", "1.5"),
        (b"9223372036854775808", {"type": "int"}, "not a whole number of 64 bits", "9223372036854775808"),
        (b"1", {"type": "flag"}, "not true or false", "1"),
        (b"1", {"type": "text"}, "not a text", "1"),
        (b"1", {"type": "hex"}, "not a text", "1"),
        (b"{}", {}, "not a finite number", "an object"),
        (b"[1, 2]", {}, "an array, not a single value", "an array of 2"),
        (b"[1, 2]", {"size": 3}, "an array of 2, not of 3", "an array of 2"),
        (b"1", {"size": 3}, "not an array of 3 numbers", "1"),
        (b"[[1], [2]]", {"size": 2}, "an array of arrays", "an array of 2"),
        (b"[1, null]", {"size": 2}, "not a finite number", "null"),
        (b'"\\u001b[0m"', {}, "not a finite number", '"\\\\u001b[0m"'),
    ],
)
def test_values_of_another_type_are_refused(json_value, keys, what, found):
    with pytest.raises(ParseError) as caught:
        value(b'{"v": ' + json_value + b"}", **keys)
    assert (caught.value.what, caught.value.found) == (f"field speed is {what}", found)
    assert caught.value.cure


def test_an_array_without_size_says_what_to_write():
    with pytest.raises(ParseError) as caught:
        value(b'{"v": [1, 2]}')
    assert str(caught.value) == (
        "field speed is an array, not a single value\n  found: an array of 2\n"
        "  cure: set `size: 2`, or add an index to the pointer"
    )


def test_a_whole_number_greater_than_any_float_is_refused():
    with pytest.raises(ParseError, match="field speed is not a finite number"):
        value(b'{"v": 1' + b"0" * 400 + b"}")
    assert value(b'{"v": 1e3}', type="int") == 1000


def test_nan_and_infinity_on_demand():
    assert math.isnan(value(b'{"v": NaN}', allow_nan=True))
    assert value(b'{"v": [-Infinity, 1]}', size=2, allow_nan=True) == [-math.inf, 1.0]


def test_encodings():
    assert value('{"v": "é"}'.encode("latin-1"), text={"encoding": "latin-1"}, type="text") == "é"
    assert value(b'{"v": 1, "w": "\xff"}', text={"errors": "replace"}) == 1.0
    with pytest.raises(DecodeError, match="field speed is read from what is no text in utf-8, from byte 16"):
        value(b'{"v": 1, "w": "\xff"}')


@pytest.mark.parametrize(
    ("pointer", "keys", "expected"),
    [
        ("v/w", {}, "json: a JSON pointer begins with a slash\n  found: v/w\n  expected: `/v/w`"),
        (
            "/a~b",
            {},
            "json: a tilde by itself\n  found: /a~b\n  expected: `~0` for a tilde within a name, `~1` for a slash",
        ),
        (
            "/v",
            {"size": 3, "type": "word"},
            "size: an array of text\n  found: word\n  expected: float or int as the field's type",
        ),
    ],
)
def test_what_is_no_pointer_is_refused_at_load_time(pointer, keys, expected):
    with pytest.raises(FieldProblem) as caught:
        reading(pointer, **keys)
    assert str(caught.value) == expected


def test_several_fields_share_one_document_and_never_that_of_another_message():
    first, second = reading("/v"), reading("/w")
    for number in range(50):
        message = json.dumps({"v": number, "w": -number}).encode()
        assert (first.read(message), second.read(message)) == (number, -number)


def test_threads_do_not_see_one_another_s_documents():
    read, wrong = reading("/v").read, []

    def many(number):
        for _ in range(2000):
            if read(b'{"v": %d}' % number) != number:
                wrong.append(number)

    threads = [threading.Thread(target=many, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@given(st.dictionaries(st.text(max_size=8), st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.data())
def test_every_member_is_found(members, data):
    key = data.draw(st.sampled_from(sorted(members)))
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    indent = data.draw(st.sampled_from([None, 0, 2]))
    assert value(json.dumps(members, indent=indent).encode(), pointer) == members[key]


@pytest.mark.parametrize(
    ("pointer", "message", "why"),
    [
        ("/state/poss", b'{"state": {"t": 1, "pos": 2, "ok": 3}}',
         "no key `poss` in /state (it has t, pos, ok); did you mean `pos`?"),
        ("/stat/pos", b'{"state": 1}', "no key `stat` in / (it has state); did you mean `state`?"),
        ("/a/b", b'{"a": {}}', "no key `b` in /a (it has no key)"),
        ("/a/3", b'{"a": [1, 2]}', "no element `3` in /a (an array of 2)"),
        ("/a/b", b'{"a": 5}', "no key `b` in /a (which is no object)"),
        ("/a", b"hello", "no key `a` in / (there is no JSON in the reply)"),
        ("/a", b'{"a": null}', ""),
    ],
)  # fmt: skip
def test_what_the_pointer_does_not_lead_to(pointer, message, why):
    field = reader("x", FieldModel.model_validate({"json": pointer}), Text())
    assert field.read(message) is None
    assert field.missing(message) == why


EVENTS = b"""{"event": "ARRIVE", "cost": 0.5, "at": [1, 2]}
[info] one waits
{
 "event": "START",
 "jobs": [
[1, 2],
[3]
]}
{"event": "DECIDE", "cost": 2, "no": null}
{"event": "DONE", "cost": 0.25, "no": 3}
"""


@pytest.mark.parametrize(
    ("pointer", "keys", "expected"),
    [
        ("/cost", {}, 0.25),
        ("/cost", {"pick": "last"}, 0.25),
        ("/cost", {"pick": "first"}, 0.5),
        ("/cost", {"pick": "sum"}, 2.75),
        ("/cost", {"pick": "all", "size": 3}, (0.5, 2.0, 0.25)),
        ("/cost", {"pick": "count"}, 3),
        ("/no", {"pick": "first", "type": "int"}, 3),
        ("/no", {"pick": "sum", "type": "int"}, 3),
        ("/event", {"pick": "first", "type": "word"}, "ARRIVE"),
        ("/event", {"pick": "count", "type": "word"}, 4),
        ("/at", {"pick": "first", "size": 2}, [1.0, 2.0]),
        ("/at/1", {"pick": "sum"}, 2.0),
        ("/jobs", {"pick": "count", "size": 2}, 1),
        ("/jobs/0/1", {"pick": "first"}, 2.0),
        ("/none", {"pick": "first"}, None),
        ("/none", {"pick": "all", "size": 2}, None),
        ("/none", {"pick": "sum"}, 0.0),
        ("/none", {"pick": "count"}, 0),
    ],
)
def test_what_counts_of_several_documents(pointer, keys, expected):
    found = value(EVENTS, pointer, **keys)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("message", "total", "last"),
    [
        (b"", 0.0, None),
        (b"ready\n", 0.0, None),
        (b"3\n", 3.0, 3.0),
        (b"3\n4\n\n 5", 12.0, 5.0),
        (b"1.5 \n 2", 3.5, 2.0),
    ],
)
def test_several_numbers_by_themselves(message, total, last):
    assert value(message, "", pick="sum") == total
    assert value(message, "") == last


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (b'{"v": 1}{"v": 2}\n', "broken JSON: other text behind the document, line 1, column 9"),
        (b'{"v": 1}\n{"v": 2} 3\n{"v": 3}\n', "broken JSON: other text behind the document, line 2, column 9"),
        (b'{"v": 1}\n{"v": \n', "broken JSON: Expecting value, line 3, column 1"),
        (b"1 2\n3\n", "broken JSON: Extra data, line 1, column 2"),
        (b'{"v": 1}\n{"v": 2, "v": 2}\n{"v": 3}\n', "broken JSON: the key v given twice"),
    ],
)
def test_all_documents_must_be_whole(message, what):
    with pytest.raises(ParseError) as caught:
        value(message, pick="sum")
    assert caught.value.what == f"field speed is read from {what}"


def test_each_occurrence_is_one_value():
    with pytest.raises(ParseError) as caught:
        value(EVENTS, "/at", pick="sum")
    assert str(caught.value) == (
        "field speed is an array, not a single value\n  found: an array of 2\n  cure: add an index to the pointer"
    )


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"pick": "sum", "size": 2}, "sum of several values\n  expected: a single number for each occurrence"),
        ({"pick": "sum", "shape": [2]}, "sum of an array\n  expected: a single number for each occurrence"),
        ({"pick": "sum", "type": "flag"}, "sum of a flag\n  expected: a single number for each occurrence"),
        ({"pick": "all"}, "all, without a number of values\n  found: all\n  expected: `size` beside it"),
    ],
)
def test_what_cannot_be_picked_is_refused_at_load_time(keys, expected):
    with pytest.raises(FieldProblem) as caught:
        reading(**keys)
    assert str(caught.value) == f"pick: {expected}"


def test_all_documents_and_the_last_one_are_told_apart():
    first, total = reading(pick="first"), reading(pick="sum")
    messages = [b'{"v": 1}\n{"v": 2}', b'{"v": 5}\n{"w": 2}']
    for message in (*messages, *messages):
        assert first.read(message) == json.loads(message.splitlines()[0])["v"]
        assert total.read(message) == sum(json.loads(line).get("v", 0) for line in message.splitlines())
    assert value(messages[1]) is None
    assert first.missing(b'{"w": 1}\n{"x": 2}') == "no key `v` in / (it has x)"

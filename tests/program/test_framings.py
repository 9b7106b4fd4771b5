"""Lengths, documents, datagrams, events and times in a configuration, held by hand."""

import importlib.util
import pathlib

import pytest

from filebridge.errors import ActionError, ConfigError, Desync, MessageTooLarge
from filebridge.program.filters import Untouched, message_filter, text_filter
from filebridge.wire.dialogue import Dialogue
from filebridge.wire.http_dialogue import HttpDialogue

_SPEC = importlib.util.spec_from_file_location("talking", pathlib.Path(__file__).with_name("talking.py"))
talking = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(talking)
Talk, samples, DONE = talking.Talk, talking.samples, talking.DONE

TCP = {"tcp": {"connect": "127.0.0.1:${port}"}}
UDP = {"udp": {"connect": "127.0.0.1:${port}"}}
COMMAND = {"command": ["toy", "${port}", "${seed}"]}


def steps(*exchanges, transport=None, **more):
    parts = {"transport": transport or TCP, "simulator": COMMAND, "start": [], "max_steps": 9, "terminated": "False"}
    parts.update(more)
    return Talk(samples.toy(step=list(exchanges), **parts))


def hear(talk, *chunks):
    answers = [talk.dialogue.receive(chunk) for chunk in chunks]
    if answers[-1] is DONE:
        talk.decode()
    return ["done" if answer is DONE else answer for answer in answers]


def test_a_length_is_read_and_sent():
    talk = steps({"send": "go {action:.1f}", "length": 4})
    assert talk.begin(action=0.5) == b"\0\0\0\6go 0.5"
    reply = b"\0\0\0\x0dX= 1.5\r\nends\n"
    assert hear(talk, *[reply[at : at + 1] for at in range(len(reply))]) == [None] * (len(reply) - 1) + ["done"]
    # The head is no part of the reply, and the line end is cleaned once the message is whole.
    assert (talk.dialogue.reply, talk["x"]) == (b"X= 1.5\nends\n", 1.5)


@pytest.mark.parametrize(("length", "sent"), [
    ({"size": 2, "order": "little"}, b"\2\0go"),
    ({"size": 1, "offset": 2, "counts": "message"}, b"\0\0\5go"),
    ({"size": 2, "keep": True}, b"go"),
])  # fmt: skip
def test_what_is_sent_has_the_same_head(length, sent):
    assert steps({"send": "go", "length": length}).begin() == sent


def test_each_of_several_lines_has_its_own_length():
    talk = steps({"send": ["a", "bc"], "length": 1})
    assert talk.begin() == b"\1a\2bc"
    assert hear(talk, b"\1x\6X= 1.0") == ["done"]
    assert talk.dialogue.reply == b"x\nX= 1.0\n"


def test_a_number_ends_with_its_message():
    talk = steps({"send": "go", "datagrams": 2}, transport=UDP, fields={"x": {"find": "={float}", "pick": "first"}})
    talk.begin()
    assert hear(talk, b"1=5", b"2=6") == [None, "done"]
    assert talk["x"] == 5
    talk = steps(
        {"send": "go", "length": 1, "gather": "seen"},
        fields={"x": {"find": "COST {float}"}, "seen": {"seen": "DECIDE"}},
    )
    talk.begin()
    assert hear(talk, b"\x08COST 1.5", b"\x082 DECIDE") == [None, "done"]
    assert talk["x"] == 1.5


def test_documents_and_numbers_get_a_length_too():
    assert steps({"send_json": {"move": "action"}, "length": 2}).begin(action=0.5) == b'\0\x0c{"move":0.5}'
    packed = steps({"pack": {"layout": "<H", "values": [10]}, "length": 1})
    assert packed.begin() == b"\2\x0a\0"


def test_what_is_longer_than_its_length_can_say_is_not_sent():
    talk = steps({"send": "x" * 300, "length": 1})
    with pytest.raises(ActionError):
        talk.begin()


def test_binary_messages_are_left_as_they_are():
    field = {"x": {"binary": {"type": "<u2", "offset": 1}}}
    talk = steps({"send": "go", "length": 1}, fields=field)
    talk.begin()
    assert hear(talk, b"\3\r\r\n") == ["done"]
    assert talk["x"] == 0x0A0D


def test_offsets_count_from_a_head_that_is_kept():
    field = {"x": {"binary": {"type": ">u2", "offset": 1}}}
    talk = steps({"pack": {"layout": ">BH", "values": [2, 7]}, "length": {"size": 1, "keep": True}}, fields=field)
    assert talk.begin() == b"\2\0\7"
    assert hear(talk, b"\2\1\0") == ["done"]
    assert (talk.dialogue.reply, talk["x"]) == (b"\2\1\0", 256)


def test_beside_a_length_other_replies_are_cleaned_too():
    talk = steps({"send": "hi", "lines": 1}, {"send": "go", "length": 1})
    assert talk.begin() == b"hi\n"
    assert hear(talk, b"X= 1\r\n") == [b"\2go"]
    assert hear(talk, b"\3a\r\n") == ["done"]
    assert talk.dialogue.reply == b"X= 1\na\n"


def test_a_length_that_lies_is_refused_with_the_limit():
    talk = steps({"send": "go", "length": 4}, limits={"output": 1000})
    talk.begin()
    with pytest.raises(MessageTooLarge) as caught:
        talk.dialogue.receive(b"HTTP")
    assert caught.value.what == "a message of 1213486164 bytes is announced, and 1000 are the most"


def test_which_streams_are_cleaned():
    def filters(**parts):
        config = Talk(samples.toy(**parts)).program.config
        return isinstance(text_filter(config), Untouched), message_filter(config) is not None

    binary = {"x": {"binary": {"type": "<f8"}}}
    ends = {"terminated": "False", "max_steps": 9}
    counted = {"step": [{"send": "go", "length": 1}], **ends}
    assert filters() == (False, False)
    assert filters(**counted) == (True, True)
    assert filters(**counted, fields=binary) == (True, False)
    assert filters(step=[{"send": "go", "bytes": 8}], fields=binary, **ends) == (True, False)


def test_documents_are_told_apart():
    talk = steps({"send": "go", "document": "json"}, fields={"x": {"json": "/x"}})
    talk.begin()
    assert hear(talk, b'\n{"x": 1.', b'5}\n') == [None, "done"]
    assert (talk.dialogue.reply, talk.dialogue.pending, talk["x"]) == (b'{"x": 1.5}', b"", 1.5)


def test_documents_that_are_read_together_begin_lines_of_their_own():
    fields = {"x": {"json": "/x", "pick": "sum"}, "last": {"json": "/x", "type": "int"}}
    talk = steps({"send": "go", "document": "json", "gather": "last == 3"}, fields=fields)
    talk.begin()
    assert hear(talk, b'{"x": 1}{"x": 2}\n{"x', b'": 3}') == [None, "done"]
    assert talk.dialogue.reply == b'{"x": 1}\n{"x": 2}\n{"x": 3}\n'
    assert talk["x"] == 6
    alone = steps({"send": "go", "document": "json"}, fields=fields)
    alone.begin()
    assert hear(alone, b'{"x": 1}') == ["done"]
    assert alone.dialogue.reply == b'{"x": 1}', "nothing is added where nothing is joined"


def test_a_second_document_is_left_over():
    talk = steps({"send": "go", "document": "xml"}, fields={"x": {"xml": "r/x"}})
    talk.begin()
    assert hear(talk, b"<r><x>1</x></r><r/>") == ["done"]
    with pytest.raises(Desync) as caught:
        talk.begin()
    assert caught.value.found == "after the end of its last reply: <r/>"
    assert caught.value.cure == (
        "await each document in an exchange of its own, or `gather` them until a field says that it is the last,"
        " or say `leftover: drop` or `leftover: keep` where such output is normal"
    )


def test_what_is_no_document_is_dropped_where_leftovers_are():
    talk = steps({"send": "go", "document": "json"}, fields={"x": {"json": "/x"}}, leftover="drop")
    talk.begin()
    assert hear(talk, b'log: {"x": 1}') == ["done"]


def test_datagrams_are_awaited_and_joined():
    talk = steps({"send": "go", "datagrams": 3}, transport=UDP, fields={"x": {"find": "X= {float}", "pick": "sum"}})
    talk.begin()
    assert talk.dialogue.awaited == "3 more datagrams"
    assert hear(talk, b"X= 1\n") == [None]
    assert hear(talk, b"X= 2\n", b"X= 4\n") == [None, "done"]
    assert talk["x"] == 7


def test_a_datagram_too_many_is_left_over():
    talk = steps({"send": "go"}, transport=UDP, leftover="refuse")
    talk.begin()
    assert hear(talk, b"X= 1") == ["done"]
    talk.dialogue.stray(b"X= 2")
    with pytest.raises(Desync) as caught:
        talk.begin()
    assert caught.value.cure.startswith(
        "await all that belong to it, `datagrams: 2`; tell old ones by a number in them, `fresh: seq == step`"
    )


def test_a_datagram_is_sent_again():
    talk = steps({"send": "go", "resend": "50 ms"}, transport=UDP)
    assert (talk.begin(), talk.dialogue.timer) == (b"go\n", 0.05)
    assert talk.expire() == b"go\n"
    assert hear(talk, b"X= 1") == ["done"]


EVENTS = {
    "x": {"find": "gain {float}", "pick": "sum", "default": 0},
    "event": {"find": "event {word}"},
    "t": {"find": "t {float}"},
}


@pytest.mark.parametrize("condition", ["event == 'decide'", "event == 'decide' or t > 100"])
def test_events_are_gathered_until_a_decision_is_due(condition):
    talk = steps({"send": "go", "gather": condition}, fields=EVENTS)
    talk.begin()
    assert hear(talk, b"event arrive t 1 gain 2\n") == [None]
    assert hear(talk, b"event leave t 2 gain 3\n", b"event decide t 3\n") == [None, "done"]
    assert (talk["x"], talk["event"], talk["t"]) == (5, "decide", 3)
    # The decision of the step before is none of this one, and what was not heard yet is no failure.
    talk.begin()
    assert hear(talk, b"event arrive t 4\n") == [None]
    talk.begin()
    assert talk.dialogue.receive(b"event decide gain 1\n" if "or" not in condition else b"event decide\n") is DONE


def test_a_field_that_was_not_heard_yet_decides_nothing():
    talk = steps({"send": "go", "gather": "t > 2"}, fields=EVENTS)
    talk.begin()
    assert [talk.hear("event arrive\n"), talk.hear("event leave t 3\n")] == [None, "done"]


def test_what_an_end_is_called_may_end_a_gathering():
    ends = {"tick": "TICK\n", "due": "DUE\n"}
    talk = steps({"send": "go", "gather": "due", "until": ends}, fields={"x": {"find": "X= {float}", "pick": "sum"}})
    talk.begin()
    assert hear(talk, b"X= 1 TICK\nX= 2 ") == [None]
    assert hear(talk, b"DUE\n") == ["done"]
    assert (talk["x"], talk["due"]) == (3, True)


@pytest.mark.parametrize(("exchange", "what"), [
    ({"gather": "step > 3"}, "nothing that the simulator says can end this repetition"),
    ({"gather": "total > 3"}, "computed only when all replies are there"),
    ({"fresh": "total > 3"}, "computed only when all replies are there"),
])  # fmt: skip
def test_conditions_that_can_never_be_met(exchange, what):
    fields = {"x": {"find": "X= {float}"}, "total": {"compute": "2 * x"}}
    with pytest.raises(ConfigError) as caught:
        steps({"send": "go", **exchange}, fields=fields)
    assert what in str(caught.value)


def test_heartbeats_are_ignored():
    talk = steps({"send": "go"}, ignore=["heartbeat", "/^# .*/"])
    talk.begin()
    assert hear(talk, b"heartbeat\n# note\nX= 1\nheartbeat\nheart") == ["done"]
    assert talk["x"] == 1
    assert talk.begin() == b"go\n"
    assert hear(talk, b"beat\n", b"X= 2\n") == [None, "done"]
    assert talk["x"] == 2


def test_a_step_lasts_as_long_as_its_last_exchange_waits():
    talk = steps({"send": "set"}, {"send": "get", "at": "0.5 s"}, {"send": "more", "at": "0.7 s"})
    assert (talk.program.phases["step"].pace, talk.program.phases["start"].pace) == (0.7, 0.0)
    talk.begin()
    assert talk.hear("ok\n") == b""
    assert (talk.dialogue.timer, talk.dialogue.from_begin) == (0.5, True)
    assert talk.expire() == b"get\n"


@pytest.mark.parametrize(("exchange", "transport", "awaiting"), [
    ({"length": 4}, TCP, "as many bytes as the 4 bytes in front of them say"),
    ({"length": 1}, TCP, "as many bytes as the 1 byte in front of them say"),
    ({"document": "json"}, TCP, "the end of a JSON document"),
    ({"document": "xml"}, TCP, "the end of an XML document"),
    ({"datagrams": 1}, UDP, "a datagram"),
    ({}, UDP, "a datagram"),
    ({}, TCP, "1 line"),
])  # fmt: skip
def test_what_is_awaited_is_told_in_words(exchange, transport, awaiting):
    talk = steps({"send": "go", **exchange}, transport=transport)
    talk.begin()
    assert talk.dialogue.awaited == awaiting


def test_only_who_asks_over_http_looks_at_statuses():
    served = {"http": {"url": "http://127.0.0.1:${port}"}}
    asks = steps({"request": {"get": "/x", "again": 409, "every": "1 s"}}, transport=served)
    assert type(asks.dialogue) is HttpDialogue
    exchange = asks.program.phases["step"].exchanges[0]
    assert (exchange.statuses, exchange.again, exchange.again_every) == ((), (409,), 1.0)
    assert type(steps({"send": "go"}).dialogue) is Dialogue

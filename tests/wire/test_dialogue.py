"""The talk with a simulator as a state machine: bytes in, bytes out, no clock and no process."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.simulator import Text
from filebridge.errors import Desync, MessageTooLarge
from filebridge.wire.cleaner import Cleaner
from filebridge.wire.dialogue import DONE, UNCHANGED, Dialogue, Exchange, Phase, Rules
from filebridge.wire.framing import End, lines_cut, literal_cut, pattern_cut

PROMPT = literal_cut(b"> ", End())


def asking(text=b"go\n", cut=PROMPT, **keys):
    return Exchange(encode=None if text is None else lambda row, previous: text, cut=cut, **keys)


def simple(exchange=None, name="step"):
    exchange = exchange or asking()
    return Phase(name, (exchange,), exchange)


def several(*exchanges, name="step"):
    return Phase(name, exchanges, None)


def dialogue(labels=(), leftover="refuse", echo=False, cap=1000, cleaned=False, width=4):
    return Dialogue(Rules(cap, labels, leftover, echo), [None] * width, Cleaner(Text()) if cleaned else None)


def test_the_plain_case_is_one_command_and_one_reply():
    talk = dialogue()
    assert talk.begin(simple()) == b"go\n"
    assert talk.receive(b"x=1\n> ") is DONE
    assert (talk.reply, talk.pending, talk.sent, talk.phase_name, talk.unmatched) == (
        b"x=1\n> ", b"", b"go\n", "step", b""
    )


@pytest.mark.parametrize("phase", [simple(), several(asking())], ids=["short road", "long road"])
def test_a_reply_in_pieces(phase):
    talk = dialogue()
    talk.begin(phase)
    assert [talk.receive(b"x="), talk.receive(b"1>")] == [None, None]
    assert talk.unmatched == b"x=1>"
    assert talk.receive(b" ") is DONE
    assert talk.reply == b"x=1> "


SAID = b"one> Q? two> three> four> "


@given(st.lists(st.integers(1, 7), max_size=30))
def test_what_was_said_does_not_depend_on_the_pieces(sizes):
    cut = pattern_cut(re.compile(rb"(?P<a>Q\? )|(?P<b>> )"), [End(answer=b"yes\n"), End(label=1)])
    talk = dialogue(labels=(1,), leftover="keep")
    answers = [talk.begin(several(asking(b"a\n", cut), asking(b"b\nc\n", cut, awaited=2)))]
    at, results = 0, []
    for size in [*sizes, *[1] * len(SAID)]:
        if at < len(SAID):
            results.append(talk.receive(SAID[at : at + size]))
            at += size
            while results[-1] and talk.pending:
                results.append(talk.receive(b""))
            if results[-1] is DONE:
                break
    answers += [result for result in results if result]
    assert answers == [b"a\n", b"b\nc\n", b"yes\n"]
    assert talk.reply == b"one> Q? two> three> "
    assert talk.row[1] is True


def test_labels_are_cleared_at_the_beginning_of_each_phase():
    talk = dialogue(labels=(0, 1))
    talk.begin(simple(asking(cut=literal_cut(b"OVER", End(label=1)))))
    assert talk.row[:2] == [False, False]
    talk.receive(b"OVER")
    assert talk.row[:2] == [False, True]
    talk.begin(simple())
    assert talk.row[:2] == [False, False]


def test_nothing_to_say_is_done_at_once():
    talk = dialogue()
    assert talk.begin(several()) is DONE
    assert talk.begin(several(asking(when=lambda row, previous: False))) is DONE
    assert talk.reply == b""


def test_only_waiting_sends_nothing():
    talk = dialogue()
    assert talk.begin(simple(asking(None))) == b""
    assert talk.receive(b"x> ") is DONE
    assert talk.begin(several(asking(None), asking(None))) == b""
    assert talk.receive(b"x> y> ") is DONE
    assert talk.reply == b"x> y> "


def test_silence_and_quiet_set_the_timer():
    talk = dialogue()
    talk.begin(several(asking(silent=0.5), asking(cut=lambda data, searched: None, quiet=0.2)))
    assert talk.timer == 0.5
    assert talk.expire() == b"go\n"
    assert talk.timer == 0.0
    assert talk.receive(b"some") is None
    assert talk.timer == 0.2
    assert talk.receive(b"thing") is None
    assert talk.expire() is DONE
    assert (talk.reply, talk.timer, talk.pending) == (b"something", 0.0, b"")


def test_a_reply_that_has_begun_is_no_silence():
    talk = dialogue()
    talk.begin(several(asking(silent=0.5)))
    assert talk.receive(b"lo") is None
    assert talk.timer == 0.0
    assert talk.receive(b"ud> ") is DONE


def test_a_repetition_pauses_and_forgets_the_vain_reply():
    def ready(row, previous):
        return row[0]

    def read(message, row, previous):
        row[0] = b"ready" in message

    talk = dialogue()
    assert talk.begin(several(asking(repeat=ready, every=0.1, read=read))) == b"go\n"
    assert talk.receive(b"busy> ") == b""
    assert talk.timer == 0.1
    talk.timer = 0.0
    assert talk.receive(b"") is None
    assert talk.timer == UNCHANGED
    assert talk.expire() == b"go\n"
    assert talk.receive(b"ready> ") is DONE
    assert talk.reply == b"ready> "


def test_the_awaited_end_of_the_process():
    talk = dialogue(labels=(2,), cleaned=True)
    talk.begin(simple(asking(exits=(((0, 3), 2),))))
    talk.receive(b"bye\r")
    assert talk.ended(1) is None
    assert talk.ended(None) is None
    assert talk.ended(3) is DONE
    assert (talk.reply, talk.row[2]) == (b"bye\n", True)


def test_the_end_of_the_process_ends_what_silence_would_have_ended():
    talk = dialogue()
    talk.begin(several(asking(cut=lambda data, searched: None, quiet=0.2)))
    assert talk.ended(0) is None
    talk.receive(b"bye")
    assert talk.ended(0) is DONE
    assert talk.reply == b"bye"


def test_leftovers_are_refused_dropped_or_kept():
    for leftover, pending in (("drop", b""), ("keep", b"more")):
        talk = dialogue(leftover=leftover)
        talk.begin(simple())
        talk.receive(b"x> more")
        talk.begin(simple())
        assert talk.pending == pending
    talk = dialogue()
    talk.begin(simple())
    talk.receive(b"x> \n \n")
    talk.begin(simple())
    talk.receive(b"x> more")
    with pytest.raises(Desync) as caught:
        talk.begin(simple())
    assert caught.value.found == "after the end of its last reply: more"
    assert talk.unmatched == b"more"


def test_leftovers_between_two_exchanges_count_too():
    talk = dialogue()
    talk.begin(several(asking(), asking()))
    with pytest.raises(Desync):
        talk.receive(b"x> y> ")
    talk = dialogue(leftover="keep")
    talk.begin(several(asking(), asking()))
    assert talk.receive(b"x> y> ") == b"go\n"
    assert talk.receive(b"") is DONE


def test_stray_output_waits_for_its_judgement():
    talk = dialogue()
    talk.stray(b"late")
    talk.stray(b"> ")
    with pytest.raises(Desync):
        talk.begin(simple())
    talk = dialogue(leftover="drop")
    talk.stray(b"late> ")
    assert talk.begin(simple()) == b"go\n"
    assert talk.pending == b""


@pytest.mark.parametrize("phase", [simple(), several(asking())], ids=["short road", "long road"])
def test_every_buffer_has_a_limit(phase):
    talk = dialogue(cap=100)
    talk.begin(phase)
    assert talk.receive(b"." * 100) is None
    with pytest.raises(MessageTooLarge) as caught:
        talk.receive(b".")
    assert str(caught.value) == (
        "no end of the message within 100 bytes\n  found: 101 bytes without the end that the dialogue waits for\n"
        "  cure: correct `until` if the end was there, or raise `limits: {output: ...}` if messages are that large"
    )
    talk = dialogue(cap=100)
    with pytest.raises(MessageTooLarge):
        talk.stray(b"." * 101)


@pytest.mark.parametrize("phase", [simple(), several(asking())], ids=["short road", "long road"])
def test_the_limit_holds_for_a_message_with_its_end_too(phase):
    talk = dialogue(cap=100)
    talk.begin(phase)
    assert talk.receive(b"." * 98 + b"> ") is DONE
    for pieces in ([b"." * 99 + b"> "], [b"." * 50, b"." * 49 + b"> "]):
        talk = dialogue(cap=100)
        talk.begin(phase)
        with pytest.raises(MessageTooLarge) as caught:
            list(map(talk.receive, pieces))
        assert str(caught.value) == (
            "a reply of more than 100 bytes\n  found: 101 bytes\n"
            "  cure: raise `limits: {output: ...}` if replies are that large, else see what the simulator says"
        )


def test_the_limit_holds_for_all_parts_of_a_phase_together():
    question = literal_cut(b"--More--", End(answer=b"\n"))
    talk = dialogue(cap=100)
    talk.begin(several(asking(cut=question)))
    for _ in range(5):
        assert talk.receive(b"." * 10 + b"--More--") == b"\n"
    with pytest.raises(MessageTooLarge):
        talk.receive(b"." * 10 + b"--More--")
    talk = dialogue(cap=100)
    for _ in range(9):
        talk.begin(several(asking()))
        assert talk.receive(b"." * 40 + b"> ") is DONE


def test_an_echo_is_removed_line_by_line():
    talk = dialogue(echo=True, cleaned=True)
    talk.begin(several(asking(b"one\r\ntwo\r\n", awaited=2)))
    for byte in b"one\r\nx> tw":
        assert talk.receive(bytes([byte])) is None
    assert talk.receive(b"o\r\ntwo> ") is DONE
    assert talk.reply == b"x> two> "


def test_an_echo_that_comes_all_at_once_is_removed_too():
    talk = dialogue(echo=True)
    talk.begin(several(asking(b"one\ntwo\n", awaited=2)))
    assert talk.receive(b"one\ntwo\nx> y> ") is DONE
    assert talk.reply == b"x> y> "


def test_where_there_is_no_echo_nothing_is_removed():
    talk = dialogue(echo=True)
    talk.begin(several(asking(b"one\n")))
    assert talk.receive(b"one> one\n") is DONE
    assert (talk.reply, talk.unmatched) == (b"one> ", b"one> one\n")


def test_whether_only_the_first_exchange_was_sent():
    talk = dialogue()
    talk.begin(several(asking(), asking()))
    assert talk.is_opening
    talk.receive(b"> ")
    assert not talk.is_opening
    talk.begin(simple())
    assert talk.is_opening


def test_lines_are_counted_over_pieces():
    talk = dialogue()
    talk.begin(simple(asking(cut=lines_cut(2))))
    assert talk.receive(b"one\ntw") is None
    assert talk.receive(b"o\n") is DONE
    assert talk.reply == b"one\ntwo\n"


@pytest.mark.parametrize(("first", "cure"), [
    ({"awaiting": "`> `", "has_until": True}, "end `until` with the last text before the program waits"),
    ({"awaiting": "1 line"}, "its reply was held to end with 1 line: await all of it"),
])
@pytest.mark.parametrize("together", [True, False], ids=["in a phase", "between phases"])
def test_what_follows_a_reply_is_blamed_on_the_end_of_that_reply(first, cure, together):
    talk = dialogue()
    second = asking(awaiting="2 lines")
    talk.begin(several(asking(**first), second) if together else simple(asking(**first)))

    def go_on():
        talk.receive(b"> more")
        talk.begin(simple(second))

    with pytest.raises(Desync) as caught:
        go_on()
    assert caught.value.cure == f"{cure}, or say `leftover: drop` or `leftover: keep` where such output is normal"


def test_what_is_said_before_anything_was_asked_is_to_be_awaited_at_the_start():
    talk = dialogue()
    talk.stray(b"hello\n")
    with pytest.raises(Desync, match=r"cure: await what it says before it is asked, in `start`, or say"):
        talk.begin(simple())


def test_tries_are_counted_for_each_repetition():
    seven = asking(awaiting="`> `", repeat=lambda row, previous: False, every=0.1, condition="x == 7")
    talk = dialogue()
    talk.begin(several(seven))
    for number in (1, 2):
        assert talk.receive(b"x=5\n> ") == b""
        assert (talk.tries, talk.refused, talk.is_pausing) == (number, b"x=5\n> ", True)
        assert talk.exchange.condition == "x == 7"
        assert (talk.expire(), talk.is_pausing) == (b"go\n", False)
    talk.begin(several(seven))
    assert talk.tries == 0


def test_how_many_replies_are_still_awaited_is_told():
    talk = dialogue()
    talk.begin(several(asking(awaited=3, awaiting="`> `")))
    talk.receive(b"> ")
    assert talk.awaited == "2 more replies, each `> `"
    talk.receive(b"> ")
    assert talk.awaited == "`> `"

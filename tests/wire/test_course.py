"""Exchanges that gather, are sent again or wait for their time, and messages that answer nothing."""

from __future__ import annotations

import pytest

from filebridge.errors import Desync, MessageTooLarge
from filebridge.wire.dialogue import DONE, UNCHANGED, Dialogue, Exchange, Phase, Rules
from filebridge.wire.framing import lines_cut, never, whole

LINE = lines_cut(1)


def asking(text=b"go\n", cut=LINE, **keys):
    return Exchange(encode=None if text is None else lambda row, previous: text, cut=cut, awaiting="1 line", **keys)


def several(*exchanges, name="step"):
    return Phase(name, exchanges, None, pace=max((exchange.at for exchange in exchanges), default=0.0))


def dialogue(leftover="refuse", ignored=None, snapshots=False, labels=(), cap=1000):
    return Dialogue(Rules(cap, labels, leftover, False, snapshots, ignored=ignored), [None] * 4, None)


def is_tick(message):
    return message.startswith(b"tick")


def said(talk, *chunks):
    """Return what comes of the chunks, "done" for the end of the phase."""
    return ["done" if (result := talk.receive(chunk)) is DONE else result for chunk in chunks]


def reading(message, row, previous):
    row[0] = message.splitlines()[-1] if message else None
    row[1] = len(message.splitlines())


DECIDED = {"read": reading, "gather": lambda row, previous: row[0] == b"decide", "gathering": "event == 'decide'"}


@pytest.mark.parametrize("snapshots", [False, True], ids=["stream", "datagrams"])
def test_replies_are_gathered_and_read_together_until_the_decision(snapshots):
    talk = dialogue(snapshots=snapshots)
    assert talk.begin(several(asking(cut=whole if snapshots else LINE, **DECIDED))) == b"go\n"
    assert said(talk, b"a\n", b"b\n") == [None, None]
    assert (talk.gathered, talk.row[1], talk.awaited) == (2, 2, "1 line, until `event == 'decide'` is true")
    assert said(talk, b"decide\n") == ["done"]
    assert talk.reply == b"a\nb\ndecide\n"


def test_gathering_does_not_depend_on_the_pieces():
    text = b"a\nb\ndecide\n"
    for cut in range(1, len(text)):
        talk = dialogue()
        talk.begin(several(asking(**DECIDED)))
        assert said(talk, text[:cut], text[cut:]) == [None, "done"]
        assert (talk.reply, talk.pending) == (text, b"")


def test_what_a_gathering_looks_for_is_forgotten_before_it():
    talk = dialogue()
    talk.row[0] = b"decide"
    talk.begin(several(asking(renewed=(0,), gather=lambda row, previous: row[0] == b"decide")))
    assert talk.row[0] is None
    assert said(talk, b"a\n") == [None]


def test_of_what_is_gathered_only_the_old_is_dropped():
    talk = dialogue()
    talk.begin(several(asking(fresh=lambda row, previous: row[0] != b"old", **DECIDED)))
    assert said(talk, b"a\n", b"old\n") == [None, None]
    assert (talk.stale, talk.refused) == (1, b"old\n")
    assert said(talk, b"decide\n") == ["done"]
    assert talk.reply == b"a\ndecide\n"


def test_a_gathering_without_end_is_refused():
    talk = dialogue(cap=10)
    talk.begin(several(asking(**DECIDED)))
    assert said(talk, b"event\n") == [None]
    with pytest.raises(MessageTooLarge) as caught:
        talk.receive(b"event\n")
    assert caught.value.what == "`gather` went on for more than 10 bytes"
    assert caught.value.found == "12 bytes of messages, and `event == 'decide'` was not true"


def test_what_has_no_reply_is_sent_again_until_it_has_one():
    talk = dialogue(snapshots=True)
    assert talk.begin(several(asking(cut=whole, resend=0.2))) == b"go\n"
    assert talk.timer == 0.2
    assert [talk.expire(), talk.timer, talk.expire(), talk.resent] == [b"go\n", 0.2, b"go\n", 2]
    assert said(talk, b"x") == ["done"]
    assert (talk.reply, talk.timer) == (b"x", 0.0)


def test_a_part_of_a_reply_stops_no_resending():
    talk = dialogue()
    talk.begin(several(asking(resend=0.2)))
    assert said(talk, b"x") == [None]
    assert talk.timer == UNCHANGED
    assert talk.expire() == b"go\n"
    assert said(talk, b"y\n") == ["done"]
    assert talk.reply == b"xy\n"


def test_of_several_datagrams_all_are_awaited_again():
    talk = dialogue(snapshots=True)
    talk.begin(several(asking(cut=whole, resend=0.2, awaited=2)))
    assert said(talk, b"1") == [None]
    assert (talk.awaited, talk.expire()) == ("1 line", b"go\n")
    assert said(talk, b"1", b"2") == [None, "done"]
    assert talk.reply == b"12"


def test_who_has_told_a_part_of_what_is_gathered_is_not_asked_again():
    talk = dialogue()
    talk.begin(several(asking(resend=0.2, **DECIDED)))
    said(talk, b"a\n")
    assert talk.timer == 0.0


@pytest.mark.parametrize("leftover", ["refuse", "keep"])
def test_an_exchange_waits_for_its_time(leftover):
    talk = dialogue(leftover)
    phase = several(asking(b"set\n"), asking(b"get\n", at=0.5))
    assert phase.pace == 0.5
    assert talk.begin(phase) == b"set\n"
    assert (talk.from_begin, talk.timer) == (False, 0.0)
    assert said(talk, b"ok\n") == [b""]
    assert (talk.from_begin, talk.timer, talk.is_pausing) == (True, 0.5, False)
    assert talk.awaited == "the time of the exchange, 0.5 s after the beginning of the step"
    assert talk.expire() == b"get\n"
    assert (talk.from_begin, talk.timer, talk.awaited) == (False, 0.0, "1 line")
    assert said(talk, b"1\n") == ["done"]
    assert talk.reply == b"ok\n1\n"


def test_the_first_exchange_may_have_a_time_too():
    talk = dialogue()
    assert talk.begin(several(asking(at=0.5))) == b""
    assert (talk.from_begin, talk.timer, talk.is_opening) == (True, 0.5, True)
    assert talk.expire() == b"go\n"


def test_what_is_said_before_the_time_is_refused_when_something_is_sent():
    talk = dialogue()
    talk.begin(several(asking(at=0.5)))
    assert said(talk, b"sur", b"prise\n") == [None, None]
    assert talk.timer == UNCHANGED
    with pytest.raises(Desync) as caught:
        talk.expire()
    assert caught.value.found == "after the end of its last reply: surprise\\n"


def test_what_is_said_before_the_time_may_be_the_reply_to_nothing():
    talk = dialogue()
    talk.begin(several(asking(None, at=0.5)))
    assert said(talk, b"early\n") == [None]
    assert talk.expire() is DONE
    assert talk.reply == b"early\n"


def test_or_is_dropped_where_such_output_is_so_that_the_next_counts():
    talk = dialogue("drop")
    talk.begin(several(asking(None, at=0.5)))
    assert said(talk, b"early\n") == [None]
    assert talk.expire() is None
    assert said(talk, b"late\n") == ["done"]
    assert talk.reply == b"late\n"


def test_a_stream_before_the_time_is_no_burden():
    talk = dialogue("drop", cap=10)
    talk.begin(several(asking(None, at=0.5)))
    assert said(talk, *[b"12345678\n"] * 5) == [None] * 5
    talk = dialogue("keep", cap=10)
    talk.begin(several(asking(None, at=0.5)))
    with pytest.raises(MessageTooLarge):
        said(talk, *[b"12345678\n"] * 5)


def test_the_end_of_the_process_may_come_before_the_time():
    talk = dialogue(labels=(0,))
    talk.begin(several(asking(at=0.5, exits=(((0,), 0),))))
    assert talk.ended(0) is DONE
    assert talk.row[0] is True


TICKS = b"tick 1\nx=1\ntick 2\ny=2\n"


def test_ignored_messages_count_nowhere_however_they_are_cut():
    for cut in range(1, len(TICKS)):
        talk = dialogue(ignored=is_tick)
        assert talk.begin(several(asking(), asking(None))) == b"go\n"
        results = said(talk, TICKS[:cut], TICKS[cut:])
        assert results == [None, "done"]
        assert (talk.reply, talk.ignored, talk.pending) == (b"x=1\ny=2\n", 2, b"")


def test_ignored_datagrams_count_nowhere():
    talk = dialogue(ignored=is_tick, snapshots=True)
    talk.begin(several(asking(cut=whole, awaited=2)))
    assert said(talk, b"tick", b"1", b"tick", b"2") == [None, None, None, "done"]
    assert talk.reply == b"12"


def test_an_ignored_message_is_no_leftover_and_what_begins_one_neither():
    for cut in range(len(b"tick 1\ntick 2\n") + 1):
        talk = dialogue(ignored=is_tick)
        talk.begin(several(asking()))
        assert said(talk, b"x\ntick 0\n") == ["done"]
        talk.stray(b"tick 1\ntick 2\n"[:cut])
        assert talk.begin(several(asking())) == b"go\n"
        rest = b"tick 1\ntick 2\n"[cut:] + b"y\n"
        assert said(talk, rest) == ["done"]
        assert talk.reply == b"y\n"


@pytest.mark.parametrize("cut", [3, 9])
def test_a_leftover_that_is_not_ignored_is_refused_even_where_it_ends_late(cut):
    talk = dialogue(ignored=is_tick)
    talk.begin(several(asking()))
    said(talk, b"x\n")
    talk.stray(b"surprise\n"[:cut])

    def next_step():
        talk.begin(several(asking()))
        talk.receive(b"surprise\n"[cut:])

    with pytest.raises(Desync) as caught:
        next_step()
    assert caught.value.found == "after the end of its last reply: surprise\\n"


def test_where_leftovers_are_dropped_one_that_ends_late_is_too():
    talk = dialogue("drop", ignored=is_tick)
    talk.begin(several(asking()))
    said(talk, b"x\n")
    talk.stray(b"surprise\nand mo")
    talk.begin(several(asking()))
    assert said(talk, b"re\n", b"y\n") == [None, "done"]
    assert talk.reply == b"y\n"


def test_of_datagrams_between_steps_those_that_count_are_kept():
    talk = dialogue(ignored=is_tick, snapshots=True)
    talk.begin(several(asking(cut=whole)))
    said(talk, b"x")
    talk.stray(b"surprise")
    talk.stray(b"tick")
    with pytest.raises(Desync):
        talk.begin(several(asking(cut=whole)))


def test_hours_of_heartbeats_between_steps_are_no_burden():
    talk = dialogue(ignored=is_tick, cap=100)
    talk.begin(several(asking()))
    said(talk, b"x\n")
    for _ in range(100):
        talk.stray(b"tick 1\ntic")
        talk.stray(b"k 2\n")
    talk.begin(several(asking()))
    assert said(talk, *[b"tick 3\n"] * 100, b"y\n")[-1] == "done"


def test_a_heartbeat_that_has_begun_does_not_break_a_silence():
    talk = dialogue(ignored=is_tick)
    talk.begin(several(asking(silent=0.5)))
    assert said(talk, b"ti") == [None]
    assert talk.timer == UNCHANGED
    assert (talk.expire(), talk.timer) == (None, 0.5)
    assert said(talk, b"ck\n") == [None]
    assert talk.expire() is DONE
    assert talk.reply == b""


def test_a_message_that_ends_by_quiet_may_be_ignored():
    talk = dialogue(ignored=is_tick)
    talk.begin(several(asking(cut=never, quiet=0.1)))
    said(talk, b"tick")
    assert (talk.expire(), talk.timer) == (None, 0.0)
    assert said(talk, b"x") == [None]
    assert talk.expire() is DONE
    assert talk.reply == b"x"

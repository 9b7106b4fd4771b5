"""A talk in which each thing received is all that there is: files, and full screens whose program asks back."""

from __future__ import annotations

import pytest

from filebridge.wire.dialogue import DONE, UNCHANGED, Dialogue, Exchange, Phase, Rules
from filebridge.wire.framing import End, literal_cut, never, whole
from filebridge.wire.screens.dialogue import ScreenDialogue


def talk(**keys):
    return Dialogue(Rules(1000, (), "refuse", False, snapshots=True), [None] * 4, None, **keys)


def asking(**keys):
    return Exchange(**{"encode": lambda row, previous: b"go\n", "cut": whole, **keys})


def newer(said, row, previous):
    row[0] = said


def test_an_old_result_is_dropped_and_the_next_one_awaited():
    dialogue = talk()
    old = asking(read=newer, fresh=lambda row, previous: row[0] != b"old")
    assert dialogue.begin(Phase("step", (old,), None)) == b"go\n"
    assert [dialogue.receive(b"old"), dialogue.pending, dialogue.receive(b"old")] == [None, b"", None]
    assert dialogue.receive(b"new") is DONE
    assert dialogue.reply == b"new"


def test_each_of_several_replies_is_a_result_of_its_own():
    dialogue = talk()
    dialogue.begin(Phase("step", (asking(), asking(encode=None)), None))
    assert dialogue.receive(b"one") == b"go\n" or dialogue.receive(b"two") is DONE
    dialogue.begin(Phase("step", (asking(awaited=2),), None))
    assert dialogue.receive(b"one") is None
    assert dialogue.receive(b"two") is DONE
    assert dialogue.reply == b"onetwo"


def test_of_messages_that_cannot_be_joined_the_last_one_is_read():
    dialogue = Dialogue(Rules(1000, (), "refuse", False, snapshots=True, latest=True), [None] * 4, None)
    dialogue.begin(Phase("step", (asking(awaited=2, read=newer),), None))
    assert [dialogue.receive(b"one"), dialogue.receive(b"two")] == [None, DONE]
    assert (dialogue.reply, dialogue.row[0]) == (b"two", b"two")


def test_after_silence_no_timer_runs_until_something_new_has_come():
    dialogue = talk()
    settled = asking(cut=never, quiet=0.5, read=newer, fresh=lambda row, previous: row[0] != b"old")
    dialogue.begin(Phase("step", (settled,), None))
    assert (dialogue.receive(b"old"), dialogue.timer) == (None, 0.5)
    dialogue.timer = UNCHANGED
    assert (dialogue.expire(), dialogue.timer) == (None, 0.0)
    assert (dialogue.receive(b"new"), dialogue.timer) == (None, 0.5)
    assert dialogue.expire() is DONE


@pytest.mark.parametrize("only", [False, True])
def test_looking_again_at_what_is_there_loses_nothing_of_it(only):
    dialogue = talk()
    line = asking(cut=literal_cut(b"\n", End()))
    dialogue.begin(Phase("step", (line,), line if only else None))
    assert [dialogue.receive(b"hal"), dialogue.receive(b""), dialogue.unmatched] == [None, None, b"hal"]
    assert dialogue.receive(b"whole\n") is DONE


@pytest.fixture
def drawing():
    pytest.importorskip("pyte")
    from filebridge.wire.screens.screen import Screen

    return ScreenDialogue(Rules(10_000, (), "drop", False, snapshots=True, latest=True), [None] * 4, Screen(10, 3))


def ready(**keys):
    return asking(cut=literal_cut(b"ready", End()), encode=lambda row, previous: b"j", **keys)


def test_what_a_terminal_answers_is_sent_at_once(drawing):
    assert drawing.begin(Phase("step", (ready(),), ready())) == b"j"
    assert drawing.receive(b"\x1b[2;4H\x1b[6n") == b"\x1b[2;4R"
    assert drawing.receive(b"x") is None
    assert drawing.receive(b"ready") is DONE


def test_what_was_asked_behind_the_end_of_a_reply_is_answered_before_the_next_key(drawing):
    drawing.begin(Phase("step", (ready(),), None))
    assert drawing.receive(b"\x1b[Hready\x1b[6n") is DONE
    assert drawing.begin(Phase("step", (ready(),), None)) == b"\x1b[1;6Rj"
    assert drawing.receive(b"?") is DONE


def test_an_answer_goes_out_before_the_key_of_the_next_exchange(drawing):
    drawing.begin(Phase("step", (asking(cut=never, quiet=0.5), ready()), None))
    assert drawing.receive(b"a") is None
    assert drawing.expire() == b"j"
    assert drawing.receive(b"\x1b[c")[:2] == b"\x1b["

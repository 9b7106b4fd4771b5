"""Dialogues of a configuration, held by hand: what is sent upon which bytes."""

import importlib.util
import pathlib

import pytest

from filebridge.errors import ActionError, ConfigError, Desync, ExpressionError, MessageTooLarge

_SPEC = importlib.util.spec_from_file_location("talking", pathlib.Path(__file__).with_name("talking.py"))
talking = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(talking)
Talk, samples = talking.Talk, talking.samples

ENDS = ["> ", {"over": "END\n"}]
GO = {"send": "go", "until": ENDS}


def steps(*exchanges, **more):
    return Talk(samples.toy(step=list(exchanges), **more))


def test_one_exchange():
    talk = Talk(samples.toy())
    assert talk.begin(action=0.5) == b"0.50\n"
    assert talk.hear("X= 1.0\n") is None
    assert talk.hear("> ") == "done"
    assert talk.dialogue.reply == b"X= 1.0\n> "
    assert talk["over"] is False


def test_the_label_of_the_end_is_set_and_forgotten_in_the_next_phase():
    talk = Talk(samples.toy())
    talk.begin(action=0.5)
    assert talk.hear("X= 1\nEND\n") == "done"
    assert talk["over"] is True
    talk.begin(action=0.25)
    assert talk["over"] is False


def test_nothing_is_sent_where_the_start_only_waits():
    talk = Talk(samples.toy())
    assert talk.begin("start") == b""
    assert talk.hear("welcome\n> ") == "done"


def test_a_phase_without_exchanges_is_done_at_once():
    talk = Talk(samples.toy(start=[]))
    assert talk.begin("start") is talking.DONE
    assert talk.dialogue.reply == b""


def test_every_way_of_cutting_the_bytes_gives_the_same():
    text = "X= 1.5\nMORE\nEND\n"
    for cut in range(1, len(text)):
        talk = Talk(samples.toy())
        talk.begin(action=0.5)
        first = talk.hear(text[:cut])
        assert first is None
        assert talk.hear(text[cut:]) == "done"
        talk.decode()
        assert (talk["x"], talk["over"]) == (1.5, True)


def test_several_exchanges_in_order():
    talk = steps({"send": "alter {action:.1f}", "until": "# "}, {"send": "run", "lines": 1}, GO)
    assert talk.begin(action=0.5) == b"alter 0.5\n"
    assert talk.hear("ok # ") == b"run\n"
    assert talk.hear("X= 2\n") == b"go\n"
    assert talk.hear("fine > ") == "done"
    assert talk.dialogue.reply == b"ok # \nX= 2\nfine > "


def test_what_is_left_over_between_exchanges_is_refused():
    talk = steps({"send": "one", "lines": 1}, GO)
    talk.begin()
    with pytest.raises(Desync) as caught:
        talk.hear("a\nsurprise")
    assert caught.value.found == "after the end of its last reply: surprise"


def test_what_is_left_over_may_be_dropped_or_kept():
    dropping = steps({"send": "one", "lines": 1}, GO, leftover="drop")
    dropping.begin()
    assert dropping.hear("a\nsurprise") == b"go\n"
    assert dropping.hear("> ") == "done"
    assert dropping.dialogue.reply == b"a\n> "
    keeping = steps({"send": "one", "lines": 1}, GO, leftover="keep")
    keeping.begin()
    assert keeping.hear("a\nsurprise") == b"go\n"
    assert keeping.hear("> ") == "done"
    assert keeping.dialogue.reply == b"a\nsurprise> "


def test_when_is_asked_at_each_exchange():
    talk = steps({"send": "one", "lines": 1}, {"send": "two", "lines": 1, "when": "x > 1"}, GO)
    talk.begin()
    assert talk.hear("X= 2\n") == b"two\n"
    assert talk.hear("yes\n") == b"go\n"
    talk.hear("> ")
    talk.begin()
    assert talk.hear("X= 0\n") == b"go\n"


def test_when_leaves_out_the_last_exchange():
    talk = steps({"send": "one", "until": ENDS}, {"send": "two", "lines": 1, "when": "not over"})
    talk.begin()
    assert talk.hear("X= 2\nEND\n") == "done"


def test_when_leaves_out_everything():
    talk = steps({"send": "one", "until": ENDS, "when": "step > 5"})
    assert talk.begin() is talking.DONE


def test_a_condition_that_fails_is_named():
    talk = steps({"send": "one", "lines": 1}, {"send": "two", "lines": 1, "when": "1 / x > 1"}, GO)
    talk.begin()
    with pytest.raises(ExpressionError) as caught:
        talk.hear("X= 0\n")
    assert str(caught.value).startswith("when: division by zero")


def test_repeat_asks_until_it_is_true():
    talk = steps({"send": "status", "lines": 1, "repeat": {"until": "x > 1", "every": "20 ms"}}, GO)
    assert talk.begin() == b"status\n"
    assert talk.hear("X= 0\n") == b""
    assert talk.dialogue.timer == 0.02
    assert talk.expire() == b"status\n"
    assert talk.hear("X= 2\n") == b"go\n"
    assert talk.hear("> ") == "done"
    # Only the answer that was awaited counts.
    assert talk.dialogue.reply == b"X= 2\n> "


def test_silence_is_an_empty_reply():
    talk = steps({"send": "quiet?", "until": "! ", "silent": "50 ms"}, GO)
    assert talk.begin() == b"quiet?\n"
    assert talk.dialogue.timer == 0.05
    assert talk.expire() == b"go\n"
    assert talk.hear("> ") == "done"
    assert talk.dialogue.reply == b"> "


def test_quiet_ends_a_reply():
    talk = steps({"send": "tell", "quiet": "30 ms"}, terminated="x > 9")
    assert talk.begin() == b"tell\n"
    assert talk.dialogue.timer == 0.0
    assert talk.hear("X= 1\n") is None
    assert talk.dialogue.timer == 0.03
    assert talk.expire() == "done"
    assert talk.dialogue.reply == b"X= 1\n"


def test_several_lines_await_as_many_replies():
    talk = steps({"send": ["a {action:.0f}", 5, "c"], "until": ENDS})
    assert talk.begin(action=1.0) == b"a 1\n5\nc\n"
    assert talk.hear("one > two > ") is None
    assert talk.hear("three > ") == "done"
    assert talk.dialogue.reply == b"one > \ntwo > \nthree > "


def test_questions_on_the_way_are_answered():
    talk = Talk(samples.toy(start=[{"until": "> ", "answer": {"Instructions? ": "n", "/--More \\d+--/": ""}}]))
    talk.begin("start")
    assert talk.hear("Hello\nInstructions? ") == b"n\n"
    assert talk.hear("text\n--More 5--") == b"\n"
    assert talk.hear("text\n--More 10--") == b"\n"
    assert talk.hear("ready\n> ") == "done"
    assert talk.dialogue.reply.startswith(b"Hello\nInstructions? text\n--More 5--")


def test_the_end_of_the_process_can_be_awaited():
    talk = steps({"send": "go", "until": {"ready": "> ", "over": {"exit": [0, 3]}}})
    talk.begin()
    talk.hear("X= 1\n")
    assert talk.dialogue.ended(1) is None
    assert talk.dialogue.ended(3) is talking.DONE
    assert talk["over"] is True
    assert talk["ready"] is False
    assert talk.dialogue.reply == b"X= 1\n"


def test_a_reset_is_a_phase():
    talk = Talk(samples.toy(reset=[{"send": "again {seed}", "until": "> "}]))
    assert talk.begin("reset") == b"again 7\n"
    assert talk.program.seed_at_reset


def test_line_ends_and_encodings():
    talk = Talk(
        samples.toy(text={"line_end": "\r\n", "encoding": "latin-1"}, step=[{"send": "gr\xfcn", "until": ENDS}])
    )
    assert talk.begin() == b"gr\xfcn\r\n"


def test_an_action_that_would_be_two_commands_is_refused():
    talk = Talk(samples.act("say {action}", text={"charset": "ab\n"}))
    with pytest.raises(ActionError):
        talk.begin(action="a\nb")


def test_values_of_the_step_before_can_be_sent():
    talk = steps({"send": "{prev.x:.1f} {x:.1f} {goal}", "until": ENDS}, variables={"goal": 4})
    talk.row[talk.program.names["x"].index] = 2.0
    talk.dialogue.previous[talk.program.names["x"].index] = 1.0
    assert talk.program.uses_previous
    assert talk.begin() == b"1.0 2.0 4\n"


def test_a_message_without_an_end_is_refused():
    talk = Talk(samples.toy(limits={"output": 100}))
    talk.begin(action=0.5)
    with pytest.raises(MessageTooLarge):
        talk.hear("x" * 101)


@pytest.mark.parametrize("phase", ["start", "reset"])
def test_there_is_no_action_before_the_first_step(phase):
    with pytest.raises(ConfigError) as caught:
        Talk(samples.toy(**{phase: [{"send": "{action}", "until": "> ", "when": "action > 0"}]}))
    assert [problem.what for problem in caught.value.problems] == ["there is no action yet"] * 2


def test_a_character_that_the_encoding_lacks():
    with pytest.raises(ConfigError) as caught:
        Talk(samples.toy(text={"encoding": "ascii"}, step=[{"send": "gr\xfcn", "until": ENDS}]))
    assert [(problem.path, problem.what, problem.found) for problem in caught.value.problems] == [
        (("step", 0, "send"), "a character that ascii lacks", "\xfc")
    ]

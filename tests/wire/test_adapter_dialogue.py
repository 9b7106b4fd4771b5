"""The talk for which an adapter speaks: what it yields is sent, and it is given what it awaits."""

from __future__ import annotations

import pytest

from filebridge.errors import ActionError, Desync, MessageTooLarge, ProtocolError, Refused
from filebridge.wire.adapter import Adapter, Told, frames, speaks
from filebridge.wire.adapter_dialogue import AdapterDialogue
from filebridge.wire.adapter_speaker import Speaker
from filebridge.wire.framing import End, lines_cut, never
from filebridge.wire.phase import DONE, Exchange, Phase, Rules

OPENS = {
    "start": lambda adapter, row: adapter.start(),
    "step": lambda adapter, row: adapter.step(row[0]),
    "stop": lambda adapter, row: adapter.stop(),
}


def dialogue(kind, leftover="refuse", cap=1000, snapshots=False):
    rules = Rules(cap, (1,), leftover, False, snapshots)
    opens = {name: OPENS[name] for name in speaks(kind)}
    return AdapterDialogue(rules, [7, None], None, Speaker("toys:Toy", kind(), opens), frames(kind))


def phase(name="step", cut=None, **keys):
    exchange = Exchange(None, cut or lines_cut(1), **keys)
    return Phase(name, (exchange,), exchange)


def heard(talk, data):
    talk.begin(phase())
    talk.receive(data)


class Short(Adapter):
    def encode(self, action):
        return b"set %d\n" % action

    def decode(self, message):
        return {"x": float(message)}


class Long(Adapter):
    def start(self):
        self.greeting = yield b""

    def step(self, action):
        first = yield b"a\n"
        second = yield b"b\n"
        return {"both": first + second}

    def stop(self):
        return None


class Heads(Adapter):
    """Messages begin with a byte that says how long they are."""

    def encode(self, action):
        return b"?"

    def decode(self, message):
        return {"n": len(message)}

    def end(self, data):
        size = 1 + data[0]
        return size if len(data) >= size else 0


def test_encode_and_decode_make_a_step():
    talk = dialogue(Short)
    assert talk.begin(phase()) == b"set 7\n"
    assert talk.receive(b"2.5\n") is DONE
    assert (talk.reply, talk.reply.values, talk.sent) == (b"2.5\n", {"x": 2.5}, b"set 7\n")


def test_a_generator_is_given_each_reply():
    talk = dialogue(Long)
    assert talk.begin(phase()) == b"a\n"
    assert talk.receive(b"on") is None
    assert talk.receive(b"e\n") == b"b\n"
    assert (talk.sent, talk.is_opening) == (b"b\n", False)
    assert talk.receive(b"two\n") is DONE
    assert (talk.reply, talk.reply.values) == (b"one\ntwo\n", {"both": b"one\ntwo\n"})


@pytest.mark.parametrize("size", range(1, 9))
def test_pieces_make_no_difference(size):
    talk = dialogue(Heads)
    talk.begin(phase(cut=never))
    data = b"\x07seven.."
    answers = [talk.receive(data[at : at + size]) for at in range(0, len(data), size)]
    assert answers[:-1] == [None] * (len(answers) - 1)
    assert answers[-1] is DONE
    assert talk.reply.values == {"n": 8}


def test_nothing_is_sent_where_only_a_message_is_awaited():
    talk = dialogue(Long)
    assert talk.begin(phase("start")) == b""
    assert talk.receive(b"hello\n") is DONE
    assert talk._speaker._adapter.greeting == b"hello\n"


def test_messages_that_came_together_are_taken_one_by_one():
    class Several(Adapter):
        def step(self, action):
            found = [(yield b"go\n")]
            while found[-1] != b".\n":
                found.append((yield b""))
            return {"events": len(found)}

    talk = dialogue(Several)
    assert talk.begin(phase()) == b"go\n"
    assert talk.receive(b"one\ntwo\n.\n") is DONE
    assert talk.reply.values == {"events": 3}


def test_what_is_left_over_before_a_request_is_refused():
    talk = dialogue(Long)
    talk.begin(phase())
    with pytest.raises(Desync):
        talk.receive(b"one\nand more\n")


def test_a_method_without_a_dialogue_says_nothing():
    talk = dialogue(Long)
    assert talk.begin(phase("stop")) is DONE
    assert (talk.reply, talk.reply.values) == (b"", {})


def test_of_a_phase_that_the_configuration_holds_the_reply_is_decoded():
    talk = dialogue(Short)
    assert talk.begin(phase("start")) == b""
    assert talk.receive(b"4\n") is DONE
    assert talk.reply.values == {"x": 4.0}
    talk.begin(Phase("reset", (), None))
    assert talk.reply.values == {}


def test_silence_is_an_empty_reply():
    class Quiet(Adapter):
        def step(self, action):
            return {"said": len((yield b"go\n"))}

    talk = dialogue(Quiet)
    talk.begin(phase(silent=0.5))
    assert talk.timer == 0.5
    assert talk.expire() is DONE
    assert talk.reply.values == {"said": 0}


def test_an_end_of_the_process_that_is_awaited_is_a_last_reply():
    talk = dialogue(Short)
    talk.begin(phase(cut=never, exits=(((0,), 1),)))
    assert talk.receive(b"3.5") is None
    assert talk.ended(1) is None
    assert talk.ended(0) is DONE
    assert (talk.row[1], talk.reply.values) == (True, {"x": 3.5})


def test_a_snapshot_is_one_message():
    talk = dialogue(Short, snapshots=True)
    talk.begin(phase(cut=lambda data, searched: (len(data), End()) if data else None))
    assert talk.receive(b"1\n") is DONE
    assert talk.reply.values == {"x": 1.0}


def test_a_message_without_an_end_is_refused_at_the_cap():
    talk = dialogue(Heads, cap=100)
    talk.begin(phase())
    with pytest.raises(MessageTooLarge):
        talk.receive(b"\xff" * 101)


def step_of(method):
    return type("Toy", (Adapter,), {"step": method})


def yields(value):
    def step(self, action):
        yield value

    return step


def returns(value):
    return lambda self, action: value


def fails(error):
    def step(self, action):
        yield b"go\n"
        raise error

    return step


@pytest.mark.parametrize(
    ("method", "what", "found"),
    [
        (yields("text"), "yielded no bytes in step", "str: 'text'"),
        (yields(None), "yielded no bytes in step", "NoneType: None"),
        (returns([1]), "returned no values in step", "list: [1]"),
        (fails(ValueError("no \x1b number")), "failed in step: ValueError: no \\x1b number", "the message ok\\n"),
        (fails(StopIteration(3)), "failed in step: RuntimeError: generator raised StopIteration", "the message ok\\n"),
        (fails(ActionError("late")), "failed in step: ActionError: late", "the message ok\\n"),
    ],
)
def test_what_an_adapter_does_wrong_is_told(method, what, found):
    talk = dialogue(step_of(method))
    with pytest.raises(ProtocolError) as caught:
        heard(talk, b"ok\n")
    assert (caught.value.what, caught.value.found) == (f"the adapter toys:Toy {what}", found)


def test_a_failure_keeps_its_cause():
    talk = dialogue(Short)
    talk.begin(phase())
    with pytest.raises(ProtocolError) as caught:
        talk.receive(b"what?\n")
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize("error", [Refused("no"), Desync("what")])
def test_errors_of_filebridge_pass(error):
    talk = dialogue(step_of(fails(error)))
    talk.begin(phase())
    with pytest.raises(type(error)) as caught:
        talk.receive(b"ok\n")
    assert caught.value is error


def test_an_action_can_be_refused_before_anything_was_sent():
    class Picky(Short):
        def encode(self, action):
            if action == 7:
                raise ActionError("not seven")
            return super().encode(action)

    talk = dialogue(Picky)
    with pytest.raises(ActionError, match="not seven"):
        talk.begin(phase())
    assert talk.is_opening
    talk.row[0] = 8
    assert talk.begin(phase()) == b"set 8\n"


@pytest.mark.parametrize("size", [-1, 4, True, 2.0, None])
def test_an_end_must_lie_in_the_data(size):
    talk = dialogue(type("Odd", (Heads,), {"end": lambda self, data: size}))
    talk.begin(phase())
    with pytest.raises(ProtocolError, match="the adapter toys:Toy gave no end of a message in end") as caught:
        talk.receive(b"abc")
    assert caught.value.found == f"{size!r} for 3 bytes"


def test_a_dialogue_that_was_broken_off_is_forgotten():
    talk = dialogue(Long)
    talk.begin(phase())
    assert talk.begin(phase()) == b"a\n"
    assert talk.receive(b"one\n") == b"b\n"


def test_what_a_class_defines_is_its_own():
    assert (speaks(Short), speaks(Long)) == ({"step"}, {"start", "step", "stop"})
    assert (frames(Heads), frames(Long)) == (True, False)
    assert Told.of(b"a", {"x": 1}) == b"a"

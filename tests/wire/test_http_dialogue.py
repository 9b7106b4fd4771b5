"""A talk in which each chunk is an answer of HTTP: its status decides."""

import pytest

from filebridge.envelope import answer, request
from filebridge.errors import Refused
from filebridge.wire.dialogue import DONE, Exchange, Phase, Rules
from filebridge.wire.framing import whole
from filebridge.wire.http_dialogue import HttpDialogue

ASKED = request("POST", "/step?n=1", [], b"go")
RULES = Rules(1000, (), "refuse", False, snapshots=True)


class Returns:
    """A filter that can be seen."""

    def clean(self, chunk):
        return chunk.replace(b"\r\n", b"\n")

    def finish(self):
        return b""


def asking(**keys):
    return Exchange(**{"encode": lambda row, previous: ASKED, "cut": whole, **keys})


def talk(exchange, only=True, **keys):
    dialogue = HttpDialogue(RULES, [None] * 4, keys.get("text_filter"))
    assert dialogue.begin(Phase("step", (exchange,), exchange if only else None)) == ASKED
    return dialogue


def reply(status, body=b"", reason="", location=""):
    return answer(status, reason, "text/plain", location, body)


@pytest.mark.parametrize("only", [True, False])
@pytest.mark.parametrize(("status", "body"), [(200, b"X= 1\n\nY= 2"), (201, b"made"), (204, b""), (299, b"odd")])
def test_the_body_of_a_good_answer_is_the_message(only, status, body):
    dialogue = talk(asking(), only)
    assert dialogue.receive(reply(status, body)) is DONE
    assert dialogue.reply == body


def test_the_filter_cleans_the_body_and_not_the_envelope():
    dialogue = talk(asking(), text_filter=Returns())
    assert dialogue.receive(reply(200, b"a\r\n\r\nb\r\n")) is DONE
    assert dialogue.reply == b"a\n\nb\n"


def test_other_statuses_may_be_expected():
    assert talk(asking(statuses=(404, 302))).receive(reply(404, b"none")) is DONE
    assert talk(asking(statuses=(404, 302))).receive(reply(302, b"there")) is DONE
    with pytest.raises(Refused, match=r"^the simulator answered 200 OK\n"):
        talk(asking(statuses=(404,))).receive(reply(200, b"fine"))


@pytest.mark.parametrize("only", [True, False])
def test_a_simulator_that_is_not_ready_is_asked_again(only):
    dialogue = talk(asking(again=(409, 503), again_every=0.25), only)
    for number, status in enumerate((409, 503, 409), 1):
        assert dialogue.receive(reply(status, b"busy")) == b""
        assert (dialogue.timer, dialogue.is_pausing, dialogue.tries, dialogue.refused) == (0.25, True, number, b"busy")
        assert dialogue.expire() == ASKED
        assert not dialogue.is_pausing
    assert dialogue.receive(reply(200, b"ready")) is DONE
    assert dialogue.reply == b"ready"
    dialogue.begin(Phase("step", (asking(),), asking()))
    assert dialogue.tries == 0


def test_what_was_said_before_stays_although_the_next_is_asked_again():
    dialogue = HttpDialogue(RULES, [None] * 4, None)
    dialogue.begin(Phase("step", (asking(), asking(again=(409,))), None))
    assert dialogue.receive(reply(200, b"one ")) == ASKED
    assert dialogue.receive(reply(409, b"wait")) == b""
    assert dialogue.expire() == ASKED
    assert dialogue.receive(reply(200, b"two")) is DONE
    assert dialogue.reply == b"one two"


def test_a_repetition_counts_the_bodies():
    dialogue = talk(asking(repeat=lambda row, previous: dialogue.tries == 2, every=0.5), only=False)
    for _ in range(2):
        assert dialogue.receive(reply(200, b"not yet")) == b""
        assert (dialogue.timer, dialogue.expire()) == (0.5, ASKED)
    assert dialogue.receive(reply(200, b"now")) is DONE
    assert dialogue.reply == b"now"


def test_what_comes_unasked_is_opened_too():
    dialogue = talk(asking())
    assert dialogue.receive(reply(200, b"x")) is DONE
    dialogue.stray(reply(200, b"late"))
    assert dialogue.pending == b"late"


def refusal(**keys):
    with pytest.raises(Refused) as caught:
        talk(asking()).receive(reply(**keys))
    return str(caught.value)


KEYS = "if this status is a good answer, add it to `expect`; if it means `not ready yet`, to `again`"


def test_a_failure_shows_the_beginning_of_the_body():
    body = b"<h1>Oh\x1b[2J\n</h1>" + b"x" * 2000
    assert refusal(status=500, reason="Internal Server Error", body=body) == (
        "the simulator answered 500 Internal Server Error\n"
        f"  found: POST /step?n=1: <h1>Oh\\x1b[2J\\n</h1>{'x' * 484}...\n"
        f"  cure: see what was sent; {KEYS}"
    )


def test_a_failure_without_a_body_or_a_reason():
    assert refusal(status=503) == (
        "the simulator answered 503 Service Unavailable\n"
        "  found: POST /step?n=1: an empty body\n"
        f"  cure: see what was sent; {KEYS}"
    )
    assert refusal(status=599).startswith("the simulator answered 599\n")


def test_a_redirect_is_not_followed():
    assert refusal(status=302, reason="Found", location="http://127.0.0.1:9/there") == (
        "the simulator answered 302 Found\n"
        "  found: it points to http://127.0.0.1:9/there; redirects are not followed\n"
        f"  cure: write the place that it points to, in the `request` or in `url`; {KEYS}"
    )
    assert "it points to nowhere; redirects" in refusal(status=304)


@pytest.mark.parametrize(("status", "reason"), [(401, "Unauthorized"), (403, "Forbidden")])
def test_a_key_is_wanted(status, reason):
    assert refusal(status=status, reason=reason, body=b"who are you?") == (
        f"the simulator answered {status} {reason}\n"
        "  found: POST /step?n=1: who are you?\n"
        "  cure: if it wants a key, name the variable that holds it, `http: {secrets: {Authorization: MY_KEY}}`"
    )


def test_a_path_that_is_not_there():
    assert refusal(status=404, reason="Not Found", body=b"no") == (
        "the simulator answered 404 Not Found\n"
        "  found: POST /step?n=1: no\n"
        f"  cure: correct the path of the `request`, or the `url` before it; {KEYS}"
    )


def test_a_method_that_is_not_allowed():
    assert f"cure: another method: `get`, `post`, `put`, `patch` or `delete`; {KEYS}" in refusal(status=405)


def test_the_reason_is_what_the_simulator_says_and_is_escaped():
    assert refusal(status=500, reason="b\xe4d" + "x" * 200).startswith(
        f"the simulator answered 500 b\\xc3\\xa4d{'x' * 77}\n"
    )

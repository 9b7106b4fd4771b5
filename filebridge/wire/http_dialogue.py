"""The talk with a program that serves HTTP: each answer has a status, which says whether its body is a reply."""

from __future__ import annotations

from http import HTTPStatus

from filebridge.envelope import Answer, opened_answer, opened_request
from filebridge.errors import Refused, escaped
from filebridge.wire.dialogue import Dialogue, Phase

__all__ = ["HttpDialogue"]

_SHOWN = 500  # bytes of a body in an error
_LONGEST = 80  # characters of a reason
_STATUS_KEYS = "if this status is a good answer, add it to `expect`; if it means `not ready yet`, to `again`"


class HttpDialogue(Dialogue):
    """A dialogue whose chunks are answers in envelopes; what passes the ``filter``, and is framed, is their bodies.

    An answer with one of the statuses of ``again`` is no reply: after a pause the same request is made once more.
    ``tries`` counts these, ``refused`` is the body of the last one.
    """

    __slots__ = ()

    def begin(self, phase: Phase) -> bytes:
        """Do as the Dialogue does."""
        self.tries = 0
        return super().begin(phase)

    def receive(self, chunk: bytes) -> bytes | None:
        """Take an answer; return what to send, None while more must come, or ``DONE``.

        Raises:
            Refused: its status is none that was expected.
            MessageTooLarge: no end of the message within the cap.
        """
        if not chunk:
            return super().receive(chunk)
        answer = opened_answer(chunk)
        exchange = self._exchange
        if answer.status in exchange.again:
            return self._ask_again(answer)
        good = answer.status in exchange.statuses if exchange.statuses else 200 <= answer.status < 300
        if not good:
            # What is shown as received is this answer, and not that of the phase before.
            self.reply = answer.body
            raise _refused(answer, self.sent)
        return super().receive(answer.body)

    def stray(self, chunk: bytes) -> None:
        """Take an answer that came while nothing was asked."""
        super().stray(opened_answer(chunk).body if chunk else chunk)

    def _ask_again(self, answer: Answer) -> bytes:
        self.tries += 1
        self.refused = answer.body
        self._paused, self.timer = True, self._exchange.again_every
        return b""


def _refused(answer: Answer, sent: bytes) -> Refused:
    """Return the error for an answer whose status is none that was expected to ``sent``."""
    status, asked = answer.status, opened_request(sent)
    reason = escaped(answer.reason[:_LONGEST]) or _phrase(status)
    what = f"the simulator answered {status} {reason}".rstrip()
    found = f"{asked.method} {asked.target}: {_beginning(answer.body)}"
    if 300 <= status < 400:
        found = f"it points to {escaped(answer.location[:_SHOWN]) or 'nowhere'}; redirects are not followed"
        cure = f"write the place that it points to, in the `request` or in `url`; {_STATUS_KEYS}"
    elif status in (401, 403):
        cure = "if it wants a key, name the variable that holds it, `http: {secrets: {Authorization: MY_KEY}}`"
    elif status == 404:
        cure = f"correct the path of the `request`, or the `url` before it; {_STATUS_KEYS}"
    elif status == 405:
        cure = f"another method: `get`, `post`, `put`, `patch` or `delete`; {_STATUS_KEYS}"
    else:
        cure = f"see what was sent; {_STATUS_KEYS}"
    return Refused(what, found=found, cure=cure)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


def _beginning(body: bytes) -> str:
    if not body.strip():
        return "an empty body"
    return escaped(body[:_SHOWN]) + ("..." if len(body) > _SHOWN else "")

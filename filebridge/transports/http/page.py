"""What a person sees who opens the counter in a browser, and the same for a program."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from dataclasses import asdict, dataclass
from html import escape
from urllib.parse import quote

from filebridge.errors import escaped
from filebridge.transports.http.answers import answer
from filebridge.transports.sockets.endpoint import Counter

__all__ = ["Glance", "page", "record"]

SHOWN = 2048
REFRESH = 2

_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:52em;margin:2em auto;padding:0 1em;color:#222;background:#fff}"
    "h1{font-size:1.3em}h2{font-size:1.05em;margin-bottom:.3em}"
    "pre{background:#f3f3f0;border-left:3px solid #888;padding:.6em;white-space:pre-wrap;overflow-wrap:anywhere}"
    "td{padding:0 1.5em 0 0}.now{font-weight:bold}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#262626}}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# The address holds the token: no other site may be told it, and none may frame the page.
_EXTRA = (
    f"Content-Security-Policy: default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
)
_PAGE_HEAD = answer(200, "text/html; charset=utf-8", _EXTRA)
_RECORD_HEAD = answer(200, "application/json", _EXTRA)


@dataclass(frozen=True, slots=True)
class Glance:
    """The state of the counter at one moment.

    ``state`` is in words, ``seconds`` how long it has been so. ``refused`` counts requests, ``refusal`` is the last.
    ``action`` and ``observation`` are the last ones, escaped, at most 2 KiB.
    """

    state: str
    seconds: float
    actions: int
    observations: int
    old: int
    connections: int
    refused: int
    refusal: str
    action: str
    observation: str

    @staticmethod
    def shown(data: bytes) -> str:
        """Return ``data`` as it is shown."""
        return escaped(data, SHOWN)


def record(glance: Glance) -> tuple[bytes, bytes]:
    """Return the head of an answer, up to its length, and the body: the state as JSON."""
    return _RECORD_HEAD, json.dumps(asdict(glance), indent=1).encode() + b"\n"


def page(glance: Glance, counter: Counter, root: str) -> tuple[bytes, bytes]:
    """Return the head of an answer, up to its length, and the body: a page; ``root`` is the address of the counter."""
    rows = "".join(
        f"<tr><td>{escape(name)}<td>{escape(str(value))}\n"
        for name, value in (
            ("actions fetched", glance.actions),
            ("observations posted", f"{glance.observations}, of which {glance.old} were too old to count"),
            ("connections", glance.connections),
            ("requests refused", f"{glance.refused}, last: {glance.refusal}" if glance.refused else 0),
        )
    )
    body = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{REFRESH}">
<meta name="viewport" content="width=device-width"><title>filebridge</title><style>{_STYLE}</style></head><body>
<h1>filebridge: the counter of one simulator</h1>
<p class="now">{escape(glance.state)}, for {glance.seconds:.1f} s</p>
<table>{rows}</table>
<h2>What the simulator calls</h2>
{_calls(counter, root)}
<h2>The last action</h2>
<pre>{escape(glance.action) or "none yet"}</pre>
<h2>The last observation</h2>
<pre>{escape(glance.observation) or "none yet"}</pre>
</body></html>
"""
    return _PAGE_HEAD, body.encode()


def _calls(counter: Counter, root: str) -> str:
    action, observation = (
        shlex.quote(root + quote(path.lstrip("/"))) for path in (counter.action, counter.observation)
    )
    only = "<p>Served to the processes of this run alone: from elsewhere these lines are refused.</p>"
    note = only if counter.peer == "process" else ""
    post = f"curl --data-binary 'OBSERVATION' {observation}"
    wait = f"{counter.wait:g}"
    if action == observation:
        return (
            f"<p>It posts what it observes; the answer is the next action, or after {wait} s without one 204: it posts"
            f" nothing then, or fetches, to go on waiting.</p>{note}<pre>{escape(post)}\ncurl {escape(action)}</pre>"
        )
    return (
        f"<p>It fetches an action, and waits until there is one; after {wait} s the answer is 204: ask again.</p>"
        f"{note}<pre>curl {escape(action)}</pre><p>Then it posts what it observes, answered by 204.</p>"
        f"<pre>{escape(post)}</pre>"
    )

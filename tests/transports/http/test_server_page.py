"""What a person sees who opens the HTTP counter in a browser; the curl lines on it work."""

from __future__ import annotations

import html
import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("counter_side", Path(__file__).with_name("counter_side.py"))
side = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(side)

TOKEN, ACTION, OBSERVATION = side.TOKEN, side.ACTION, side.OBSERVATION


@pytest.fixture
def bridges():
    made = []

    def make(**fields):
        made.append(side.Bridge(**fields))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def bridge(bridges):
    return bridges()


def state(bridge):
    return json.loads(bridge.get(f"/{TOKEN}/state").body)


@pytest.mark.parametrize("path", ["", "/"])
def test_the_page_is_plain_and_closed_to_everything_else(bridge, path):
    reply = bridge.get(f"/{TOKEN}{path}")
    text = reply.body.decode()
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert reply.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert '<meta http-equiv="refresh" content="2">' in text
    assert "<script" not in text
    assert "nothing was asked and nothing posted, for 0.0 s" in text


def test_the_style_is_the_one_that_the_policy_lets_in(bridge):
    import base64
    import hashlib

    reply = bridge.get(f"/{TOKEN}/")
    style = re.search(r"<style>(.*)</style>", reply.body.decode())[1]
    known = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{known}'" in reply.headers["content-security-policy"]


def test_the_last_exchange_is_shown_escaped_and_short(bridge):
    bridge.write(b"<b>\x1b[2J\n")
    bridge.get(ACTION)
    bridge.post(OBSERVATION, b"<script>alert(1)</script>" + b"\0" + b"&" * 5000)
    text = bridge.get(f"/{TOKEN}/").body.decode()
    assert "<pre>&lt;b&gt;\\x1b[2J\\n</pre>" in text
    assert "<script>" not in text
    assert "<pre>..." + "&amp;" * 2048 + "</pre>" in text


def test_the_state_tells_who_waits_for_what(bridge):
    assert state(bridge)["state"] == "nothing was asked and nothing posted"
    waiting = bridge.client(side.FETCH)
    bridge.settle()
    assert state(bridge)["state"] == "the simulator waits for an action"
    bridge.write(b"1")
    assert bridge.until(waiting.reply).body == b"1"
    assert state(bridge)["state"] == "an action was fetched, no observation was posted"
    bridge.post(OBSERVATION, b"ok")
    assert state(bridge)["state"] == "an observation was posted, no action was asked for"
    bridge.write(b"2")
    bridge.post(OBSERVATION, b"early")
    bridge.get("/action")
    known = state(bridge)
    assert known.pop("seconds") >= 0
    assert known.pop("connections") >= 1
    assert known.pop("refusal").startswith("403 name the token")
    assert known == {
        "state": "an action was not fetched", "actions": 1, "observations": 2, "old": 1, "refused": 1, "action": "1",
        "observation": "early",
    }  # fmt: skip


def test_what_is_told_for_an_error_holds_no_token(bridge):
    bridge.get("/action")
    waiting = bridge.client(side.FETCH)
    bridge.until(lambda: "waits for an action" in bridge.server.told())
    assert re.fullmatch(
        r"the simulator waits for an action, for 0\.\d s; 1 requests were refused, the last by 403 name the token .*",
        bridge.server.told(),
    )
    assert TOKEN not in bridge.server.told()
    assert bridge.server.url == f"http://127.0.0.1:{bridge.port}/{TOKEN}/"
    waiting.close()


@pytest.mark.parametrize("path", ["/step", "/observation"])
def test_the_lines_on_the_page_work(bridges, path):
    curl = shutil.which("curl")
    assert curl, "curl is not installed"
    bridge = bridges(action="/step", observation=path, peer="token")
    text = bridge.get(f"/{TOKEN}/").body.decode()
    blocks = re.findall(r"<pre>(curl.*?)</pre>", text, re.DOTALL)
    lines = html.unescape("\n".join(blocks)).split("\n")
    fetch = next(line for line in lines if "--data" not in line)
    post = next(line for line in lines if "--data" in line)
    bridge.write(b"an action")
    assert run(bridge, fetch) == b"an action"
    with subprocess.Popen(["sh", "-c", f"exec {post} -s"], stdout=subprocess.PIPE) as posting:
        assert bridge.until(lambda: bridge.bodies) == [b"OBSERVATION"]
        if path == "/step":
            bridge.write(b"the next")
        bridge.until(lambda: posting.poll() is not None)
        assert posting.stdout.read() == (b"the next" if path == "/step" else b"")


def run(bridge, line):
    with subprocess.Popen(["sh", "-c", f"exec {line} -s"], stdout=subprocess.PIPE) as client:
        bridge.until(lambda: client.poll() is not None)
        return client.stdout.read()


def test_paths_of_ones_own_come_before_the_page(bridges):
    bridge = bridges(action="/", observation="state")
    bridge.write(b"1")
    assert bridge.get(f"/{TOKEN}/").body == b"1"
    assert bridge.post(f"/{TOKEN}/state", b"ok").status == 204

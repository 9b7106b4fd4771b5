"""Environments over TCP, Unix sockets and UDP: both roles, every framing, directions apart, events, a fixed pace."""

from __future__ import annotations

import importlib.util
import json
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from filebridge.env import BridgeEnv
from filebridge.errors import ReadyTimeout, SimulatorExited

_spec = importlib.util.spec_from_file_location("networked", Path(__file__).parent / "fakes" / "networked.py")
net = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(net)
fake = net.fake

LISTENS, DIALS, ANSWERS = net.LISTENS, net.DIALS, net.ANSWERS
ROLES = [
    (LISTENS, {"tcp": {"connect": "127.0.0.1:${port}"}}, "${port}"),
    (DIALS, {"tcp": {"listen": True}}, "${port}"),
    (LISTENS, {"unix": {"connect": "sim.sock"}}, "sim.sock"),
    (DIALS, {"unix": {"listen": True}}, "filebridge.sock"),
    (DIALS, {"unix": {"listen": "a/b.sock"}}, "a/b.sock"),
]
NAMES = ["tcp, it listens", "tcp, it calls", "unix, it listens", "unix, it calls", "unix, in a folder"]
roles = pytest.mark.parametrize(("begin", "transport", "word"), ROLES, ids=NAMES)


@roles
def test_either_side_may_listen(begin, transport, word):
    with net.bridge(begin + ANSWERS, word, transport=transport) as env:
        pids = set()
        for _ in range(2):
            assert env.reset()[0].tolist() == [0, 0]
            net.play(env, 20)
            pids.add(fake.pid(env))
    assert len(pids) == 2, "a process for each episode"


AGAIN = """
while True:
    BEGIN
    say(reply(0))
    try:
        while True: say(reply(hear()))
    except SystemExit:
        pass
"""


@roles
def test_a_connection_for_each_episode_and_one_process_for_all(begin, transport, word):
    (kind, keys), = transport.items()
    code = AGAIN.replace("BEGIN", begin.strip())
    with net.bridge(code, word, transport={kind: {**keys, "each": "episode"}}) as env:
        pids = set()
        for episode in range(4):
            assert env.reset()[0].tolist() == [0, 0]
            net.play(env, 3 + episode)
            pids.add(fake.pid(env))
    assert len(pids) == 1


@roles
def test_one_connection_serves_all_episodes_where_a_reset_is_said(begin, transport, word):
    code = begin + "while True: say(reply(hear()))"
    with net.bridge(code, word, transport=transport, start=None, reset=[{"send": "0 reset"}]) as env:
        pids = set()
        for _ in range(3):
            assert env.reset()[0].tolist() == [0, 0]
            net.play(env, 3)
            pids.add(fake.pid(env))
    assert len(pids) == 1


def test_one_that_takes_a_while_to_call_in_each_episode_is_waited_for():
    code = AGAIN.replace("    BEGIN", "    time.sleep(0.05)\n    dial()")
    with net.bridge(code, transport={"tcp": {"listen": True, "each": "episode"}}) as env:
        for _ in range(3):
            env.reset()
            net.play(env, 2)


def test_a_token_said_first_lets_in_one_that_is_no_process_of_ours():
    code = "dial(words[0], words[1] + '\\r\\n' + reply(0))\nwhile True: say(reply(hear()))"
    with net.bridge(code, "${port}", "${token}", transport={"tcp": {"listen": True, "peer": "token"}}) as env:
        env.reset()
        net.play(env, 5)
        assert len(net.word_of(env, 6)) == 32


def test_a_grandchild_may_be_the_one_that_calls():
    code = "if os.fork(): os.wait()\n" + DIALS + ANSWERS
    with net.bridge(code, transport=net.CALLS) as env:
        env.reset()
        net.play(env, 5)


# Directions apart

UDP_TO = """
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def tell(text): udp.sendto(text.encode(), ("127.0.0.1", int(words[1])))
"""


@pytest.mark.parametrize(("transport", "code"), [
    ({"tcp": {"connect": "127.0.0.1:${port}", "carries": "actions"},
      "udp": {"listen": "127.0.0.1:${port2}", "carries": "replies"}},
     LISTENS + UDP_TO),
    ({"tcp": {"listen": True, "carries": "actions"}, "udp": {"listen": "127.0.0.1:${port2}", "carries": "replies"}},
     DIALS + UDP_TO),
    ({"tcp": {"connect": "127.0.0.1:${port}", "carries": "actions"}, "files": {"read": "obs.txt"}},
     LISTENS + "def tell(text):\n    with open('obs.txt', 'w') as file: file.write(text)\n"),
    ({"tcp": {"connect": "127.0.0.1:${port}", "carries": "actions"}, "console": {}},
     LISTENS + "def tell(text): os.write(1, text.encode())\n"),
    ({"console": {}, "tcp": {"listen": True, "carries": "replies"}},
     DIALS + "tell = say\ndef hear(): return int(sys.stdin.readline().split()[0])\n"),
    ({"fifo": {"write": "in.fifo"}, "unix": {"connect": "${port}", "carries": "replies"}},
     LISTENS + "orders = open('in.fifo')\ntell = say\ndef hear(): return int(orders.readline().split()[0])\n"),
], ids=["tcp, udp", "tcp called, udp", "tcp, file", "tcp, stdout", "stdin, tcp", "fifo, unix"])
def test_actions_one_way_and_observations_another(transport, code):
    words = ["${port}"] + ["${port2}"] * ("udp" in transport)
    if "unix" in transport:
        transport, words = {**transport, "unix": {**transport["unix"], "connect": "s"}}, ["./s"]
    code += "step = 0\nwhile True:\n    tell(reply(step))\n    step = hear()\n"
    with net.bridge(code, *words, transport=transport) as env:
        for _ in range(2):
            assert env.reset()[0].tolist() == [0, 0]
            net.play(env, 30)


# Messages

BINARY = """
accept()

def put(kind, layout, *values):
    body = struct.pack(">B" + layout, kind, *values)
    say(struct.pack(">I", len(body)) + body)

put(1, "Iq", 0, 0)
while True:
    step, action = struct.unpack(">Bf", part(struct.unpack(">I", part(4))[0]))
    put(2, "f", action / 2) if step % 2 else put(1, "Iq", step, step * step)
"""


def test_binary_messages_both_ways_with_a_type_that_selects_the_layout():
    fields = {
        "kind": {"binary": {"type": ">u1"}},
        "seq": {"binary": {"type": ">u4", "offset": 1}, "when": "kind == 1", "keep": True, "default": -1},
        "x": {"binary": {"type": ">i8", "offset": 5}, "when": "kind == 1", "keep": True, "default": -1},
        "half": {"binary": {"type": ">f4", "offset": 1}, "when": "kind == 2", "default": 0},
    }
    step = [{"pack": {"layout": ">Bf", "values": ["step", "action"]}}]
    made = net.config(BINARY, step=step, framing={"length": 4})
    made |= {"fields": fields, "observation": ["kind", "seq", "x", "half"], "reward": "half"}
    with closing(BridgeEnv(made)) as env:
        assert env.reset()[0].tolist() == [1, 0, 0, 0]
        assert env.step(net.act(3))[0].tolist() == [2, 0, 0, 1.5]
        assert env.step(net.act(3))[0].tolist() == [1, 2, 4, 0]
        assert env.step(net.act(5))[0].tolist() == [2, 2, 4, 2.5]


def test_lines_of_json_both_ways():
    code = """
import json
accept()
say(json.dumps({"seq": 0, "state": {"x": 0.5}}) + "\\n")
while True:
    told = json.loads(upto(b"\\n"))
    assert told["kind"] == "act" and told["fixed"] == [1, True, None]
    say(json.dumps({"seq": told["n"], "state": {"x": told["force"] * 2}}) + "\\n")
"""
    step = [{"send_json": {"kind": "'act'", "n": "step", "force": "action", "fixed": [1, True, None]}}]
    fields = {"seq": {"json": "/seq"}, "x": {"json": "/state/x"}}
    with net.bridge(code, step=step, fields=fields) as env:
        assert env.reset()[0].tolist() == [0, 0.5]
        assert env.step(net.act(3))[0].tolist() == [1, 6]
        assert env.step(net.act(4))[0].tolist() == [2, 8]


@pytest.mark.parametrize(("document", "text", "fields"), [
    ("json", '{{"seq": {step},\\n "text": "}}}} [", "x": [{{"y": {square}}}]}}',
     {"seq": {"json": "/seq"}, "x": {"json": "/x/0/y"}}),
    ("xml", "<!-- <state> -->\\n<state seq='{step}'><x a='>'>{square}</x><empty/>\\n</state>",
     {"seq": {"xml": "state@seq"}, "x": {"xml": "state/x"}}),
], ids=["json", "xml"])
def test_documents_end_where_their_own_structure_says(document, text, fields):
    code = f"accept()\nstep = 0\nwhile True:\n    square = step * step\n    say(f'''{text}''')\n    step = hear()\n"
    with net.bridge(code, framing={"document": document}, fields=fields) as env:
        env.reset()
        net.play(env, 10)


def test_telnet_offers_are_refused_and_kept_out_of_the_text():
    code = """
IAC, WILL, WONT, DO, DONT = b"\\xff", b"\\xfb", b"\\xfc", b"\\xfd", b"\\xfe"
accept()
say(IAC + DO + b"\\x18" + IAC + WILL + b"\\x01" + IAC + b"\\xfa\\x18\\x01" + IAC + b"\\xf0" + b"seq=0 x=0\\r\\n")
answers = part(6)
assert answers == IAC + WONT + b"\\x18" + IAC + DONT + b"\\x01", answers
while True:
    step = hear()
    say(f"seq={step} ".encode() + IAC + b"\\xf1" + f"x={step * step}\\r\\n".encode())
"""
    with net.bridge(code, transport={"tcp": {"connect": "127.0.0.1:${port}", "telnet": True}}) as env:
        assert env.reset()[0].tolist() == [0, 0]
        net.play(env, 5)


def test_a_server_that_answers_in_two_small_writes_is_not_waited_for():
    code = """
accept()
line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
step = 0
while True:
    say(f"seq={step} ")
    say(f"x={step * step}\\n")
    step = hear()
"""
    with net.bridge(code) as env:
        env.reset()
        net.play(env, 10)
        took = []
        for step in range(11, 61):
            begun = time.monotonic()
            net.play(env, 1, first=step)
            took.append(time.monotonic() - begun)
    # Each would take 40 ms; half of them may be late for other reasons.
    assert sorted(took)[25] < 0.03


# Events

EVENTS = """
accept()
step = 0
while True:
    for number in range(step % 4):
        say(f"EVENT seq={step} part={number} cost=1.5\\n")
        say("HEARTBEAT\\n")
    say(f"EVENT seq={step} x={step * step} DECIDE cost=1\\n")
    say("HEARTBEAT\\n")
    step = hear()
"""


def test_events_are_gathered_until_a_decision_is_due_and_heartbeats_ignored():
    fields = {
        "decide": {"seen": "DECIDE"}, "seq": {"find": "seq={int}"}, "x": {"find": "x={int}", "default": -1},
        "cost": {"find": "cost={float}", "pick": "sum"}, "events": {"find": "EVENT{any}seq={int}", "pick": "count"},
    }
    made = net.config(EVENTS, start=[{"gather": "decide"}], ignore="HEARTBEAT",
                      step=[{"send": "{step} {action:.0f}", "gather": "decide"}])
    made |= {"fields": fields, "observation": ["seq", "x"], "reward": "-cost", "info": {"events": "events"}}
    with closing(BridgeEnv(made)) as env:
        assert env.reset()[0].tolist() == [0, 0]
        for step in range(1, 20):
            observation, reward, _, _, info = env.step(net.act())
            assert observation.tolist() == net.right(step)
            assert (reward, info["events"]) == (-1 - 1.5 * (step % 4), 1 + step % 4)


def test_heartbeats_between_request_and_reply_and_between_steps_answer_nothing():
    code = """
import threading
accept()
lock = threading.Lock()
def beat():
    while True:
        with lock: say("HEARTBEAT 7\\n")
        time.sleep(0.0005)
threading.Thread(target=beat, daemon=True).start()
step = 0
while True:
    with lock: say(reply(step))
    step = hear()
"""
    with net.bridge(code, ignore="HEARTBEAT") as env:
        for _ in range(2):
            assert env.reset()[0].tolist() == [0, 0]
            net.play(env, 40)


# Wall clock

CLOCK = """
accept()
while True:
    word = upto(b"\\n")
    if word == b"read": say(f"seq={count} x={time.monotonic()}\\n")
    else: count = int(word.split()[0])
"""


def test_a_step_lasts_its_time_and_the_pace_is_kept_without_drift():
    step = [{"send": "{step} {action:.0f}", "silent": "0.1 ms"}, {"send": "read", "at": "20 ms"}]
    reset = [{"send": "0", "silent": "0.1 ms"}, {"send": "read"}]
    made = net.config(CLOCK, start=None, reset=reset, step=step, fields={"x": {"find": "x={float}"}})
    with closing(BridgeEnv(made)) as env:
        usual, limit = [], time.monotonic() + 60
        # The best of several: the machine may be busy with something else.
        while not usual or (min(usual) >= 0.0239 and time.monotonic() < limit):
            env.reset()
            times = []
            begun = time.monotonic()
            for number in range(1, 21):
                observation = env.step(net.act())[0]
                assert observation[0] == number
                times.append(observation[1])
                time.sleep(0.004)
            # However busy the machine is, it only makes a step late: none is asked for before its time.
            early = begun + 0.02 * np.arange(1, 21) - times
            assert max(early) < 0.0005
            usual.append(np.median(np.diff(times)))
    # A trainer that takes 4 ms of each 20 costs nothing: without the pace no step would take less than 24 ms.
    assert min(usual) < 0.0239


# A simulator that runs already


def test_a_simulator_that_somebody_else_started_is_called_and_left_running():
    code = AGAIN.replace("BEGIN", "accept()")
    with net.free_ports() as (port,), net.running(code, port) as pid:
        made = net.without_command(transport={"tcp": {"connect": f"127.0.0.1:{port}"}})
        for _ in range(2):
            with closing(BridgeEnv(made)) as env:
                for _ in range(2):
                    assert env.reset()[0].tolist() == [0, 0]
                    net.play(env, 3)
        assert not fake.gone(pid)


def test_where_nothing_runs_yet_that_is_told():
    with net.free_ports() as (port,):
        made = net.without_command(transport={"tcp": {"connect": f"127.0.0.1:{port}"}}, deadlines={"start": 0.5})
        with closing(BridgeEnv(made)) as env, pytest.raises(ReadyTimeout, match="where nobody listens") as caught:
            env.reset()
    started = "`simulator` has no `command`, so it is not started by us: start it, or correct the address"
    assert caught.value.cure == f"{started}; if it is only slow, raise `deadlines: {{start: ...}}`"


def test_a_unix_socket_of_a_simulator_that_runs_already():
    with tempfile.TemporaryDirectory(prefix="fb-") as folder:
        path = f"{folder}/s"
        with net.running(LISTENS + ANSWERS, path):
            made = net.without_command(transport={"unix": {"connect": path}})
            with closing(BridgeEnv(made)) as env:
                env.reset()
                net.play(env, 3)


# What is told of it


def test_a_token_is_shown_neither_in_an_error_nor_in_a_transcript(tmp_path):
    code = "dial(words[0], words[1] + '\\n' + reply(0))\nhear()\nnote('bad')\nos._exit(3)"
    transport = {"tcp": {"listen": True, "peer": "token"}}
    with net.bridge(code, "${port}", "${token}", transport=transport, transcript=tmp_path) as env:
        env.reset()
        token = net.word_of(env, 6)
        with pytest.raises(SimulatorExited) as caught:
            env.step(net.act())
    assert len(token) == 32
    assert token not in str(caught.value)
    assert token not in json.dumps(caught.value.situation.record())
    texts = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert texts
    assert all(token.encode() not in text for text in texts)

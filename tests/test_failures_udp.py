"""Simulators that talk in datagrams, of which some are lost, doubled, late or cut: never a wrong observation."""

from __future__ import annotations

import importlib.util
import os
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from filebridge.env import BridgeEnv
from filebridge.errors import ActionError, EndpointInUse, MessageTooLarge, ParseError, ReadyTimeout, SimulatorTimeout

_spec = importlib.util.spec_from_file_location("networked", Path(__file__).parent / "fakes" / "networked.py")
net = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(net)
fake = net.fake

RECEIVES = """
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", int(words[0])))

def get():
    global there
    data, there = udp.recvfrom(65536)
    return int(data.split()[0])

def send(text):
    udp.sendto(text.encode(), there)
"""
ANSWERS = RECEIVES + """
while True:
    send(reply(get()))
"""
"""Answers each datagram with what belongs to its step: the same one twice makes no difference."""

SENDS = """
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
there = "127.0.0.1", int(words[0])

def send(text):
    udp.sendto(text.encode(), there)

def get():
    return int(udp.recv(65536).split()[0])
"""
CALLED = {"udp": {"connect": "127.0.0.1:${port}"}}
CALLS = {"udp": {"listen": True}}
BEGIN = {"send": "{step} 0"}
STEP = {"send": "{step} {action:.0f}"}
FRESH = {"fresh": "seq == step"}
AGAIN = {"resend": "15 ms", **FRESH}


def talk(again=None, **keys):
    extra = again or {}
    made = {"start": None, "reset": [{**BEGIN, **extra}], "step": [{**STEP, **extra}], "transport": CALLED}
    return {**made, **keys}


def bridge(code=ANSWERS, /, *words, **keys):
    return net.bridge(code, *words, **talk(**keys))


@pytest.fixture
def behind():
    """Give an environment whose program runs already, behind a proxy: what that spoils, then keys of ``config``."""
    with ExitStack() as opened:

        def make(back=None, there=None, code=ANSWERS, again=None, **keys):
            (port,) = opened.enter_context(net.free_ports())
            opened.enter_context(net.running(code, port))
            net.until(lambda: net.is_open(port, "udp"))
            proxy = opened.enter_context(net.Datagrams(port, back, there))
            env = BridgeEnv(net.without_command(**talk(again, transport={"udp": {"connect": proxy.address}}, **keys)))
            opened.callback(env.close)
            return env, proxy

        yield make


def test_a_datagram_each_way():
    with bridge() as env:
        for _ in range(2):
            assert env.reset()[0].tolist() == [0, 0]
            net.play(env, 100)


# 49


def every(count, spoil):
    """Pass all on as it is but each ``count``-th."""
    return lambda number, data: spoil(data) if number % count == 0 else [data]


LOST, TWICE = (lambda data: []), (lambda data: [data, data])


@pytest.mark.parametrize("toxics", [
    {"there": every(3, LOST)}, {"back": every(3, LOST)}, {"there": every(2, LOST), "back": every(3, LOST)},
    {"there": every(2, TWICE)}, {"back": every(2, TWICE)}, {"there": every(3, TWICE), "back": every(4, LOST)},
], ids=["commands lost", "answers lost", "both lost", "commands twice", "answers twice", "twice and lost"])
def test_what_is_lost_or_doubled_gives_the_right_results_by_number_and_resend(behind, toxics):
    env, proxy = behind(**toxics, again=AGAIN, leftover="drop")
    for _ in range(2):
        assert env.reset()[0].tolist() == [0, 0]
        net.play(env, 10)
    assert min(proxy.counts) >= 20


def test_answers_in_the_wrong_order_are_told_apart_by_their_number(behind):
    held = []

    def reorder(number, data):
        if number % 4 == 0:
            held.append(data)
            return []
        out = [data, *held]
        held.clear()
        return out

    env, _ = behind(back=reorder, again=AGAIN, leftover="drop")
    assert env.reset()[0].tolist() == [0, 0]
    net.play(env, 20)


def test_old_answers_come_before_the_right_one_every_time(behind):
    old = []

    def late(number, data):
        old.append(data)
        return [*old[-4:-1], data]

    env, _ = behind(back=late, again=FRESH, leftover="drop")
    assert env.reset()[0].tolist() == [0, 0]
    net.play(env, 30)


def test_a_loss_without_a_resend_ends_at_the_deadline_and_says_what_would_help(behind):
    env, proxy = behind(back=lambda number, data: [] if data.startswith(b"seq=2") else [data],
                        deadlines={"step": 0.3})
    error, took = net.failure(env, SimulatorTimeout)
    assert 0.3 <= took < 5
    assert "no datagram came: what was sent, or the answer to it, may be lost" in error.what
    assert "`resend: 200 ms` where it may get an action twice" in error.cure
    assert error.situation.sent == "2 1\\n"
    assert proxy.counts[0] == 5, "nothing was sent again"


def test_no_answer_at_all_is_asked_for_until_the_deadline(behind):
    sent = []
    env, _ = behind(there=lambda number, data: sent.append(data) or ([] if data.startswith(b"2 ") else [data]),
                    again={"resend": "50 ms", **FRESH}, deadlines={"step": 0.4})
    net.failure(env, SimulatorTimeout)
    assert 3 <= sum(data.startswith(b"2 ") for data in sent) <= 12


def test_a_datagram_that_is_cut_short_is_no_number(behind):
    env, _ = behind(back=lambda number, data: [data[:6] if data.startswith(b"seq=2") else data])
    error, took = net.failure(env, ParseError)
    assert took < 5, "the deadline is 10 s"
    assert "x" in error.what
    assert error.situation.received == "seq=2 "


def test_a_doubled_answer_without_a_number_is_never_taken_for_the_next(behind):
    # Where nothing tells an old answer it counts as one that came before the action, and is dropped.
    env, _ = behind(back=every(1, TWICE), again={"fresh": "seq == step"}, leftover="drop")
    env.reset()
    net.play(env, 10)


def test_several_datagrams_make_one_observation():
    code = RECEIVES + """
while True:
    step = get()
    send(f"seq={step} ")
    send(f"x={step * step}")
"""
    with bridge(code, framing={"datagrams": 2}) as env:
        env.reset()
        net.play(env, 20)


def test_one_of_several_datagrams_that_is_lost_ends_at_the_deadline(behind):
    code = RECEIVES + """
while True:
    step = get()
    send(f"seq={step} ")
    send(f"x={step * step}")
"""
    env, _ = behind(back=lambda number, data: [] if data == b"x=4" else [data], code=code,
                    framing={"datagrams": 2}, deadlines={"step": 0.3})
    error, _ = net.failure(env, SimulatorTimeout)
    assert error.cure


def test_telemetry_at_a_rate_of_its_own_counts_by_its_number():
    code = SENDS + """
udp.setblocking(False)
step = 0
while True:
    send(reply(step))
    time.sleep(0.001)
    try:
        step = get()
    except BlockingIOError:
        pass
"""
    step = [{**STEP, **FRESH}]
    with bridge(code, transport=CALLS, start=[{}], reset=None, step=step, leftover="drop") as env:
        for _ in range(2):
            assert env.reset()[0].tolist() == [0, 0]
            net.play(env, 30)


# 43, 44, 46: nobody receives, the port is taken


def test_one_that_receives_late_loses_nothing():
    with bridge("time.sleep(0.15)\n" + ANSWERS) as env:
        assert env.reset()[0].tolist() == [0, 0]
        net.play(env, 3)


def test_one_that_never_receives_ends_at_the_deadline():
    with bridge("time.sleep(99)", deadlines={"start": 0.3}) as env:
        begun = time.monotonic()
        with pytest.raises(ReadyTimeout, match="where no program has bound a UDP socket"):
            env.reset()
        assert 0.3 <= time.monotonic() - begun < 5
        assert (fake.folders(), fake.inhabitants(), env._session.link) == ([], [], None)


@pytest.mark.parametrize("key", ["connect", "listen"])
def test_a_port_that_somebody_has_is_told_with_who_has_it(key):
    with net.free_ports() as (port,):
        code = ANSWERS if key == "connect" else SENDS + "send(reply(0))\nwhile True: send(reply(get()))"
        more = {} if key == "connect" else {"start": [{}], "reset": None}
        with bridge(code, port, transport={"udp": {key: f"127.0.0.1:{port}"}}, **more) as env:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.bind(("127.0.0.1", int(port)))
                with pytest.raises(EndpointInUse, match=f"^port 127.0.0.1:{port} is taken") as caught:
                    env.reset()
            assert caught.value.found == f"by this process (pid {os.getpid()})"
            env.reset()
            net.play(env, 3)


# 50


def test_strangers_are_not_heard_and_not_answered():
    with net.free_ports() as (port,):
        stop, heard = threading.Event(), []

        def intrude():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.setblocking(False)
                while not stop.is_set():
                    stranger.sendto(b"seq=7 x=99\n", ("127.0.0.1", int(port)))
                    try:
                        heard.append(stranger.recv(100))
                    except OSError:
                        pass
                    stop.wait(0.001)

        code = SENDS + "send(reply(0))\nwhile True: send(reply(get()))"
        more = {"start": [{}], "reset": None, "transport": {"udp": {"listen": f"127.0.0.1:{port}"}}}
        thread = threading.Thread(target=intrude)
        with bridge(code, port, **more) as env:
            thread.start()
            for _ in range(2):
                assert env.reset()[0].tolist() == [0, 0]
                net.play(env, 30)
            stop.set()
            thread.join()
    assert not heard


def test_by_default_we_receive_where_no_other_machine_reaches_us():
    before = net.listeners("udp")
    code = SENDS + "send(reply(0))\nwhile True: send(reply(get()))"
    with bridge(code, start=[{}], reset=None, transport=CALLS) as env:
        env.reset()
        net.play(env, 2)
        (address,) = net.listeners("udp") - before
        assert address.startswith("0100007F:")


@pytest.mark.parametrize("at", [2, 4])
def test_a_datagram_that_is_larger_than_allowed_is_refused(at):
    code = RECEIVES + f"""
while True:
    step = get()
    send("x" * 60_000 * (step == {at}) + " " + reply(step))
"""
    with bridge(code, limits={"output": "1 KiB"}) as env:
        error, _ = net.failure(env, MessageTooLarge, at)
    assert error.what == "a reply of more than 1024 bytes"


def test_what_does_not_fit_into_a_datagram_is_refused_before_it_is_sent():
    with bridge(step=[{"send": "{step} " + "x" * 70_000}]) as env:
        env.reset()
        with pytest.raises(ActionError, match="does not fit into a datagram"):
            env.step(net.act())

"""Slow, endless and too many clients at the HTTP counter: each is ended at its limit, and delays nobody."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import resource
import time
from pathlib import Path

import pytest

from filebridge.errors import LimitReached

_spec = importlib.util.spec_from_file_location("counter_side", Path(__file__).with_name("counter_side.py"))
side = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(side)

TOKEN, ACTION, OBSERVATION, FETCH = side.TOKEN, side.ACTION, side.OBSERVATION, side.FETCH
request, posted = side.request, side.posted
CHUNKED = request("POST", OBSERVATION, "Transfer-Encoding: chunked")
PROMPT = 0.05


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


def exchange(bridge, client, number):
    """Hold one exchange with a client and return the seconds that it took."""
    begun = time.perf_counter()
    bridge.write(b"%d" % number)
    assert bridge.until(client.say(FETCH).reply).body == b"%d" % number
    assert bridge.until(client.say(posted(b"%d" % number)).reply).status == 204
    bridge.until(lambda: bridge.bodies and bridge.bodies[-1] == b"%d" % number)
    return time.perf_counter() - begun


def prompt(bridge, client, between=lambda: None):
    """Return the seconds that the quickest of some exchanges took: what else runs on the machine does not count."""
    times = []
    for number in range(5):
        between()
        times.append(exchange(bridge, client, number))
    return min(times)


def ended(bridge, client):
    """Return the status with which a connection was ended."""
    reply = bridge.until(client.reply)
    bridge.until(lambda: client.hear() or client.closed)
    return reply.status


def test_a_hundred_clients_with_half_a_head_do_not_delay_the_real_one(bridge):
    slow = [bridge.client(b"GET /action HTTP/1.1\r\nHost: local") for _ in range(100)]
    client = bridge.client()
    assert prompt(bridge, client) < PROMPT
    assert prompt(bridge, client, lambda: [one.say(b"x") for one in slow]) < PROMPT
    # They are all still there: nobody was sent away to make room.
    bridge.settle()
    assert not any(one.hear() or one.closed for one in slow)


def test_a_hundred_clients_with_half_a_body_do_not_delay_a_new_connection(bridge):
    slow = [bridge.client(posted(b"x" * 1000)[:-900]) for _ in range(100)]
    bridge.settle()
    times = []
    for number in range(5):
        for one in slow:
            one.say(b"x")
        times.append(exchange(bridge, bridge.client(), number))
    assert min(times) < PROMPT


def test_clients_that_do_not_read_do_not_delay_the_real_one(bridge):
    for _ in range(20):
        bridge.client(request("GET", f"/{TOKEN}/") * 8)
    assert prompt(bridge, bridge.client()) < PROMPT


def test_a_request_in_two_writes_is_not_held_up_by_the_kernel(bridge):
    # Nagle's rule keeps the second write back until the first is acknowledged, which takes the kernel 40 ms by itself.
    client, times = bridge.client(), []
    for number in range(60):
        head, body = posted(b"%d" % number)[:-2], posted(b"%d" % number)[-2:]
        begun = time.perf_counter()
        client.say(head).say(body[:1]).say(body[1:])
        assert bridge.until(client.reply).status == 204
        times.append(time.perf_counter() - begun)
    assert sorted(times)[len(times) // 2] < 0.02


@pytest.mark.parametrize(
    "data",
    [b"G", b"GET /action HTTP/1.1\r\nHost: localhost\r\n", posted(b"whole")[:-2], CHUNKED, CHUNKED + b"5\r\nab"],
    ids=["letter", "head", "body", "chunks", "chunk"],
)
def test_what_is_not_whole_in_time_is_ended(bridges, data):
    bridge = bridges(seconds=0.2)
    begun = time.monotonic()
    assert ended(bridge, bridge.client(data)) == 408
    assert time.monotonic() - begun >= 0.2


@pytest.mark.parametrize("rest", [b"X: y\r\n", b"z"], ids=["lines", "letters"])
def test_a_head_that_drips_is_ended_in_time(bridges, rest):
    bridge = bridges(seconds=0.2)
    client = bridge.client(b"GET /action HTTP/1.1\r\n")
    while (reply := client.reply()) is None:
        client.say(rest)
        bridge.settle()
    # No progress counts, only the end: a client may not go on for ever by saying a little each time.
    assert (reply.status, reply.body) == (408, b"408 the head of the request was not whole after 0.2 s\n")


def test_a_body_that_drips_is_ended_in_time(bridges):
    bridge = bridges(seconds=0.2)
    client = bridge.client(request("POST", OBSERVATION, "Content-Length: 100000"))
    while (reply := client.reply()) is None:
        client.say(b"x")
        bridge.turn(10)
    assert reply.status == 408
    assert bridge.bodies == []


def test_a_connection_that_says_nothing_is_closed_in_time(bridges):
    bridge = bridges(seconds=0.2)
    client = bridge.client()
    bridge.until(lambda: client.hear() or client.closed)
    assert client.received == b""


def test_a_client_between_two_requests_may_take_its_time(bridges):
    bridge = bridges(seconds=0.1)
    client = bridge.client()
    exchange(bridge, client, 1)
    idle = bridge.client()
    # The patience with another runs out meanwhile, not that with this one.
    bridge.until(lambda: idle.hear() or idle.closed)
    exchange(bridge, client, 2)


def test_a_client_that_never_takes_its_answer_is_closed_in_time(bridges):
    bridge = bridges(seconds=0.2)
    bridge.client(FETCH)
    bridge.settle()
    bridge.write(b"x" * 30_000_000)
    bridge.until(lambda: bridge.server._glance().connections == 0)


def test_a_pause_in_which_nobody_looked_does_not_count(bridges, monkeypatch):
    now = [time.monotonic()]
    for module in ("hall", "desk"):
        monkeypatch.setattr(f"filebridge.transports.http.{module}.monotonic", lambda: now[0])
    bridge = bridges()
    client = bridge.client(posted(b"whole")[:-2])
    bridge.settle()
    now[0] += 100.0
    bridge.turn()
    client.say(b"le")
    assert bridge.until(client.reply).status == 204


@pytest.mark.parametrize(
    "data",
    [
        request("GET", ACTION, *(f"X-{number}: 1" for number in range(65))),
        request("GET", ACTION, "X: " + "x" * 16384),
        request("GET", "/" + "x" * 16384),
        b"GET /" + b"x" * 16384,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 70,
        CHUNKED + b"1;" + b"x" * 17000,
    ],
    ids=["lines", "line", "target", "endless line", "endless lines", "chunk line"],
)
def test_a_head_that_is_too_large_is_refused(bridge, data):
    assert ended(bridge, bridge.client(data)) == 431


def test_as_many_lines_as_there_may_be_are_taken(bridge):
    bridge.write(b"1")
    assert bridge.get(ACTION, *(f"X-{number}: 1" for number in range(63))).body == b"1"


@pytest.mark.parametrize(
    "data",
    [
        request("POST", OBSERVATION, "Content-Length: 1001"),
        request("POST", OBSERVATION, "Content-Length: 1001", "Expect: 100-continue"),
        request("POST", OBSERVATION, "Content-Length: 99999999999999999999"),
        CHUNKED + b"3e9\r\n" + b"x" * 1001 + b"\r\n",
        CHUNKED + b"fffffffffffffff\r\n" + b"x" * 2000,
        CHUNKED + b"1\r\nx\r\n" * 1001,
    ],
    ids=["stated", "asked before", "huge", "one chunk", "huge chunk", "many chunks"],
)
def test_a_body_that_is_too_large_is_refused(bridges, data):
    bridge = bridges(cap=1000)
    assert ended(bridge, bridge.client(data)) == 413
    assert bridge.bodies == []


def test_the_largest_body_is_taken(bridges):
    bridge = bridges(cap=1000)
    assert bridge.post(OBSERVATION, b"x" * 1000).status == 204
    assert bridge.ask(CHUNKED + b"3e8\r\n" + b"x" * 1000 + b"\r\n0\r\n\r\n").status == 204


def test_a_bomb_of_tiny_chunks_is_refused(bridge):
    client = bridge.client(CHUNKED)
    reply = None
    while reply is None:
        try:
            client.socket.send(b"1\r\nx\r\n" * 500)
        except BlockingIOError:
            pass
        bridge.turn(0)
        reply = client.reply()
    assert (reply.status, reply.body) == (413, b"413 the body comes in more than 16384 chunks\n")


def test_the_oldest_strangers_make_room_for_newer_connections(bridge):
    known = bridge.client()
    exchange(bridge, known, 1)
    strangers = [bridge.client(b"GET") for _ in range(200)]
    bridge.settle()
    bridge.until(lambda: sum(one.hear() or one.closed for one in strangers) == 73)
    assert [one.closed for one in strangers] == [True] * 73 + [False] * 127
    exchange(bridge, known, 2)


def test_one_who_waits_for_an_action_is_never_sent_away_for_others(bridge):
    waiting = bridge.client(FETCH)
    bridge.settle()
    for _ in range(150):
        bridge.post(OBSERVATION, b"x")
    bridge.write(b"1")
    assert bridge.until(waiting.reply).body == b"1"


def test_a_client_that_says_too_much_while_it_waits_is_closed(bridge):
    client = bridge.client(FETCH)
    bridge.settle()
    client.say(b"x" * 60000)
    bridge.settle()
    client.say(b"x" * 60000)
    bridge.until(lambda: client.hear() or client.closed)
    bridge.write(b"1")
    assert bridge.ask(FETCH).body == b"1"


def test_without_descriptors_strangers_make_room_and_then_it_is_told(bridge):
    stranger = bridge.client(b"GET")
    bridge.settle()
    late = bridge.client()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = _lowest_free()
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
    try:
        # The stranger's descriptor is the one that the newcomer gets.
        bridge.until(lambda: stranger.hear() or stranger.closed)
        bridge.server.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    late.close()


def test_without_any_descriptor_it_is_told(bridge):
    bridge.client()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_lowest_free(), limits[1]))
    try:
        with pytest.raises(LimitReached, match="the HTTP counter cannot take a connection"):
            bridge.server.read()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def _lowest_free():
    descriptor = os.dup(0)
    os.close(descriptor)
    return descriptor


def test_a_bomb_of_tiny_chunks_holds_up_nobody_while_it_is_looked_at(bridge):
    client, bomb = bridge.client(), bridge.client(CHUNKED)
    bridge.settle()

    def throw():
        try:
            bomb.socket.send(b"1\r\nx\r\n" * 500)
        except BlockingIOError:
            pass

    assert prompt(bridge, client, throw) < PROMPT


def test_a_large_action_reaches_a_client_that_says_no_more(bridge):
    large = b"x" * 8_000_000
    client = bridge.client(FETCH)
    client.socket.shutdown(1)
    bridge.settle()
    bridge.write(large)
    assert bridge.until(client.reply).body == large
    bridge.until(lambda: client.hear() or client.closed)


def test_a_client_may_say_no_more_while_it_takes_a_large_action(bridge):
    large = b"x" * 8_000_000
    bridge.write(large)
    client = bridge.client(FETCH)
    bridge.turn()
    client.socket.shutdown(1)
    assert bridge.until(client.reply).body == large


def test_a_forked_copy_leaves_the_connections_to_its_parent(bridge):
    client, waiting = bridge.client(), bridge.client(FETCH)
    bridge.settle()
    child = multiprocessing.get_context("fork").Process(target=bridge.server.close)
    child.start()
    child.join(side.PATIENCE)
    assert child.exitcode == 0
    child.close()
    bridge.write(b"1")
    assert bridge.until(waiting.reply).body == b"1"
    exchange(bridge, client, 2)

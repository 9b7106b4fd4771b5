"""The simulator fetches each action once, when it is there, and posts what answers it."""

from __future__ import annotations

import importlib.util
import math
import socket
from pathlib import Path

import pytest

from filebridge.errors import ConfigError, SendBlocked

_spec = importlib.util.spec_from_file_location("counter_side", Path(__file__).with_name("counter_side.py"))
side = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(side)

FETCH, ACTION, OBSERVATION, posted = side.FETCH, side.ACTION, side.OBSERVATION, side.posted


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


@pytest.fixture
def both(bridges):
    """A counter where the answer to a post is the next action."""
    return bridges(action="/step", observation="/step")


def step(body):
    return side.request("POST", f"/{side.TOKEN}/step", body=body)


def test_an_action_that_waits_is_fetched_at_once_with_its_type(bridge):
    bridge.write(b"burn 3\n\x00\xff")
    reply = bridge.ask(FETCH)
    assert (reply.status, reply.body) == (200, b"burn 3\n\x00\xff")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.headers["cache-control"] == "no-store"
    assert "connection" not in reply.headers


def test_a_fetch_waits_for_an_action(bridge):
    client = bridge.client(FETCH)
    bridge.settle()
    assert client.reply() is None
    bridge.write(b"1")
    # Nothing but the write is needed.
    assert bridge.until(client.reply).body == b"1"


def test_a_post_is_answered_at_once_and_read(bridge):
    assert bridge.ask(posted(b"ALT= 1")).status == 204
    bridge.until(lambda: bridge.bodies)
    assert bridge.bodies == [b"ALT= 1"]
    assert bridge.server.read() is None


def test_put_posts_as_well(bridge):
    assert bridge.ask(side.request("PUT", OBSERVATION, body=b"x")).status == 204
    assert bridge.until(lambda: bridge.bodies) == [b"x"]


def test_without_an_action_a_fetch_is_answered_by_204_after_its_time(bridges):
    bridge = bridges(wait=0.05)
    client = bridge.client(FETCH)
    reply = bridge.until(client.reply)
    assert (reply.status, reply.body) == (204, b"")
    assert "content-length" not in reply.headers
    # The same connection may ask again.
    client.say(FETCH)
    bridge.settle()
    bridge.write(b"go")
    assert bridge.until(client.reply).body == b"go"


def test_an_action_is_handed_out_once(bridges):
    bridge = bridges(wait=0.05)
    bridge.write(b"once")
    assert bridge.ask(FETCH).body == b"once"
    assert bridge.ask(FETCH).status == 204


def test_several_actions_are_handed_out_in_order(bridge):
    for each in (b"a", b"b", b"c"):
        bridge.write(each)
    assert [bridge.ask(FETCH).body for _ in range(3)] == [b"a", b"b", b"c"]


def test_actions_that_nobody_fetches_do_not_pile_up(bridge):
    for _ in range(64):
        bridge.write(b"x")
    with pytest.raises(SendBlocked, match="the simulator does not fetch what is sent"):
        bridge.server.write(b"x")


def test_a_second_fetch_sends_the_older_one_away(bridge):
    older = bridge.client(FETCH)
    bridge.settle()
    newer = bridge.client(FETCH)
    assert bridge.until(older.reply).status == 204
    bridge.write(b"1")
    assert bridge.until(newer.reply).body == b"1"
    assert older.reply() is None


def test_an_action_is_kept_for_the_next_when_the_one_who_waits_has_gone(bridge):
    client = bridge.client(FETCH)
    bridge.settle()
    client.close()
    bridge.write(b"1")
    assert bridge.ask(FETCH).body == b"1"


def test_one_who_was_reset_gets_no_action(bridge):
    client = bridge.client(FETCH)
    bridge.settle()
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    # Not even looked at before: the write itself finds out.
    bridge.server.write(b"1")
    assert bridge.ask(FETCH).body == b"1"


def test_one_who_asked_and_went_while_nobody_looked_gets_no_action(bridge):
    bridge.write(b"1")
    ghosts = [bridge.client(FETCH) for _ in range(5)]
    for ghost in ghosts:
        ghost.close()
    assert bridge.ask(FETCH).body == b"1"


def test_one_who_ends_what_it_says_may_still_wait(bridge):
    client = bridge.client(FETCH)
    client.socket.shutdown(socket.SHUT_WR)
    bridge.settle()
    assert client.reply() is None
    bridge.write(b"1")
    assert bridge.until(client.reply).body == b"1"
    bridge.until(lambda: client.hear() or client.closed)


def test_what_was_posted_before_the_action_is_old(bridge):
    bridge.client(posted(b"too early"))
    bridge.write(b"1")
    # Answered all the same, and dropped: posted with no look at it, and while the action was not fetched.
    assert bridge.ask(posted(b"early")).status == 204
    bridge.ask(FETCH)
    bridge.ask(posted(b"right"))
    bridge.settle()
    assert bridge.bodies == [b"right"]


def test_a_post_that_began_before_the_action_was_fetched_is_old(bridge):
    slow = bridge.client(posted(b"begun before")[:-3])
    bridge.settle()
    bridge.write(b"1")
    bridge.ask(FETCH)
    slow.say(b"ore")
    assert bridge.until(slow.reply).status == 204
    bridge.ask(posted(b"after"))
    bridge.settle()
    assert bridge.bodies == [b"after"]


def test_each_of_several_posts_is_announced_and_read(bridge):
    client = bridge.client(b"".join(posted(b"%d" % number) for number in range(30)))
    bridge.until(lambda: len(bridge.bodies) == 30)
    assert bridge.bodies == [b"%d" % number for number in range(30)]
    assert [bridge.until(client.reply).status for _ in range(30)] == [204] * 30


def test_requests_may_be_pipelined_and_are_answered_in_order(bridge):
    client = bridge.client(posted(b"state") + FETCH + FETCH)
    assert bridge.until(client.reply).status == 204
    bridge.settle()
    assert bridge.bodies == [b"state"]
    bridge.write(b"1")
    assert bridge.until(client.reply).body == b"1"
    bridge.settle()
    bridge.write(b"2")
    assert bridge.until(client.reply).body == b"2"


def test_an_exchange_in_slices_of_one_byte_is_the_same(bridge):
    client = bridge.client()
    bridge.write(b"1")
    for byte in FETCH + posted(b"ok"):
        client.say(bytes([byte]))
        bridge.turn(0)
    assert bridge.until(client.reply).body == b"1"
    assert bridge.until(client.reply).status == 204


def test_a_body_may_come_in_chunks(bridge):
    head = side.request("POST", OBSERVATION, "Transfer-Encoding: chunked")
    client = bridge.client(head + b"3\r\nALT\r\n")
    bridge.settle()
    client.say(b"4;x=y\r\n= 12\r\n0\r\nTrailer: 1\r\n\r\n" + FETCH)
    assert bridge.until(client.reply).status == 204
    assert bridge.until(lambda: bridge.bodies) == [b"ALT= 12"]
    bridge.write(b"next")
    assert bridge.until(client.reply).body == b"next"


def test_a_client_that_waits_for_a_word_is_told_to_go_on(bridge):
    head = side.request("POST", OBSERVATION, "Expect: 100-continue", "Content-Length: 2")
    client = bridge.client(head)
    assert bridge.until(client.reply).status == 100
    client.say(b"ok")
    assert bridge.until(client.reply).status == 204
    assert bridge.until(lambda: bridge.bodies) == [b"ok"]


def test_a_line_end_behind_a_body_belongs_to_nothing(bridge):
    client = bridge.client(posted(b"ok") + b"\r\n" + FETCH)
    assert bridge.until(client.reply).status == 204
    bridge.settle()
    bridge.write(b"1")
    assert bridge.until(client.reply).body == b"1"


def test_an_old_client_without_keep_alive_is_served(bridge):
    bridge.write(b"1")
    client = bridge.client(side.request("GET", ACTION, version="1.0", host=""))
    reply = bridge.until(client.reply)
    assert (reply.body, reply.headers["connection"]) == (b"1", "close")
    bridge.until(lambda: client.hear() or client.closed)


def test_an_old_client_may_keep_its_connection(bridge):
    client = bridge.client()
    for number in range(3):
        bridge.write(b"%d" % number)
        client.say(side.request("GET", ACTION, "Connection: Keep-Alive", version="1.0"))
        reply = bridge.until(client.reply)
        assert (reply.body, reply.headers["connection"]) == (b"%d" % number, "keep-alive")


def test_a_large_action_reaches_a_client_that_reads_slowly(bridge):
    large = b"x" * 8_000_000
    client = bridge.client(FETCH)
    bridge.settle()
    bridge.write(large)
    assert bridge.until(client.reply).body == large
    client.say(posted(b"ok"))
    assert bridge.until(client.reply).status == 204


def test_a_large_observation_arrives(bridge):
    large = bytes(range(256)) * 4096
    client = bridge.client()
    unsent = posted(large)
    while unsent:
        try:
            unsent = unsent[client.socket.send(unsent) :]
        except BlockingIOError:
            bridge.turn()
    assert bridge.until(client.reply).status == 204
    assert bridge.until(lambda: bridge.bodies) == [large]


def test_where_both_paths_are_one_the_answer_to_a_post_is_the_next_action(both):
    client = both.client(step(b"READY"))
    both.until(lambda: both.bodies)
    assert client.reply() is None
    both.write(b"1")
    assert both.until(client.reply).body == b"1"
    client.say(step(b"ALT= 1"))
    both.until(lambda: len(both.bodies) == 2)
    assert both.bodies == [b"READY", b"ALT= 1"]


@pytest.mark.parametrize("fetch", [step(b""), side.request("GET", f"/{side.TOKEN}/step")], ids=["empty", "get"])
def test_where_both_paths_are_one_an_empty_post_and_get_only_fetch(both, fetch):
    client = both.client(fetch)
    both.settle()
    both.write(b"1")
    assert both.until(client.reply).body == b"1"
    assert both.bodies == []


def test_where_both_paths_are_one_a_post_said_again_fetches_what_its_connection_lost(both):
    client = both.client(step(b"ALT= 1"))
    both.until(lambda: both.bodies)
    client.close()
    both.write(b"1")
    assert both.ask(step(b"ALT= 1")).body == b"1"
    both.settle()
    assert both.bodies == [b"ALT= 1"]


def test_the_end_of_the_input_is_told_to_who_waits_and_who_asks(bridge):
    client = bridge.client(FETCH)
    bridge.settle()
    bridge.server.end_input()
    assert bridge.until(client.reply).status == 410
    assert bridge.ask(FETCH).status == 410


def test_the_server_keeps_the_promises_of_a_socket(bridge):
    server = bridge.server
    assert server.open() is None
    assert server.write_fileno() == -1
    assert server.snapshots is True
    assert 0 < server.patience < math.inf
    assert server.read() is None
    assert server.look() is None
    server.close()
    assert server.fileno() == -1


def test_who_asks_for_a_token_must_have_one(bridges):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(ConfigError, match="and there is none"):
            side.HttpServer(side.Counter(bound, "127.0.0.1:1"), "/")

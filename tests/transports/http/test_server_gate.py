"""Who is turned away at the HTTP counter, with which status, and that the real client is served all the same."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from filebridge import sweep

_spec = importlib.util.spec_from_file_location("counter_side", Path(__file__).with_name("counter_side.py"))
side = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(side)

TOKEN, ACTION, OBSERVATION, request = side.TOKEN, side.ACTION, side.OBSERVATION, side.request


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


def refused(bridge, data):
    """Return the status of a request that must be refused: nothing was read, fetched or kept open by it."""
    bridge.write(b"SECRET ACTION")
    client = bridge.client(data)
    reply = bridge.until(client.reply)
    bridge.until(lambda: client.hear() or client.closed)
    assert client.received == b""
    assert b"SECRET ACTION" not in reply.body
    assert "access-control-allow-origin" not in reply.headers
    assert reply.headers["connection"] == "close"
    bridge.settle()
    assert bridge.bodies == []
    assert bridge.get(ACTION).body == b"SECRET ACTION"
    return reply.status


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        (f"/{TOKEN}/action", ()),
        (f"/action?token={TOKEN}", ()),
        (f"/action?x=1&token={TOKEN}", ()),
        ("/action", (f"Authorization: Bearer {TOKEN}",)),
        ("/action", (f"authorization: bearer {TOKEN}",)),
        ("/action", (f"X-Token: {TOKEN}",)),
    ],
)
def test_the_token_may_be_named_in_any_of_four_places(bridge, path, lines):
    bridge.write(b"1")
    assert bridge.get(path, *lines).body == b"1"


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("/action", ()),
        ("/", ()),
        ("/state", ()),
        ("/nothing", ()),
        (f"/{TOKEN[:-1]}/action", ()),
        (f"/{TOKEN}0/action", ()),
        (f"/{TOKEN.upper()}/action", ()),
        ("//action", ()),
        ("/action?token=", ()),
        ("/action", ("X-Token: ",)),
        ("/action", ("X-Token: \xe9",)),
        ("/action", (f"Authorization: Basic {TOKEN}",)),
        ("/action", (f"Cookie: token={TOKEN}",)),
    ],
)
def test_without_the_token_nothing_is_served(bridge, path, lines):
    assert refused(bridge, request("GET", path, *lines)) == 403


def test_a_post_without_the_token_is_refused_before_its_body_is_taken(bridge):
    assert refused(bridge, request("POST", "/observation", "Content-Length: 1000000")) == 403


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "127.0.0.1", "localhost:{port}", "127.0.0.1:{port}"])
def test_our_own_names_are_served(bridge, name):
    bridge.write(b"1")
    assert bridge.ask(request("GET", ACTION, host="Host: " + name.format(port=bridge.port))).body == b"1"


@pytest.mark.parametrize(
    "name",
    ["evil.example", "evil.example:{port}", "127.0.0.1:1", "localhost:", "127.0.0.2", "127.0.0.1.evil.example",
     "localhost:{port}x", "[::1]:{port}", "[127.0.0.1", "", "localhost.evil.example:{port}"],
)  # fmt: skip
def test_another_name_is_not_ours(bridge, name):
    assert refused(bridge, request("GET", ACTION, host="Host: " + name.format(port=bridge.port))) == 421


def test_the_name_in_the_target_counts_too(bridge):
    assert refused(bridge, request("GET", f"http://evil.example{ACTION}")) == 421
    bridge.write(b"1")
    assert bridge.get(f"http://localhost:{bridge.port}{ACTION}").body == b"1"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost", "https://localhost:{port}", "http://127.0.0.1:1"]
)
def test_a_page_of_another_origin_is_refused(bridge, origin):
    line = "Origin: " + origin.format(port=bridge.port)
    assert refused(bridge, request("GET", ACTION, line)) == 403
    assert refused(bridge, request("POST", OBSERVATION, line, body=b"x")) == 403


def test_our_own_origin_is_served(bridge):
    bridge.write(b"1")
    assert bridge.get(ACTION, f"Origin: http://localhost:{bridge.port}").body == b"1"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", ACTION, "GET"),
        ("DELETE", ACTION, "GET"),
        ("OPTIONS", ACTION, "GET"),
        ("OPTIONS", OBSERVATION, "POST, PUT"),
        ("GET", OBSERVATION, "POST, PUT"),
        ("PATCH", OBSERVATION, "POST, PUT"),
        ("POST", f"/{TOKEN}/", "GET"),
    ],
)
def test_other_methods_are_not_known(bridge, method, path, allowed):
    reply = bridge.ask(request(method, path, body=b"x"))
    assert (reply.status, reply.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(("path", "status"), [(ACTION, 405), ("/action", 403), (f"/{TOKEN}/no", 404)])
def test_head_is_refused_without_a_body(bridge, path, status):
    client = bridge.client(request("HEAD", path))
    bridge.until(lambda: client.hear() or client.closed)
    assert client.received.startswith(b"HTTP/1.1 %d " % status)
    assert client.received.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["/action/", "/actio", "/Action", "/../action", "/action/x", "//", "/state/"])
def test_other_paths_lead_nowhere(bridge, path):
    assert refused(bridge, request("GET", f"/{TOKEN}{path}")) == 404


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"nonsense\r\n\r\n",
        b"GET /action\r\n\r\n",
        request("GET", ACTION, host=""),
        request("GET", ACTION, "Host: localhost"),
        request("GET", ACTION, "no colon here"),
        request("GET", ACTION, "Bad Name: 1"),
        request("GET", "/\x01"),
        request("POST", OBSERVATION, "Content-Length: 3", "Content-Length: 4"),
        request("POST", OBSERVATION, "Content-Length: -3"),
        request("POST", OBSERVATION, "Content-Length: 0x3"),
        request("POST", OBSERVATION, "Content-Length: 3", "Transfer-Encoding: chunked"),
        request("POST", OBSERVATION, "Transfer-Encoding: chunked", version="1.0"),
        request("POST", OBSERVATION, "Transfer-Encoding: chunked") + b"zz\r\n",
        request("POST", OBSERVATION, "Transfer-Encoding: chunked") + b"-1\r\n\r\n",
        request("POST", OBSERVATION, "Transfer-Encoding: chunked") + b"3\r\nabcde\r\n",
        request("GET", "/action?" + "a=1&" * 100),
    ],
    ids=range(17),
)
def test_what_is_no_request_is_refused(bridge, data):
    assert refused(bridge, data) == 400


def test_another_version_is_not_spoken(bridge):
    assert refused(bridge, request("GET", ACTION, version="2.0")) == 505


def test_an_unknown_transfer_encoding_is_refused(bridge):
    assert refused(bridge, request("POST", OBSERVATION, "Transfer-Encoding: gzip")) == 501


def test_an_encoded_body_is_refused(bridge):
    assert refused(bridge, request("POST", OBSERVATION, "Content-Encoding: gzip", body=b"x")) == 415
    assert bridge.post(OBSERVATION, b"x", "Content-Encoding: identity").status == 204


def test_a_body_without_a_length_is_refused(bridge):
    assert refused(bridge, request("POST", OBSERVATION)) == 411


def test_what_a_bad_request_held_is_told_to_its_sender_only(bridge):
    reply = bridge.ask(request("GET", ACTION, f"X-Token {TOKEN} \x1b[31m"))
    assert reply.status == 400
    assert b"\x1b" not in reply.body
    assert TOKEN not in bridge.server.told()
    assert "1 requests were refused, the last by 400 this is no HTTP request" in bridge.server.told()


def test_where_anybody_is_served_no_token_is_wanted(bridges):
    bridge = bridges(peer="any", token="")
    bridge.write(b"1")
    assert bridge.get("/action").body == b"1"
    assert bridge.ask(request("GET", "/action", host="Host: evil.example")).status == 421


def test_on_all_addresses_the_one_that_was_called_is_ours(bridges):
    bridge = bridges(host="0.0.0.0")
    bridge.write(b"1")
    client = bridge.client(request("GET", ACTION, host=f"Host: 127.0.0.2:{bridge.port}"), "127.0.0.2")
    assert bridge.until(client.reply).body == b"1"
    other = bridge.client(request("GET", ACTION, host=f"Host: 127.0.0.2:{bridge.port}"), "127.0.0.3")
    assert bridge.until(other.reply).status == 421
    bridge.write(b"2")
    assert bridge.ask(request("GET", ACTION, host=f"Host: {socket.gethostname()}")).body == b"2"


def test_over_ipv6_the_address_stands_in_brackets(bridges):
    bridge = bridges(host="::1", family=socket.AF_INET6)
    assert bridge.server.url == f"http://[::1]:{bridge.port}/{TOKEN}/"
    bridge.write(b"1")
    client = bridge.client(request("GET", ACTION, host=f"Host: [0:0::1]:{bridge.port}"), "::1")
    assert bridge.until(client.reply).body == b"1"


ASKS = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as asking:
    asking.sendall(b"GET /action HTTP/1.0\\r\\n\\r\\n")
    answer = b""
    while chunk := asking.recv(4096):
        answer += chunk
sys.stdout.buffer.write(answer)
"""


def asked_by_a_process(bridge, environment):
    """Return what a process with more in its environment is answered."""
    with subprocess.Popen(
        [sys.executable, "-c", ASKS, str(bridge.port)], env={**os.environ, **environment}, stdout=subprocess.PIPE
    ) as asking:
        bridge.until(lambda: asking.poll() is not None)
        return asking.stdout.read()


def test_where_processes_are_served_it_is_those_of_the_run_alone(bridges):
    bridge = bridges(peer="process", run="f00d.1", token="")
    bridge.write(b"1")
    assert bridge.get("/action").status == 403
    assert asked_by_a_process(bridge, {}).startswith(b"HTTP/1.1 403 ")
    assert asked_by_a_process(bridge, {sweep.ENVIRONMENT_NAME: "beef.1"}).startswith(b"HTTP/1.1 403 ")
    assert asked_by_a_process(bridge, {sweep.ENVIRONMENT_NAME: "f00d.1"}).endswith(b"\r\n\r\n1")


def test_where_processes_are_served_a_person_with_the_token_sees_the_page_and_no_more(bridges):
    bridge = bridges(peer="process", run="f00d.1")
    assert bridge.get(f"/{TOKEN}/state").status == 200
    assert bridge.get(f"/{TOKEN}/").status == 200
    assert bridge.get("/").status == 403
    assert bridge.get(ACTION).status == 403

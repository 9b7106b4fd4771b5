"""Configurations of sockets and HTTP: small ones whose refusals are tested, and good ones of every role."""

from __future__ import annotations

import importlib.util
import pathlib

_SPEC = importlib.util.spec_from_file_location("ways", pathlib.Path(__file__).with_name("ways.py"))
ways = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(ways)

TCP = """\
filebridge: 1
name: Toy
simulator:
  command: [toy, "${seed}", "${port}"]
transport:
  tcp: {connect: "127.0.0.1:${port}"}
action:
  box: {low: 0, high: 1}
step:
  - send: "{action:.2f}"
fields:
  x: {find: "X= {float}"}
observation: [x]
reward: -abs(x)
max_steps: 10
"""

UDP = TCP.replace("tcp:", "udp:")
UNIX = TCP.replace('tcp: {connect: "127.0.0.1:${port}"}', "unix: {connect: toy.sock}").replace(', "${port}"', "")
HTTP = TCP.replace('tcp: {connect: "127.0.0.1:${port}"}', 'http: {url: "http://127.0.0.1:${port}"}').replace(
    'send: "{action:.2f}"', 'request: {post: /step, body: "{action:.2f}"}'
)
SERVE = TCP.replace('tcp: {connect: "127.0.0.1:${port}"}', "http: {serve: true}").replace(
    '"${port}"]', '"${port}", "${token}"]'
)
AWAY = TCP.replace('  command: [toy, "${seed}", "${port}"]', "  seed: none").replace("${port}", "4533")
"""A program that runs already."""


_TOLD = {"command": ["toy", "${seed}", "${port}", "${token}"]}
_SEND = {"send": "{action:.2f}"}


def net(transport, step, simulator=None, **more):
    """Return a configuration with this transport, step and simulator."""
    return ways.talking(transport, step, simulator=simulator or {"command": ["toy", "${seed}", "${port}"]}, **more)


def away(transport, step=None, **more):
    """Return one of a program that runs already."""
    return ways.talking(transport, step or _SEND, simulator={"seed": "none"}, **more)


def made(request, **more):
    """Return one that makes this request."""
    return net({"http": {"url": "http://127.0.0.1:${port}"}}, {"request": request, **more})


_DIAL = {"tcp": {"connect": "127.0.0.1:${port}"}}
_DATA = {"udp": {"connect": "127.0.0.1:${port}"}}

# Each loads, and passes the schema.
GOOD = {
    "we call": net(_DIAL, _SEND),
    "we call a name": net({"tcp": {"connect": "localhost:${port}"}}, _SEND),
    "we call IPv6": net({"tcp": {"connect": "[::1]:${port}"}}, _SEND),
    "we call a fixed port": net({"tcp": {"connect": "127.0.0.1:4533"}}, _SEND, {"command": ["toy", "${seed}"]}),
    "a port in the environment": net(
        _DIAL, _SEND, {"command": ["toy", "${seed}"], "environment": {"PORT": "${port}"}}
    ),
    "telnet, a connection for each episode": net(
        {"tcp": {"connect": "127.0.0.1:${port}", "telnet": True, "each": "episode"}}, _SEND
    ),
    "it calls": net({"tcp": {"listen": True}}, _SEND),
    "it calls and says its token": net({"tcp": {"listen": "127.0.0.1:${port}", "peer": "token"}}, _SEND, _TOLD),
    "it calls from another machine": net(
        {"tcp": {"listen": "0.0.0.0:${port}", "peer": "token", "allow_remote": True}}, _SEND, _TOLD
    ),
    "a path that it listens at": net({"unix": {"connect": "toy.sock"}}, _SEND, {"command": ["toy", "${seed}"]}),
    "a path that we listen at": net(
        {"unix": {"listen": True, "peer": "any"}}, _SEND, {"command": ["toy", "${seed}", "filebridge.sock"]}
    ),
    "datagrams": net(_DATA, _SEND),
    "datagrams of its own accord": net({"udp": {"listen": True, "peer": "any"}}, _SEND),
    "datagrams by two ports": net(
        {"udp": {"connect": "127.0.0.1:${port}", "listen": "127.0.0.1:${port2}"}},
        _SEND, {"command": ["toy", "${seed}", "${port}", "${port2}"]},
    ),
    "datagrams from other machines": net(
        {"udp": {"listen": "0.0.0.0:${port}", "peer": "any", "allow_remote": True}}, _SEND
    ),
    "lost datagrams": net(_DATA, {**_SEND, "resend": "100 ms", "datagrams": 3}),
    "commands over TCP, telemetry over UDP": net(
        {
            "tcp": {"connect": "127.0.0.1:${port}", "carries": "actions"},
            "udp": {"listen": "127.0.0.1:${port2}", "carries": "replies"},
        },
        {**_SEND, "fresh": "x == step"}, {"command": ["toy", "${seed}", "${port}", "${port2}"]},
    ),
    "commands over TCP, results in a file": net(
        {"tcp": {"connect": "127.0.0.1:${port}", "carries": "actions"}, "files": {"read": "out.txt"}}, _SEND
    ),
    "commands on a console, replies over TCP": net(
        {"tcp": {"connect": "127.0.0.1:${port}", "carries": "replies"}, "console": {}}, _SEND
    ),
    "it runs already": away({"tcp": {"connect": "127.0.0.1:4533"}}),
    "one for each copy runs already": away({"tcp": {"connect": "127.0.0.1:500${seat}"}}),
    "it runs on another machine": away({"udp": {"connect": "plant.example:4533"}}, {**_SEND, "resend": 0.5}),
    "it runs already at a path": away({"unix": {"connect": "/run/toy.sock"}}),
    "a service that runs already": away(
        {"http": {"url": "https://plant.example/v1", "secrets": {"Authorization": "PLANT_KEY"}}},
        {"request": {"put": "/valve?seat={seat}", "json": {"position": "action"}, "expect": 204}},
        limits={"output": "64 KiB"},
    ),
    "a path that is got": made({"get": "/step?u={action:.2f}", "headers": {"Accept": "text/plain"}}),
    "a form": made({"post": "/step", "form": {"u": "{action:.2f}", "n": 3}, "expect": [200, 201]}),
    "not ready": made({"patch": "/step", "body": "{action}", "again": [409, 503], "every": "20 ms"}),
    "one is deleted": made({"delete": "/step/{step}"}, when="step > 1"),
    "a list as JSON": made({"post": "/step", "json": ["action", 3, None, True]}),
    "it asks us": net({"http": {"serve": True}}, _SEND, _TOLD),
    "it asks us, whoever it is": net({"http": {"serve": True, "peer": "any"}}, _SEND),
    "it asks us at one path": net(
        {"http": {"serve": "127.0.0.1:${port}", "action": "/step", "observation": "/step", "wait": "5 s",
                  "type": "application/json", "peer": "process"}},
        {"send_json": {"u": "action", "n": "step", "go": True, "name": "'toy'"}},
    ),
    "a document of its own length": net(_DIAL, {"send_json": {"u": "action"}, "document": "json"}),
    "a length in front": net(_DIAL, {"send_json": ["action"], "length": 4}),
    "a length in full": net(
        _DIAL, {**_SEND, "length": {"size": 2, "order": "little", "offset": 4, "counts": "message", "keep": True}}
    ),
    "numbers": net(_DIAL, {"pack": {"layout": "<B 2H 3x d", "values": [1, "step", 0, "action"]}, "bytes": 8}),
    "events until a decision": net(_DIAL, {**_SEND, "gather": "x > 0"}, ignore="HEARTBEAT"),
    "at the end of a step": net(_DIAL, {"at": 0.5, "send": "p"}) | {"step": [_SEND, {"at": 0.5, "send": "p"}]},
    "one heartbeat or another": net(_DIAL, _SEND, ignore=["PING", "/TICK \\d/"]),
}

# Each is refused by the loader and by the schema.
BAD = {
    "neither side listens": net({"tcp": {"telnet": True}}, _SEND),
    "both sides listen": net({"tcp": {"connect": "127.0.0.1:${port}", "listen": True}}, _SEND),
    "neither side listens at a path": net({"unix": {}}, _SEND),
    "no address of datagrams": net({"udp": {"peer": "any"}}, _SEND),
    "a token of datagrams": net({"udp": {"listen": True, "peer": "token"}}, _SEND),
    "both sides serve": net({"http": {"url": "http://127.0.0.1:${port}", "serve": True}}, _SEND),
    "a flag that is false": net({"tcp": {"listen": False}}, _SEND),
    "a port as an address": net({"tcp": {"connect": 4533}}, _SEND),
    "an unknown direction": net({"tcp": {"connect": "127.0.0.1:${port}", "carries": "input"}}, _SEND),
    "no method": made({"body": "a"}),
    "two methods": made({"get": "/a", "post": "/a"}),
    "two bodies": made({"post": "/a", "body": "a", "form": {"u": 1}}),
    "no code": made({"get": "/a", "expect": "OK"}),
    "two things at once": net(_DIAL, {**_SEND, "send_json": {"u": 1}}),
    "a text as a document": net(_DIAL, {"send_json": "u"}),
    "numbers without a layout": net(_DIAL, {"pack": {"values": [1]}}),
    "a length of nothing": net(_DIAL, {**_SEND, "length": 0}),
    "a length without its size": net(_DIAL, {**_SEND, "length": {"order": "big"}}),
    "a length and a line": net(_DIAL, {**_SEND, "length": 4, "lines": 1}),
    "an unknown document": net(_DIAL, {**_SEND, "document": "yaml"}),
    "no datagrams": net(_DATA, {**_SEND, "datagrams": 0}),
    "an adapter without a class": net(_DIAL, _SEND, adapter={"options": {"unit": 1}}),
}

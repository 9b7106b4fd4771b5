"""The bridge over sockets and HTTP: for each way the configuration that a user would write."""

from __future__ import annotations

from typing import Any

from benchmarks.bridge import Env, made

__all__ = ["asking_bridge", "called_bridge", "datagrams_bridge", "serving_bridge", "stream_bridge"]

CONSOLE: dict[str, Any] = {"start": [{"send": "0"}], "step": [{"send": "{action:.3f}"}]}


def stream_bridge(program: str, way: str) -> Env:
    """`socket.c`, which listens on a port, or on a path."""
    if way == "serve":
        return made([program, way, "peer"], transport={"unix": {"connect": "peer"}}, **CONSOLE)
    return made([program, way, "${port}"], transport={"tcp": {"connect": "127.0.0.1:${port}"}}, **CONSOLE)


def called_bridge(program: str, way: str) -> Env:
    """`socket.c`, which calls us."""
    if way == "call":
        return made([program, way, "peer"], transport={"unix": {"listen": "peer"}}, **CONSOLE)
    return made([program, way, "${port}"], transport={"tcp": {"listen": True}}, **CONSOLE)


def datagrams_bridge(program: str, resends: bool) -> Env:
    """`socket.c`, a datagram each way; where it ``resends``, they are numbered, and a lost one is sent again."""
    parts = CONSOLE
    if resends:
        step = {"send": "{step} {action:.3f}", "resend": 0.05, "fresh": "number == step"}
        fields = {"number": {"column": 1, "type": "int"}, "state": {"columns": "2..7"}}
        parts = {"start": [{"send": "0 0"}], "step": [step], "fields": fields}
    return made([program, "udp", "${port}"], transport={"udp": {"connect": "127.0.0.1:${port}"}}, **parts)


def asking_bridge(program: str) -> Env:
    """`http.c`, which serves."""
    return made(
        [program, "serve", "${port}"],
        transport={"http": {"url": "http://127.0.0.1:${port}"}},
        start=[{"request": {"post": "/step", "json": {"action": 0}}}],
        step=[{"request": {"post": "/step", "json": {"action": "round(action, 3)"}}}],
        fields={"state": {"json": "/state", "shape": [6]}},
    )


def serving_bridge(program: str, way: str) -> Env:
    """`http.c`, which posts what it has and fetches what to do: in two requests, or in one."""
    served: dict[str, Any] = {"serve": True}
    if way == "turn":
        served |= {"action": "/turn", "observation": "/turn"}
    command = [program, way, "${port}", "/${token}"]
    return made(command, transport={"http": served}, start=[{}], step=[{"send": "{action:.3f}"}])

"""The bundled motor behind every transport and in every role: the configuration of each way."""

from __future__ import annotations

from typing import Any

LINE = {
    "number": {"column": 1, "type": "int", "low": 0, "high": 100},
    "position": {"column": 2, "low": -7, "high": 7},
    "speed": {"column": 3, "low": -100, "high": 100},
    "setpoint": {"column": 4, "low": -2, "high": 2},
    "status": {"column": 5, "type": "word", "values": ["RUN", "END", "TRIP"]},
}
DOCUMENT = {
    name: {**{key: value for key, value in field.items() if key != "column"},
           "json": "/step" if name == "number" else f"/{name}"}
    for name, field in LINE.items()
}  # fmt: skip
SEND, RESET = {"send": "{action}"}, {"send": "RESET {seed}"}
NUMBERED = {"resend": "200 ms", "fresh": "number == step"}

# Of each way: the words behind the motor's own, and what differs from a console of pipes.
WAYS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "pipes": ([], {}),
    "terminal": ([], {"transport": {"console": {"terminal": True}}}),
    "fifo": (["--fifo", "in", "out"], {"transport": {"fifo": {"write": "in", "read": "out"}}}),
    "files": (
        ["--files"],
        {
            "transport": {"files": {"read": "state.txt", "written": "renamed"}},
            "step": [{"write": {"order.txt": "{action}"}}],
        },
    ),
    "tcp connect": (["--listen", "${port}"], {"transport": {"tcp": {"connect": "127.0.0.1:${port}"}}}),
    "tcp connect, one process": (
        ["--listen", "${port}"], {"transport": {"tcp": {"connect": "127.0.0.1:${port}"}}, "reset": [RESET]},
    ),
    "tcp connect, each episode": (
        ["--listen", "${port}"],
        {"transport": {"tcp": {"connect": "127.0.0.1:${port}", "each": "episode"}}, "reset": [{}, RESET], "start": []},
    ),
    "tcp listen": (["--dial", "127.0.0.1:${port}"], {"transport": {"tcp": {"listen": True}}}),
    "unix connect": (["--unix", "motor.sock"], {"transport": {"unix": {"connect": "motor.sock"}}}),
    "unix listen": (["--dial-unix", "filebridge.sock"], {"transport": {"unix": {"listen": True}}}),
    "udp": (
        ["--udp", "${port}"],
        {
            "transport": {"udp": {"connect": "127.0.0.1:${port}"}},
            "start": [{"send": "0", **NUMBERED}],
            "step": [{"send": "{step} {action}", **NUMBERED}],
            "leftover": "drop",
        },
    ),
    "udp listen": (
        ["--udp-to", "127.0.0.1:${port}"],
        {
            "transport": {"udp": {"listen": True}},
            "step": [{"send": "{step} {action}", **NUMBERED}],
            "leftover": "drop",
        },
    ),
    "http url": (
        ["--http", "${port}"],
        {
            "transport": {"http": {"url": "http://127.0.0.1:${port}", "ready": "/state"}},
            "start": [{"request": {"get": "/state"}}],
            "step": [{"request": {"post": "/step", "json": {"voltage": "action"}}}],
            "fields": DOCUMENT,
        },
    ),
    "http url, a connection for each request": (
        ["--http10", "${port}"],
        {
            "transport": {"http": {"url": "http://127.0.0.1:${port}", "ready": "/state"}},
            "start": [{"request": {"get": "/state"}}],
            "step": [{"request": {"post": "/step", "json": {"voltage": "action"}}}],
            "fields": DOCUMENT,
        },
    ),
    "http serve": (
        ["--poll", "http://127.0.0.1:${port}"], {"transport": {"http": {"serve": True}}, "fields": DOCUMENT},
    ),
}  # fmt: skip


def config(way: str) -> dict[str, Any]:
    """Return the configuration of the motor that is reached this ``way``."""
    words, differing = WAYS[way]
    environment = {"MOTOR_TOKEN": "${token}"} if "--poll" in words else {}
    return {
        "filebridge": 1,
        "name": "Motor",
        "simulator": {
            "command": ["${python}", "-I", "-S", "${simulators}/motor.py", "--seed", "${seed}", *words],
            "environment": environment,
        },
        "transport": {"console": {}},
        "action": {"box": {"low": -12, "high": 12}},
        "start": [{}],
        "step": [SEND],
        "complaints": "ERROR",
        "fields": LINE,
        "observation": ["position", "speed", "setpoint"],
        "reward": "-abs(position - setpoint) + 0.5 * prev.speed",
        "terminated": 'status == "TRIP"',
        "truncated": 'status == "END"',
        **differing,
    }

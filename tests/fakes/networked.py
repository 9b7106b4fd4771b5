"""Environments over simulators at sockets, and the bad lines between: proxies for TCP and for datagrams, strangers."""

from __future__ import annotations

import importlib.util
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from filebridge.env import BridgeEnv
from filebridge.transports.sockets.ports import Ports, Wanted


def _loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


side = _loaded("foldered")
fake, act, play, right, failure = side.fake, side.act, side.play, side.right, side.failure
SIMULATOR = str(Path(__file__).with_name("socket_side.py"))

ANSWERS = """
step = 0
while True:
    say(reply(step))
    step = hear()
"""
"""Answers each step once there is a connection."""

MIDWAY = """
say(reply(0))
hear()
say(reply(1))
hear()
"""
"""Answers one step; what stands behind it happens in the second."""

LISTENS, DIALS = "accept()\n", "dial()\n"
CALLED = {"tcp": {"connect": "127.0.0.1:${port}"}}
CALLS = {"tcp": {"listen": True}}
WAYS = [(LISTENS, CALLED), (DIALS, CALLS)]
WAY_NAMES = ["it listens", "it calls"]


def config(code: str, /, *words: str, **keys: Any) -> dict[str, Any]:
    """Return the configuration of a simulator that runs ``code`` with ``words``; ``keys`` as in ``foldered.config``."""
    transport = keys.pop("transport", CALLED)
    told = words or ("${port}",)
    own = {"command": [*fake.PYTHON, SIMULATOR, code.replace("$", "$$"), *told], **keys.pop("simulator", {})}
    made = {"step": [{"send": "{step} {action:.0f}"}], **keys}
    built: dict[str, Any] = side.config("", **made, simulator=own)
    built["transport"] = transport
    return {key: value for key, value in built.items() if value is not None}


@contextmanager
def bridge(code: str, /, *words: str, transcript: Any = None, **keys: Any) -> Iterator[BridgeEnv]:
    """Give an environment of ``config(code, *words, **keys)`` and close it."""
    env = BridgeEnv(config(code, *words, **keys), transcript=transcript)
    try:
        yield env
    finally:
        env.close()


def without_command(**keys: Any) -> dict[str, Any]:
    """Return the configuration of a simulator that runs already."""
    made = config("", **keys)
    made["simulator"] = {"seed": "none"}
    return made


@contextmanager
def running(code: str, /, *words: str) -> Iterator[int]:
    """Run ``code`` without the bridge, in a process group of its own; give its pid."""
    command = [sys.executable, "-S", "-E", SIMULATOR, code, *words]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def free_ports(count: int = 1) -> Iterator[list[str]]:
    """Give numbers of ports that nobody else here gets meanwhile."""
    held = Ports.take([Wanted(f"port{number}") for number in range(count)])
    try:
        yield [str(number) for number in held.numbers.values()]
    finally:
        held.close()


def is_open(port: str, kind: str = "tcp") -> bool:
    """Return whether somebody listens at a port of this machine."""
    rows = [row.split() for row in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]]
    return any(row[1].endswith(f":{int(port):04X}") and row[3] in ("0A", "07") for row in rows)


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until ``condition()`` is true."""
    fake.until(condition, seconds)


class Datagrams:
    """A proxy of datagrams: ``back(n, data)`` says which are passed on for the n-th of the server's, ``there`` ours."""

    def __init__(self, port: str, back: Any = None, there: Any = None) -> None:
        self._target = "127.0.0.1", int(port)
        self._back, self._there = back or (lambda n, data: [data]), there or (lambda n, data: [data])
        self._near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._near.bind(("127.0.0.1", 0))
        self._far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._far.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._near.getsockname()[1]}"
        self.counts = [0, 0]
        self._caller: Any = None
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Datagrams:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wake.send(b"x")
        self._thread.join()
        for each in (self._near, self._far, self._wake, self._woken):
            each.close()

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._woken, self._near, self._far], [], [])
            if self._woken in ready:
                return
            if self._near in ready:
                data, self._caller = self._near.recvfrom(65536)
                self.counts[0] += 1
                for each in self._there(self.counts[0], data):
                    self._far.sendto(each, self._target)
            if self._far in ready:
                with suppress(ConnectionError):
                    data = self._far.recv(65536)
                    self.counts[1] += 1
                    for each in self._back(self.counts[1], data):
                        self._near.sendto(each, self._caller)


class Growth:
    """How much more memory this process ever had at the end of the block than at its beginning: ``bytes``."""

    def __enter__(self) -> Growth:
        self._before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return self

    def __exit__(self, *_: object) -> None:
        self.bytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - self._before) * 1024


def word_of(env: BridgeEnv, number: int) -> str:
    """Return a word of the running simulator's command: 4 is its code, then come its words."""
    return Path(f"/proc/{fake.pid(env)}/cmdline").read_text().split("\0")[number]


def listeners(kind: str = "tcp") -> set[str]:
    """Return the addresses at which this process listens, as hexadecimal ``ADDRESS:PORT`` of the kernel's table."""
    own = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            own.add(os.readlink(f"/proc/self/fd/{name}"))
    found = set()
    for table in (kind, f"{kind}6"):
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = row.split()
            if words[3] in ("0A", "07") and f"socket:[{words[9]}]" in own:
                found.add(words[1])
    return found


def call(address: Any, seconds: float = 20.0) -> socket.socket:
    """Return a connection to a port or a path, as soon as somebody listens there."""
    limit = time.monotonic() + seconds
    while True:
        made = socket.socket(socket.AF_UNIX if isinstance(address, str) and "/" in address else socket.AF_INET)
        made.settimeout(20)
        try:
            made.connect(address if made.family == socket.AF_UNIX else ("127.0.0.1", int(address)))
            return made
        except OSError:
            made.close()
            assert time.monotonic() < limit, "nobody listens"
            time.sleep(0.002)


def ended(connection: socket.socket) -> bool:
    """Wait for the end of a connection; return whether nothing was said before it."""
    try:
        return connection.recv(65536) == b""
    except ConnectionError:
        return True

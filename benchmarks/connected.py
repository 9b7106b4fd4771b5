"""Sockets by hand: a connection, `sendall`, `recv` up to the newline; and datagrams, one each way."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from typing import Any

import gymnasium
import numpy as np

__all__ = ["DatagramEnv", "StreamEnv", "connected", "free_port"]

Action = np.ndarray[Any, np.dtype[np.float32]]
Observation = np.ndarray[Any, np.dtype[np.float64]]
Start = tuple[Observation, dict[str, Any]]
Step = tuple[Observation, float, bool, bool, dict[str, Any]]
QUICKACK = getattr(socket, "TCP_QUICKACK", 0)
PATIENCE = 10.0  # s


class StreamEnv(gymnasium.Env[Observation, Action]):
    """`socket.c` on a connection; ``way`` is the word that it is started with.

    What is ``tuned`` has TCP_NODELAY, and TCP_QUICKACK anew after each piece; else it is as it comes.
    """

    def __init__(self, program: str, way: str, tuned: bool = True) -> None:
        self.program, self.way = program, way
        self.is_path = way in ("serve", "call")
        self.tuned = tuned and not self.is_path
        self.is_quick = self.tuned and bool(QUICKACK)
        self.process: subprocess.Popen[bytes] | None = None
        self.folder = ""
        self.action_space = gymnasium.spaces.Box(-1, 1, (1,))
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (6,), np.float64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Start:
        super().reset(seed=seed)
        self.close()
        self.folder = tempfile.mkdtemp(prefix="written-")
        self.peer = self._accepted() if self.way in ("dial", "call") else self._called()
        if self.tuned:
            self.peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return np.array(self._ask(b"0\n")), {}

    def step(self, action: Action) -> Step:
        values = self._ask(b"%.3f\n" % action.item())
        return np.array(values), -abs(values[0]), False, False, {}

    def _ask(self, line: bytes) -> list[float]:
        self.peer.sendall(line)
        answer = self._heard()
        while not answer.endswith(b"\n"):
            more = self._heard()
            if not more:
                raise EOFError(answer)
            answer += more
        return [float(word) for word in answer.split()]

    def _heard(self) -> bytes:
        data = self.peer.recv(4096)
        if self.is_quick:
            self.peer.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
        return data

    def _accepted(self) -> socket.socket:
        """Listen, start the simulator, and take its call."""
        family = socket.AF_UNIX if self.is_path else socket.AF_INET
        with socket.socket(family) as listener:
            listener.bind(os.path.join(self.folder, "peer") if self.is_path else ("127.0.0.1", 0))
            listener.listen(1)
            self._start(listener.getsockname() if self.is_path else listener.getsockname()[1])
            return listener.accept()[0]

    def _called(self) -> socket.socket:
        """Start the simulator, and call it until it listens."""
        place: Any = os.path.join(self.folder, "peer") if self.is_path else free_port(socket.SOCK_STREAM)
        self._start(place)
        return connected(place)

    def _start(self, place: object) -> None:
        self.process = subprocess.Popen([self.program, self.way, str(place)])

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None
            self.peer.close()
        if self.folder:
            shutil.rmtree(self.folder)
            self.folder = ""


class DatagramEnv(StreamEnv):
    """A datagram each way; what is lost is sent again only at first, until the simulator receives."""

    def __init__(self, program: str) -> None:
        super().__init__(program, "udp", tuned=False)

    def _called(self) -> socket.socket:
        port = free_port(socket.SOCK_DGRAM)
        self._start(port)
        peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        peer.connect(("127.0.0.1", port))
        until = time.monotonic() + PATIENCE
        while True:
            try:
                peer.send(b"0\n")
                peer.settimeout(PATIENCE)
                peer.recv(4096)
            except ConnectionRefusedError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.001)
                continue
            peer.settimeout(None)
            return peer

    def _ask(self, line: bytes) -> list[float]:
        self.peer.send(line)
        return [float(word) for word in self.peer.recv(4096).split()]


def connected(place: Any) -> socket.socket:
    """Return a connection to a port of this machine, or to a path, once somebody listens there."""
    until = time.monotonic() + PATIENCE
    while True:
        made = socket.socket(socket.AF_UNIX if isinstance(place, str) else socket.AF_INET)
        try:
            made.connect(place if isinstance(place, str) else ("127.0.0.1", place))
        except (ConnectionRefusedError, FileNotFoundError):
            made.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.001)
            continue
        return made


def free_port(kind: int) -> int:
    """Return a port that nobody uses now; by the time that it is used somebody may."""
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])

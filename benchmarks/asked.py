"""A service asked over HTTP by hand: http.client, requests, httpx, each with a connection that is kept."""

from __future__ import annotations

import json
import socket
import subprocess
from http.client import HTTPConnection
from typing import Any

import gymnasium
import numpy as np

from benchmarks.connected import connected, free_port

__all__ = ["ClientEnv", "HttpxEnv", "SessionEnv"]

Action = np.ndarray[Any, np.dtype[np.float32]]
Observation = np.ndarray[Any, np.dtype[np.float64]]
Start = tuple[Observation, dict[str, Any]]
Step = tuple[Observation, float, bool, bool, dict[str, Any]]


class ClientEnv(gymnasium.Env[Observation, Action]):
    """`http.c`, which serves; asked through http.client."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.client: Any = None
        self.action_space = gymnasium.spaces.Box(-1, 1, (1,))
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (6,), np.float64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Start:
        super().reset(seed=seed)
        self.close()
        port = free_port(socket.SOCK_STREAM)
        self.process = subprocess.Popen([self.program, "serve", str(port)])
        connected(port).close()
        self._begin(port)
        return np.array(self._ask(0.0)), {}

    def step(self, action: Action) -> Step:
        values = self._ask(round(action.item(), 3))
        return np.array(values), -abs(values[0]), False, False, {}

    def _begin(self, port: int) -> None:
        self.client = HTTPConnection("127.0.0.1", port, timeout=10)

    def _ask(self, number: float) -> list[float]:
        body = json.dumps({"action": number})
        self.client.request("POST", "/step", body, {"Content-Type": "application/json"})
        answer = self.client.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise OSError(answer.status)
        return [float(value) for value in json.loads(data)["state"]]

    def close(self) -> None:
        if self.client is not None:
            self.client.close()
            self.client = None
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None


class SessionEnv(ClientEnv):
    """Asked through a Session of requests."""

    def _begin(self, port: int) -> None:
        # An extra, which not everybody has who runs the other benchmarks.
        import requests

        self.client = requests.Session()
        self.url = f"http://127.0.0.1:{port}/step"

    def _ask(self, number: float) -> list[float]:
        answer = self.client.post(self.url, json={"action": number}, timeout=10)
        answer.raise_for_status()
        return [float(value) for value in answer.json()["state"]]


class HttpxEnv(SessionEnv):
    """Asked through a Client of httpx."""

    def _begin(self, port: int) -> None:
        import httpx

        self.client = httpx.Client(timeout=10)
        self.url = f"http://127.0.0.1:{port}/step"

"""A program that asks us over HTTP, served by hand: http.server in a thread, and two queues."""

from __future__ import annotations

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

import gymnasium
import numpy as np

__all__ = ["ServerEnv"]

Action = np.ndarray[Any, np.dtype[np.float32]]
Observation = np.ndarray[Any, np.dtype[np.float64]]
Start = tuple[Observation, dict[str, Any]]
Step = tuple[Observation, float, bool, bool, dict[str, Any]]


class Service(ThreadingHTTPServer):
    """Waits for an action to be put out when one is fetched, and keeps what is posted."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.actions: SimpleQueue[bytes | None] = SimpleQueue()
        self.observations: SimpleQueue[bytes] = SimpleQueue()


class Request(BaseHTTPRequestHandler):
    """GET /action, POST /observation, on connections that are kept, each answer in one write."""

    server: Service
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        action = self.server.actions.get()
        if action is None:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(action)))
        self.end_headers()
        self.wfile.write(action)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.wfile.flush()
        self.server.observations.put(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as it is called there
        """Say nothing."""


class ServerEnv(gymnasium.Env[Observation, Action]):
    """`http.c`, which posts and fetches."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.service: Service | None = None
        self.action_space = gymnasium.spaces.Box(-1, 1, (1,))
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (6,), np.float64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Start:
        super().reset(seed=seed)
        self.close()
        self.service = Service()
        self.put, self.get = self.service.actions.put, self.service.observations.get
        threading.Thread(target=self.service.serve_forever, args=(0.01,), daemon=True).start()
        self.process = subprocess.Popen([self.program, "poll", str(self.service.server_port), ""])
        return np.array([float(word) for word in self.get(timeout=10).split()]), {}

    def step(self, action: Action) -> Step:
        self.put(b"%.3f\n" % action.item())
        values = [float(word) for word in self.get(timeout=10).split()]
        return np.array(values), -abs(values[0]), False, False, {}

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None
        if self.service is not None:
            self.put(None)
            self.service.shutdown()
            self.service.server_close()
            self.service = None

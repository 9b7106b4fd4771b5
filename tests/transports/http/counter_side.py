"""The two sides of the HTTP counter in one thread: a server that is looked after, and raw clients that never wait."""

from __future__ import annotations

import select
import socket
import time
from contextlib import suppress
from typing import NamedTuple

from filebridge.transports.http.server import HttpServer
from filebridge.transports.sockets.endpoint import Counter

PATIENCE = 20.0
TOKEN = "0123456789abcdef0123456789abcdef"


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """A raw connection; what comes back is cut into replies by their own lengths."""

    def __init__(self, port, address="127.0.0.1"):
        self.socket = socket.create_connection((address, port))
        self.socket.setblocking(False)
        self.received = b""
        self.closed = False

    def say(self, data):
        self.socket.sendall(data)
        return self

    def hear(self):
        while not self.closed:
            try:
                chunk = self.socket.recv(65536)
            except BlockingIOError:
                return
            except ConnectionError:
                chunk = b""
            self.closed = not chunk
            self.received += chunk

    def reply(self):
        """Return the next whole reply and forget it; None while there is none."""
        self.hear()
        head, end, rest = self.received.partition(b"\r\n\r\n")
        if not end:
            return None
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        size = int(headers.get("content-length", 0))
        if len(rest) < size:
            return None
        self.received = rest[size:]
        return Reply(int(first.split()[1]), headers, rest[:size])

    def close(self):
        self.socket.close()


class Bridge:
    """A server under test and its clients; ``bodies`` is what it read."""

    def __init__(self, host="127.0.0.1", seconds=10.0, family=socket.AF_INET, **fields):
        bound = socket.socket(family)
        bound.bind((host, 0))
        self.port = bound.getsockname()[1]
        given = {"token": TOKEN, **fields}
        self.counter = Counter(bound, f"{host}:{self.port}", **given)
        self.server = HttpServer(self.counter, "/", seconds)
        self.clients = []
        self.bodies = []

    def client(self, data=b"", address="127.0.0.1"):
        self.clients.append(Client(self.port, address))
        return self.clients[-1].say(data)

    def turn(self, milliseconds=5):
        """Do as the loop: wait for the server's descriptor, read, look when nothing comes."""
        poller = select.poll()
        poller.register(self.server.fileno(), select.POLLIN)
        body = self.server.read() if poller.poll(milliseconds) else self.server.look()
        if body is not None:
            self.bodies.append(body)

    def until(self, condition):
        """Turn until ``condition()`` is true, and return its value."""
        limit = time.monotonic() + PATIENCE
        while not (value := condition()):
            assert time.monotonic() < limit, "in vain"
            self.turn()
        return value

    def settle(self):
        """Turn until nothing is announced any more."""
        poller = select.poll()
        poller.register(self.server.fileno(), select.POLLIN)
        while poller.poll(20):
            self.turn()

    def write(self, data):
        """Write as the assembly does."""
        self.server.expect()
        assert self.server.write(data) == len(data)

    def ask(self, data):
        """Send a request on a connection of its own and return the reply."""
        return self.until(self.client(data).reply)

    def get(self, path, *lines):
        return self.ask(request("GET", path, *lines))

    def post(self, path, body, *lines):
        return self.ask(request("POST", path, *lines, body=body))

    def close(self):
        self.server.close()
        self.server.close()
        for client in self.clients:
            with suppress(OSError):
                client.close()


def request(method, path, *lines, body=None, version="1.1", host="Host: localhost"):
    """Return a request; without a body there is no Content-Length."""
    length = [] if body is None else [f"Content-Length: {len(body)}"]
    told = [host] if host else []
    head = "\r\n".join([f"{method} {path} HTTP/{version}", *told, *lines, *length])
    return head.encode("latin-1") + b"\r\n\r\n" + (body or b"")


ACTION = f"/{TOKEN}/action"
OBSERVATION = f"/{TOKEN}/observation"
FETCH = request("GET", ACTION)


def posted(body):
    return request("POST", OBSERVATION, body=body)

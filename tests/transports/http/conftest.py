"""A service that says and does what a test tells it, byte by byte, and clients of it that never wait."""

from __future__ import annotations

import math
import select
import socket
import ssl
import struct
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from filebridge.envelope import request
from filebridge.transports.http.client import HttpClient
from filebridge.transports.sockets.endpoint import Service

CERTIFICATE = Path(__file__).with_name("localhost.pem")
PATIENCE = 20.0
STEP = request("POST", "/step", [("Content-Type", "text/plain")], b"left")


class Talk:
    """One connection, as the service sees it."""

    def __init__(self, connection, heard):
        self.connection, self.heard, self.rest = connection, heard, b""
        connection.settimeout(PATIENCE)

    def request(self):
        """Return one whole request, and note it."""
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, _, _ = self.rest.partition(b"\r\n\r\n")
        sizes = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        size = len(head) + 4 + sum(sizes)
        while len(self.rest) < size:
            self._more()
        whole, self.rest = self.rest[:size], self.rest[size:]
        self.heard.append(whole)
        return whole

    def _more(self):
        data = self.connection.recv(65536)
        if not data:
            raise EOFError("the client closed the connection")
        self.rest += data

    def say(self, *pieces):
        for piece in pieces:
            self.connection.sendall(piece)
        return self

    def answer(self, body=b"x=1", *fields, status="200 OK"):
        """Say a plain answer to the next request."""
        self.request()
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
        return self.say("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def await_end(self):
        """Wait until the client closes the connection, or breaks it."""
        with suppress(ConnectionError):
            while self.connection.recv(65536):
                pass

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class Site:
    """Holds one talk on each connection that is made, in their order; ``heard`` are the requests."""

    def __init__(self, talks, secure, port, host):
        self.heard, self.failures = [], []
        self._talks, self._context = talks, None
        if secure:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(CERTIFICATE)
        self._listener = socket.create_server((host or "127.0.0.1", port))
        self._listener.settimeout(PATIENCE)
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if secure else ''}://{host or 'localhost'}:{self.port}"
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            for talk in self._talks:
                connection, _ = self._listener.accept()
                with connection:
                    if self._context:
                        try:
                            connection = self._context.wrap_socket(connection, server_side=True)
                        except ssl.SSLError:
                            continue
                    with connection:
                        talk(Talk(connection, self.heard))
        except Exception as exc:  # noqa: BLE001  # told by `finish`
            self.failures.append(exc)

    def finish(self):
        """Wait until all talks are held."""
        self._thread.join(PATIENCE)
        self._listener.close()
        assert not self._thread.is_alive()
        if self.failures:
            raise self.failures[0]


class Client:
    """A client of a service, looked after as the loop does it."""

    def __init__(self, url, **more):
        self.http = HttpClient(Service(url, **more), "/")

    def carry(self, opening):
        """Carry an opening through, as the loop does it."""
        until = time.monotonic() + PATIENCE
        while not opening.advance():
            assert time.monotonic() < until, opening.awaited()
            watched = select.poll()
            if opening.fileno() >= 0:
                watched.register(opening.fileno(), opening.events)
            seconds = PATIENCE if opening.patience == math.inf else opening.patience
            watched.poll(math.ceil(seconds * 1000))
        return self

    def ready(self, events, seconds=PATIENCE):
        """Wait for what the descriptor announces; return it, 0 for nothing."""
        watched = select.poll()
        watched.register(self.http.fileno(), events)
        return dict(watched.poll(math.ceil(seconds * 1000))).get(self.http.fileno(), 0)

    def send(self, data=STEP):
        """Write as the loop does, answers that come meanwhile are read; return such an answer."""
        early = None
        while not self.http.write(data):
            events = self.ready(select.POLLIN | select.POLLOUT)
            assert events, "the request is not taken"
            if events & select.POLLIN and early is None:
                early = self.http.read()
        return early

    def hear(self):
        """Read until an answer is whole."""
        while True:
            found = self.http.read()
            if found is not None:
                return found
            assert self.ready(select.POLLIN), "no answer came"

    def ask(self, data=STEP):
        """Return the answer to a request."""
        early = self.send(data)
        return self.hear() if early is None else early


@pytest.fixture
def serve():
    sites = []

    def start(*talks, secure=False, port=0, host=""):
        sites.append(Site(talks, secure, port, host))
        return sites[-1]

    yield start
    for site in sites:
        site.finish()


@pytest.fixture
def call():
    made = []

    def start(url, opened=True, **more):
        made.append(Client(url, **more))
        return made[-1].carry(made[-1].http.open()) if opened else made[-1]

    yield start
    for client in made:
        client.http.close()


@pytest.fixture
def trusted(monkeypatch):
    """Let this machine trust the certificate of the services here."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

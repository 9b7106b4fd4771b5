"""The embedded motor over everything that it can talk through: the same orders get the same answers."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from filebridge import simulators
from filebridge.simulators.motor import Motor

PROGRAM = [sys.executable, "-I", "-S", str(Path(simulators.__file__).with_name("motor.py")), "--seed", "5"]
ORDERS = ["1.5", "-2.25", "x", "12", "RESET 9", "0.0625"]


def expected():
    motor = Motor(5)
    return [motor.line(), *[motor.answer(order) for order in ORDERS]]


@contextmanager
def motor(*words, cwd=None, **environment):
    """A motor at work, ended afterwards."""
    known = os.environ | environment
    process = subprocess.Popen([*PROGRAM, *map(str, words)], cwd=cwd, stdin=subprocess.DEVNULL, env=known)
    try:
        yield process
    finally:
        process.kill()
        process.wait(60)


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def until(function, *arguments):
    """Return what ``function`` returns once it no longer fails."""
    end = time.monotonic() + 60
    while True:
        try:
            return function(*arguments)
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.001)


def told(connection):
    """Return what is answered over a stream."""
    connection.settimeout(60)
    with connection, connection.makefile("rw", encoding="ascii") as lines:
        answers = [lines.readline()]
        for order in ORDERS:
            lines.write(f"{order}\n")
            lines.flush()
            answers.append(lines.readline())
    return answers


def test_it_listens():
    port = free_port()
    with motor("--listen", port) as process:
        assert told(until(socket.create_connection, ("127.0.0.1", port))) == expected()
        # The run goes on with the next who calls.
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection, connection.makefile() as lines:
            assert lines.readline() == expected()[-1]
            connection.sendall(b"QUIT\n")
        assert process.wait(60) == 0


def test_it_calls():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        with motor("--dial", f"127.0.0.1:{server.getsockname()[1]}") as process:
            assert told(server.accept()[0]) == expected()
            assert process.wait(60) == 0


def test_it_listens_at_a_path(tmp_path):
    with motor("--unix", "motor.sock", cwd=tmp_path) as process, socket.socket(socket.AF_UNIX) as connection:
        until(connection.connect, str(tmp_path / "motor.sock"))
        assert told(connection) == expected()
        with socket.socket(socket.AF_UNIX) as again:
            again.connect(str(tmp_path / "motor.sock"))
            again.sendall(b"QUIT\n")
            assert process.wait(60) == 0
    assert not (tmp_path / "motor.sock").exists()


def test_it_calls_a_path(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "desk.sock"))
        server.listen()
        server.settimeout(60)
        with motor("--dial-unix", "desk.sock", cwd=tmp_path):
            assert told(server.accept()[0]) == expected()


def test_between_named_pipes(tmp_path):
    for name in ("orders", "answers"):
        os.mkfifo(tmp_path / name)
    with motor("--fifo", "orders", "answers", cwd=tmp_path) as process:
        with (tmp_path / "orders").open("w") as orders, (tmp_path / "answers").open() as answers:
            found = [answers.readline()]
            for order in ORDERS:
                orders.write(f"{order}\n")
                orders.flush()
                found.append(answers.readline())
        assert found == expected()
        assert process.wait(60) == 0


def test_in_a_folder(tmp_path):
    def answer():
        text = until((tmp_path / "state.txt").read_text)
        (tmp_path / "state.txt").unlink()
        return text

    with motor("--files", cwd=tmp_path) as process:
        found = [answer()]
        for order in [*ORDERS, "QUIT"]:
            (tmp_path / "order.new").write_text(order)
            (tmp_path / "order.new").rename(tmp_path / "order.txt")
            if order != "QUIT":
                found.append(answer())
        assert process.wait(60) == 0
    assert found == expected()


def test_with_datagrams():
    port, answers = free_port(socket.SOCK_DGRAM), []
    orders = ["0", "1 1.5", "1 1.5", "2 -2.25", "3 x", "4 7", "3 12", "RESET 9", "1 0.0625"]
    with motor("--udp", port) as process, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.connect(("127.0.0.1", port))
        wire.settimeout(0.05)

        def asked(order):
            wire.send(order.encode())
            return wire.recv(4096).decode()

        answers.append(until(asked, orders[0]))
        wire.settimeout(60)
        answers += [asked(order) for order in orders[1:]]
        wire.send(b"QUIT")
        assert process.wait(60) == 0
    start, one, two, error, three, reset, last = expected()
    # Asked once more, the same step is told and not done again; one that is not next is refused.
    assert answers == [start, one, one, two, error, "ERROR STEP 3 IS NEXT\n", three, reset, last]


def posted(connection, path, body):
    """Return the status and the document that answer a post, or a get where there is no body."""
    connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body))
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_as_a_service():
    port, here = free_port(), Motor(5)
    with motor("--http", port), closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        until(connection.connect)
        assert posted(connection, "/state", None) == (200, here.record())
        for voltage in (1.5, -2.25):
            here.drive(voltage)
            assert posted(connection, "/step", {"voltage": voltage}) == (200, here.record())
        for path, body in (("/step", {"voltage": 13}), ("/step", {"voltage": "x"}), ("/step", {}), ("/step", []),
                           ("/step", {"voltage": None}), ("/reset", {"seed": "x"}), ("/nowhere", {})):  # fmt: skip
            status, document = posted(connection, path, body)
            assert (status, list(document)) == (400, ["error"])
        assert posted(connection, "/nowhere", None)[0] == 404
        assert posted(connection, "/state", None) == (200, here.record())
        here.reset(9)
        assert posted(connection, "/reset", {"seed": 9}) == (200, here.record())
        while here.status == "RUN":
            here.drive(12)
            assert posted(connection, "/step", {"voltage": 12}) == (200, here.record())
        assert posted(connection, "/step", {"voltage": 12}) == (409, {"error": "THE RUN IS OVER"})


class Desk(BaseHTTPRequestHandler):
    """Serves orders and takes observations; every second fetch is told to come again."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.fetched += 1
        if server.fetched % 2:
            self.said(204, b"")
        elif server.orders:
            self.said(200, server.orders.pop(0).encode())
        else:
            self.said(410, b"")

    def do_POST(self):
        self.server.tokens.add(self.headers["Authorization"])
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, json.loads(body)))
        self.said(204, b"")

    def said(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_as_a_client():
    with HTTPServer(("127.0.0.1", 0), Desk) as server:
        server.fetched, server.orders, server.heard, server.tokens = 0, list(ORDERS), [], set()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            with motor("--poll", f"http://127.0.0.1:{server.server_port}/here", MOTOR_TOKEN="sesame") as process:
                assert process.wait(60) == 0
        finally:
            server.shutdown()
            thread.join()
        assert server.fetched == 2 * len(ORDERS) + 2
        assert {path for path, _ in server.heard} == {"/here/observation"}
        assert server.tokens == {"Bearer sesame"}
    for (_, document), line in zip(server.heard, expected(), strict=True):
        text = " ".join(map(str, document.values()))
        assert line == (f"{text}\n" if "error" not in document else f"ERROR {text}\n")

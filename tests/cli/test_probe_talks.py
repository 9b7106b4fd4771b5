"""What ``filebridge probe`` shows of binary messages, requests of HTTP, and datagrams."""

from __future__ import annotations

import re

import pytest

VALVE = """
import socket, struct, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    peer, _ = server.accept()
    told = peer.makefile("rb")
    while head := told.read(2):
        told.read(int.from_bytes(head, "big"))
        body = struct.pack("<BH", 2, 404)
        peer.sendall(len(body).to_bytes(2, "big") + body)
"""
BINARY = """
framing: {length: 2}
step:
  - pack: {layout: "<Bb", values: [1, action]}
fields:
  kind: {binary: {type: u1}, default: 0}
  speed: {when: kind == 1, binary: {type: "<u2", offset: 1}, default: 0}
  alarm: {when: kind == 2, binary: {type: "<u2", offset: 1}, default: 0}
observation: {alarm: alarm, speed: speed}
"""
SERVICE = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
tries = []
class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        tries.append(1)
        body = b"x= 3\\n"
        self.send_response(200 if len(tries) > 1 else 503)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
with HTTPServer(("127.0.0.1", int(sys.argv[1])), Service) as server:
    server.serve_forever()
"""
REQUEST = """
step: {request: {post: /step, body: "{action}", again: 503, every: 1 ms}}
fields: {x: {find: "x= {int}", default: 0}}
observation: {x: x}
"""
SENDER = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
    own.bind(("127.0.0.1", int(sys.argv[1])))
    while True:
        told, sender = own.recvfrom(100)
        if told.startswith(b"1 "):
            own.sendto(b"a=1\\n", sender)
            own.sendto(b"b=2\\n", sender)
"""
TWO = """
step: {send: "{step} {action}", datagrams: 2, resend: 200 ms}
fields: {a: {find: "a={int}", default: 0}, b: {find: "b={int}", default: 0}}
observation: {a: a, b: b}
"""


@pytest.fixture
def probed(cli, tmp_path):
    """Return a function that probes one step of a program; the lines from the step on."""

    def probe(code, transport, talk):
        (tmp_path / "program.py").write_text(code)
        path = tmp_path / "talk.yaml"
        path.write_text(
            "filebridge: 1\nname: Talk\nmax_steps: 9\naction: {choices: 3}\n"
            'simulator: {command: ["${python}", -S, "${config}/program.py", "${port}"], seed: none}\n'
            f"transport: {transport}\ndeadlines: {{start: 20, reset: 20, step: 20}}\n{talk}"
        )
        result = cli("probe", str(path), "--action", "2")
        assert (result.exit_code, result.stderr) == (0, "")
        lines = result.stdout.splitlines()
        return lines[lines.index("step, action 2") + 1 :]

    return probe


def test_binary_data_is_shown_in_base_16_with_marks_below_the_bytes(probed):
    lines = probed(VALVE, '{tcp: {connect: "127.0.0.1:${port}"}}', BINARY)
    assert [line.rstrip() for line in lines[:10]] == [
        "  sent      00 02 01 02                                      ....",
        "  received  00 03 02 94 01                                   .....",
        "                  ~~~   ~~~",
        "                  kind  end",
        "                     ~~~~~~",
        "                     alarm",
        "  not read  00 03 (from byte 0)",
        "  fields    kind = 2",
        "            speed = 0  (not read: the default)",
        "            alarm = 404",
    ]


def test_requests_and_answers_have_their_head_on_one_line(probed):
    lines = probed(SERVICE, '{http: {url: "http://127.0.0.1:${port}"}}', REQUEST)
    assert [line.rstrip() for line in lines[:10]] == [
        "  sent      POST /step, Content-Type: text/plain; charset=utf-8",
        "            2",
        "  received  503 Service Unavailable, text/plain",
        "            x= 3\\n",
        "  sent      POST /step, Content-Type: text/plain; charset=utf-8",
        "            2",
        "  received  200 OK, text/plain",
        "            x= 3\\n",
        "            ~~~~",
        "            x",
    ]


def test_each_datagram_stands_by_itself(probed):
    lines = probed(SENDER, '{udp: {connect: "127.0.0.1:${port}"}}', TWO)
    received = [line for line in lines if line.startswith("  received")]
    assert received == ["  received  a=1\\n", "  received  b=2\\n"]
    assert "            b = 2" in lines


def test_the_address_of_the_counter_is_told_before_it_is_asked(cli):
    lines = cli("probe", "MotorPoll", "--steps", "0").stdout.splitlines()
    assert re.fullmatch(r"  serving   http://127\.0\.0\.1:\d+/[0-9a-f]{32}/", lines[1])
    assert lines[2].startswith('  received  {"step": 0')


def test_what_is_ignored_behind_a_reply_is_no_error(probed):
    code = VALVE.replace("head := told.read(2)", "told.readline()").split("        told.read(int")[0]
    code += '        peer.sendall(b"X 7\\nALIVE\\n")\n'
    talk = 'ignore: ALIVE\nstep: {send: "{action}"}\nfields: {x: {find: "X {int}", default: 0}}\nobservation: {x: x}\n'
    lines = probed(code, '{tcp: {connect: "127.0.0.1:${port}"}}', talk)
    told = "`ALIVE\\n` came behind the end of the reply: what `ignore` names is dropped"
    assert f"  left over {told}" in lines

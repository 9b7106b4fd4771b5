"""The motor as a service: GET /state, POST /step {"voltage": 2.5}, POST /reset {"seed": 7}; all answer the state.

What cannot be done is answered 400, a step when the run is over 409, both with {"error": "..."}.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filebridge.simulators.motor import Motor

__all__ = ["serve", "serve_once_each"]

LONGEST = 4096


def serve_once_each(motor: Motor, port: str) -> None:
    """Serve on ``port`` of this machine as old servers do: each request comes on a connection of its own."""
    serve(motor, port, "HTTP/1.0")


def serve(motor: Motor, port: str, version: str = "HTTP/1.1") -> None:
    """Serve on ``port`` of this machine, one client at a time, for ever."""

    class Desk(Counter):
        drive = motor
        protocol_version = version

    # No HTTPServer: it asks for the name of this machine, for which some wait five seconds.
    class Server(TCPServer):
        allow_reuse_address = True

    with Server(("127.0.0.1", int(port)), Desk) as server:
        server.serve_forever()


class Counter(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    # Head and body leave in one packet, at once: in two, the second would wait 40 ms for a receipt of the first.
    wbufsize = -1
    disable_nagle_algorithm = True
    drive: Motor

    def do_GET(self) -> None:
        """Tell the state."""
        if self.path == "/state":
            self.answer(200, self.drive.record())
        else:
            self.answer(404, {"error": "GET /state, POST /step, POST /reset"})

    def do_POST(self) -> None:
        """Do what is asked, and tell the state."""
        try:
            body = json.loads(self.rfile.read(min(int(self.headers["Content-Length"] or 0), LONGEST)))
            if self.path == "/step" and self.drive.status != "RUN":
                self.answer(409, {"error": "THE RUN IS OVER"})
                return
            self.obey(body)
        except (ValueError, TypeError, LookupError) as error:
            self.answer(400, {"error": str(error)})
            return
        self.answer(200, self.drive.record())

    def obey(self, body: dict[str, float]) -> None:
        """Do what ``body`` says; ValueError, TypeError or LookupError where that is nothing that can be done."""
        if self.path == "/step":
            self.drive.drive(float(body["voltage"]))
        elif self.path == "/reset":
            self.drive.reset(int(body["seed"]))
        else:
            raise LookupError("GET /state, POST /step, POST /reset")

    def answer(self, status: int, record: dict[str, object]) -> None:
        """Send ``record``."""
        body = json.dumps(record).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

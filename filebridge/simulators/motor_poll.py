"""The motor as a client: it posts its state to URL/observation and fetches the next order from URL/action.

A token in the environment variable MOTOR_TOKEN goes with each request. All users of a machine can read the words of a
command, and only the owner of a process its environment.
"""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from filebridge.simulators.motor import Motor

__all__ = ["poll"]


def poll(motor: Motor, url: str) -> None:
    """Work for the server at ``url`` until it is gone; raises EOFError for QUIT."""
    place = urlsplit(url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=60)
    base = place.path.rstrip("/")
    record = motor.record()
    try:
        while True:
            ask(connection, "POST", f"{base}/observation", json.dumps(record))
            record = done(motor, order(connection, f"{base}/action"))
    except (OSError, HTTPException):
        raise EOFError from None
    finally:
        connection.close()


def done(motor: Motor, text: str) -> dict[str, object]:
    """Do what ``text`` says; return the state, or what was wrong."""
    try:
        motor.obey(text)
    except ValueError as error:
        return {"error": str(error)}
    return motor.record()


def order(connection: HTTPConnection, path: str) -> str:
    """Return the next order; the server keeps the request until there is one, or says 204, ask again."""
    while True:
        status, text = ask(connection, "GET", path, None)
        if status != 204:
            return text


def ask(connection: HTTPConnection, method: str, path: str, body: str | None) -> tuple[int, str]:
    """Make a request; return the status, below 300, and the body. Raises EOFError where the server refuses."""
    connection.request(method, path, body, {"Content-Type": "application/json", **token()})
    answer = connection.getresponse()
    text = answer.read().decode()
    if answer.status >= 300:
        raise EOFError
    return answer.status, text


def token() -> dict[str, str]:
    """Return the header field that says the token, none without one."""
    said = os.environ.get("MOTOR_TOKEN")
    return {"Authorization": f"Bearer {said}"} if said else {}

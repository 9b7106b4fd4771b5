"""Sockets and HTTP: who listens, who is let in, which direction each carries."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from filebridge.config.part import Part
from filebridge.config.units import Time

__all__ = ["LOOPBACK", "Http", "Tcp", "Udp", "Unix"]

LOOPBACK = "127.0.0.1:${port}"
"""Where ``listen: true`` listens: a free port of this machine, which nobody else can reach."""


def _listening(value: object) -> object:
    return LOOPBACK if value is True else value


def _path(value: object) -> object:
    return "filebridge.sock" if value is True else value


_TEXT = {"type": "string", "minLength": 1}
_LISTEN_SCHEMA = {"anyOf": [_TEXT, {"const": True}]}
_Text = Annotated[str, Field(min_length=1)]
Listen = Annotated[_Text | None, BeforeValidator(_listening), WithJsonSchema(_LISTEN_SCHEMA)]
ListenPath = Annotated[_Text | None, BeforeValidator(_path), WithJsonSchema(_LISTEN_SCHEMA)]

Carries = Literal["both", "actions", "replies"]
Peer = Literal["process", "token", "any"]

_CARRIES = "`both` ways; or only the `actions`, or only the `replies`, where another transport carries the rest."
_PEER = (
    "Who is let in. `process`: what we started, or what it started, as the kernel says. `token`: whoever says"
    " `${token}` and a line end first. `any`: the first to come."
)
_REMOTE = "Listen on an address that other machines reach; wants `peer: token` too."


class Tcp(Part):
    """A TCP connection; exactly one of `connect` and `listen`."""

    connect: _Text | None = Field(
        None,
        description="`HOST:PORT` where the program listens; `127.0.0.1:${port}` for a free port that its command names"
        " too.",
    )
    listen: Listen = Field(
        None, description="`HOST:PORT` where we listen and the program calls us; `true`: `127.0.0.1:${port}`."
    )
    carries: Carries = Field("both", description=_CARRIES)
    each: Literal["process", "episode"] = Field(
        "process", description="A connection for the life of the process, or a new one for each `episode`."
    )
    peer: Peer = Field("process", description=_PEER)
    telnet: bool = Field(
        False, description="The program speaks telnet: its offers are refused, and kept out of the text."
    )
    allow_remote: bool = Field(False, description=_REMOTE)


class Unix(Part):
    """A Unix socket; exactly one of `connect` and `listen`."""

    connect: _Text | None = Field(
        None,
        description="Path where the program listens, seen from the folder that it starts in; at most 107 bytes.",
    )
    listen: ListenPath = Field(
        None, description="Path where we listen and the program calls us; `true`: `filebridge.sock`."
    )
    carries: Carries = Field("both", description=_CARRIES)
    each: Literal["process", "episode"] = Field(
        "process", description="A connection for the life of the process, or a new one for each `episode`."
    )
    peer: Peer = Field("process", description=_PEER)


class Udp(Part):
    """Datagrams, each a message; with `connect` and `listen` we send to the one, and receive at the other."""

    connect: _Text | None = Field(
        None, description="`HOST:PORT` where the program receives; its answers come back to where we sent from."
    )
    listen: Listen = Field(
        None,
        description="`HOST:PORT` where we receive; `true`: `127.0.0.1:${port}`. Without `connect` we send to whoever"
        " sent to us last.",
    )
    carries: Carries = Field("both", description=_CARRIES)
    peer: Literal["process", "any"] = Field(
        "process",
        description="Who is heard, where we listen. `process`: what we started, or what it started. `any`: all.",
    )
    allow_remote: bool = Field(
        False, description="Listen on an address that other machines reach; wants `peer: any` too."
    )


class Http(Part):
    """HTTP; exactly one of `url`, the program is the server, and `serve`, the program asks us."""

    url: _Text | None = Field(
        None, description="Where the program serves, `http://127.0.0.1:${port}`; each `request` adds its path."
    )
    headers: dict[str, str] = Field(default_factory=dict, description="Header fields of all requests.")
    secrets: dict[str, str] = Field(
        default_factory=dict,
        description="Header field -> environment variable that holds its value, a key say; it is never shown.",
    )
    ready: _Text | None = Field(
        None,
        description="Path that is asked for until it answers, before anything else; without it a connection will do.",
    )
    serve: Listen = Field(
        None, description="`HOST:PORT` where the program asks us for actions; `true`: `127.0.0.1:${port}`."
    )
    action: str = Field(
        "/action", min_length=1, description="Path where the program fetches what we `send`; it waits there for it."
    )
    observation: str = Field(
        "/observation",
        min_length=1,
        description="Path to which it posts its reply; the same as `action`: the answer to a post is the next action.",
    )
    type: str = Field("text/plain; charset=utf-8", min_length=1, description="Content type of what we serve.")
    wait: Time = Field(
        20.0, description="Longest time that a request for an action is kept waiting; then 204, ask again."
    )
    peer: Literal["token", "process", "any"] = Field(
        "token",
        description="Which requests are served. `token`: that name the token, `/${token}/action`, or `?token=`, or"
        " `Authorization: Bearer`. `process`: of what we started. `any`: all.",
    )
    allow_remote: bool = Field(False, description=_REMOTE)

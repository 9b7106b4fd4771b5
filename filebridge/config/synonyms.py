"""Words of other programs for what a key here is called, so that who writes one is told ours."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["meant"]

_MEANT = {
    **dict.fromkeys(("stdout", "stdin", "stdio", "pipe", "pipes", "pty", "tty", "terminal", "serial"), ("console",)),
    **dict.fromkeys(("socket", "sockets", "tcpip", "telnet"), ("tcp",)),
    **dict.fromkeys(("datagram", "multicast"), ("udp", "datagrams")),
    **dict.fromkeys(("https", "rest", "web"), ("http",)),
    **dict.fromkeys(("host", "port", "address", "hostname"), ("connect", "url", "tcp")),
    **dict.fromkeys(("server", "bind", "accept"), ("listen", "serve", "tcp")),
    **dict.fromkeys(("dial", "client", "path"), ("connect", "url")),
    "url": ("connect", "http"),
    "connect": ("url", "tcp"),
    "listen": ("serve", "tcp"),
    "serve": ("listen", "http"),
    "named_pipe": ("fifo",),
    "uds": ("unix",),
    **dict.fromkeys(("get", "post", "put", "patch", "delete", "http_request"), ("request",)),
    "json": ("send_json",),
    **dict.fromkeys(("struct", "binary", "send_binary", "send_bytes"), ("pack",)),
    **dict.fromkeys(("prefix", "length_prefix"), ("length",)),
    **dict.fromkeys(("delimiter", "terminator", "prompt", "expect"), ("until",)),
    **dict.fromkeys(("heartbeat", "heartbeats", "unsolicited"), ("ignore",)),
    **dict.fromkeys(("authorization", "api_key", "token"), ("secrets", "peer")),
    "direction": ("carries",),
    **dict.fromkeys(("discrete", "options"), ("choices",)),
    **dict.fromkeys(("multi_discrete", "multidiscrete"), ("multi",)),
    **dict.fromkeys(("multi_binary", "multibinary", "binary_action"), ("bits",)),
    "continuous": ("box",),
    **dict.fromkeys(("min", "minimum", "range", "bounds", "bound", "interval"), ("low",)),
    **dict.fromkeys(("max", "maximum"), ("high",)),
    "shape": ("size",),
    **dict.fromkeys(("done", "termination"), ("terminated",)),
    "truncation": ("truncated",),
    **dict.fromkeys(("max_episode_steps", "horizon"), ("max_steps",)),
    **dict.fromkeys(("timeout", "timeouts"), ("deadlines",)),
    **dict.fromkeys(("program", "executable", "exec", "args", "argv"), ("simulator", "command")),
    **dict.fromkeys(("cwd", "workdir", "folder"), ("directory",)),
    "env": ("environment",),
}
"""Word -> the keys that it may stand for; the first that is known where it was written is meant."""


def meant(word: str, known: Iterable[str]) -> str:
    """Return the key, one of ``known``, for which other programs say ``word``; empty where there is none."""
    at_hand = set(known)
    return next((key for key in _MEANT.get(word.casefold().replace("-", "_"), ()) if key in at_hand), "")

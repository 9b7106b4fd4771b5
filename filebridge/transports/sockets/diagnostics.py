"""Asking the kernel for one TCP socket by both of its addresses; the tables in /proc take it a walk through all."""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct

__all__ = ["UNKNOWN", "inode_of"]

UNKNOWN = -1
"""The kernel does not answer such questions here."""

_SOCK_DIAG = 4
_BY_FAMILY = 20
_REQUEST = 1
_ERROR = 2
_ALL_STATES = 0xFFFFFFFF
_NO_COOKIE = 0xFFFFFFFF
_HEAD = struct.Struct("=IHHII")
_QUESTION = struct.Struct("=BBxxI")
_PORTS = struct.Struct("!HH")
_REST = struct.Struct("=III")
_ANSWER = struct.Struct("=17xB66xI")
_REASON = struct.Struct("=16xi")
_LISTENS = 10


def inode_of(here: tuple[str, int], there: tuple[str, int]) -> int:
    """Return the inode of the TCP socket at ``here``, host and port, that is connected to ``there``.

    0 when there is none, or no process has it open any more; UNKNOWN where the kernel does not tell.
    """
    own, far = (_address(host) for host, _ in (here, there))
    family = socket.AF_INET if own.version == 4 else socket.AF_INET6
    body = (
        _QUESTION.pack(family, socket.IPPROTO_TCP, _ALL_STATES)
        + _PORTS.pack(here[1], there[1])
        + own.packed.ljust(16, b"\0")
        + far.packed.ljust(16, b"\0")
        + _REST.pack(0, _NO_COOKIE, _NO_COOKIE)
    )
    try:
        answer = _asked(_HEAD.pack(_HEAD.size + len(body), _BY_FAMILY, _REQUEST, 1, 0) + body)
    except (OSError, AttributeError):
        return UNKNOWN
    kind = _HEAD.unpack_from(answer)[1]
    if kind == _ERROR:
        return 0 if _REASON.unpack_from(answer)[0] == -errno.ENOENT else UNKNOWN
    state, inode = _ANSWER.unpack_from(answer)
    # Where no connection has these addresses one is shown that listens at the first.
    return 0 if state == _LISTENS else int(inode)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _asked(question: bytes) -> bytes:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
        kernel.setblocking(False)
        kernel.send(question)
        return kernel.recv(4096)

"""HTTP with a simulator that is the server: requests in envelopes are sent, answers in envelopes come back."""

from __future__ import annotations

import math
import socket

from filebridge.errors import PeerClosed, TransportError
from filebridge.redaction import Redaction
from filebridge.transports.base import CHUNK
from filebridge.transports.http.client_answers import Answers
from filebridge.transports.http.client_connection import NO_SIGNAL, QUICKACK, Connection
from filebridge.transports.http.client_opening import Calling
from filebridge.transports.http.client_requests import Requests, site
from filebridge.transports.http.client_tls import verifying
from filebridge.transports.sockets.address import resolved, shown
from filebridge.transports.sockets.dialing import Dialing
from filebridge.transports.sockets.endpoint import Service

__all__ = ["HttpClient"]

_TCP = socket.IPPROTO_TCP


class HttpClient:
    """Asks ``service``: one request at a time, on a connection that is kept for the next where it may be.

    A request is sent once. Only where the connection broke before all of it was written, and nothing was answered, is
    it sent on a new one, once. No redirect is followed, no proxy used, nothing unpacked. Raises ConfigError for an
    address or a header field that cannot be used, StartError for a host that is not known.
    """

    __slots__ = (
        "_addresses", "_answers", "_asked", "_begun", "_calling", "_connection", "_early", "_is_quiet", "_name", "_put",
        "_quick", "_ready", "_recv", "_redaction", "_requests", "_retried", "_send", "_service", "_used", "patience",
        "renews", "snapshots",
    )  # fmt: skip

    def __init__(self, service: Service, directory: str) -> None:
        self._service = service
        self.snapshots = self.renews = True
        self.patience = math.inf
        where = site(service.url)
        self._requests = Requests(where, service.headers, service.secrets)
        # All of it, so that it is not taken for one that has the path of the `url` before it.
        self._ready = where.path + service.ready if service.ready else ""
        self._redaction = Redaction(value for _, value in service.secrets)
        self._name = shown(where.host, where.port)
        self._addresses = resolved(where.host, where.port, "tcp")
        self._connection = Connection(where.host, self._name, verifying() if where.secure else None)
        self._is_quiet = self._connection.is_quiet
        self._recv, self._send = self._connection.socket.recv, self._connection.socket.send
        self._answers = Answers(service.cap, self._redaction)
        self._calling: Calling | None = None
        self._begun = b""
        self._put = 0
        self._asked = self._early = self._retried = self._used = self._quick = False

    def open(self) -> Calling:
        """Call the service, and ask it whether it is ready where ``service.ready`` says how."""
        if self._calling is not None:
            self._calling.close()
        self.hang_up()
        self._calling = Calling(self, self._connection, self._dial, self._ready)
        return self._calling

    def hang_up(self) -> None:
        """Close the connection and forget what was asked; the next request is sent on a new one."""
        self._hang_up()
        self._begun, self._asked, self._early = b"", False, False

    def fileno(self) -> int:
        """Return the descriptor that is readable when there is something of an answer; the same for life."""
        return self._connection.socket.fileno()

    def write_fileno(self) -> int:
        """Return the descriptor that is writable when more of a request can be sent; the same for life."""
        return self._connection.socket.fileno()

    def write(self, data: bytes) -> int:
        """Send the request in the envelope ``data``; return its size once all of it went, 0 while it did not.

        Until then it is to be called again with the same. Raises PeerClosed when the connection is lost in the middle
        of it, ActionError and ConfigError for what cannot be sent.
        """
        if not self._begun:
            made = self._requests.made(data)
            connection, sent = self._connection, 0
            if self._used and connection.tls is None and not self._is_quiet(0):
                try:
                    sent = self._send(made, NO_SIGNAL)
                except OSError:
                    sent = 0  # what befell it is met again, and told, on the long way
                if sent == len(made):
                    self._asked = True
                    if self._quick:
                        connection.socket.setsockopt(_TCP, QUICKACK, 1)
                    return len(data)
            self._begin(made, sent)
        return self._go_on(data)

    def read(self) -> bytes | None:
        """Return an answer in an envelope once it is whole, None as long as there is none.

        Raises PeerClosed where the connection ends before the answer does, MessageTooLarge, ProtocolError; see
        Answers.
        """
        try:
            data = self._recv(CHUNK)
        except BlockingIOError:
            return None
        except OSError as exc:
            self._parted(exc)
            return None
        if not self._asked or self._connection.tls is not None:
            plain = self._unusual(data)
            if plain is None:
                return None
            data = plain
        # As it comes, for errors that show a part of it; and below, where a secret came in two pieces.
        answer = self._answers.feed(self._redaction(data))
        if answer is None:
            if QUICKACK:
                # A server that writes head and body apart may hold the body back until the head is acknowledged.
                self._quick = True
                self._connection.socket.setsockopt(_TCP, QUICKACK, 1)
            return None
        self._used, self._early = True, not self._asked
        self._asked = False
        if self._answers.over or self._early:
            self._hang_up()
        return self._redaction(answer)

    def look(self) -> bytes | None:
        """Return the same as ``read``: everything is announced."""
        return self.read()

    def expect(self) -> None:
        """Do nothing: an answer belongs to the request before it."""

    def end_input(self) -> None:
        """Do nothing: there is no end of requests that a service could be told."""

    def close(self) -> None:
        """Close the connection; twice is harmless."""
        if self._calling is not None:
            self._calling.close()
        self._connection.close()

    def _dial(self) -> Dialing:
        return Dialing(self._addresses, self._name, self._connection.take)

    def _hang_up(self) -> None:
        self._connection.drop()
        self._answers.reset()
        self._used, self._put = False, 0

    def _begin(self, made: bytes, sent: int) -> None:
        """Set out on the long way with a request of which some bytes went already."""
        self._begun, self._retried = made, False
        if sent:
            self._put, self._connection.unsent = len(made), made[sent:]
        elif self._used and self._is_quiet(0):
            # Whatever came while nothing was asked, its end mostly, is no answer to this.
            self._unasked()

    def _go_on(self, data: bytes) -> int:
        if self._early:
            self._early, self._begun = False, b""
            return len(data)
        while True:
            try:
                if not self._has_gone():
                    return 0
                break
            except TransportError:
                raise
            except OSError as exc:
                if self._is_answered():
                    break
                self._try_anew(self._connection.lost(exc))
        self._begun, self._put, self._asked = b"", 0, True
        return len(data)

    def _has_gone(self) -> bool:
        """Connect where there is no connection, send as far as there is room; return whether all went."""
        connection = self._connection
        if not connection.up:
            connection.call()
        if not self._put:
            if not connection.is_ready():
                return False
            connection.put(self._begun)
            self._put = len(connection.unsent)
        return connection.flush()

    def _is_answered(self) -> bool:
        """Return whether a service that takes no more of a request has said why."""
        try:
            return bool(self._connection.socket.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def _try_anew(self, error: TransportError) -> None:
        """Hang up, so that the request is sent once more, if it cannot have been taken; else raise ``error``."""
        is_partly_sent = self._put > len(self._connection.unsent)
        if self._retried or self._answers.begun or (is_partly_sent and not self._used):
            raise error
        self._retried = True
        self._hang_up()

    def _unusual(self, data: bytes) -> bytes | None:
        """Return the plain bytes of what came where more than an answer on a plain connection is to be thought of."""
        if not self._asked and not self._begun:
            self._unasked(data)
            return None
        plain = self._connection.opened(data)
        if plain is None:
            self._connection.flush()
        elif not plain and not self._asked:
            self._try_anew(_closed())
            return None
        return plain

    def _unasked(self, data: bytes | None = None) -> None:
        """See what came while nothing was asked; all but tickets of TLS ends the connection."""
        try:
            data = self._recv(CHUNK) if data is None else data
            if self._connection.tls is not None and self._connection.opened(data) is None:
                return
        except BlockingIOError:
            return
        except OSError:
            # However the connection ended, nothing is lost with it.
            pass
        self._hang_up()

    def _parted(self, exc: OSError) -> None:
        """Take note of a connection that broke while it was read."""
        error = self._connection.lost(exc)
        if self._asked or self._connection.socket.fileno() < 0:
            raise error from exc
        if self._begun:
            self._try_anew(error)
        else:
            self._hang_up()


def _closed() -> PeerClosed:
    return PeerClosed(
        "the simulator closed its connection before it took the request",
        cure="see its stderr, and what was asked last",
    )

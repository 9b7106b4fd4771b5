"""A TCP proxy that spoils what it passes on: late, in slices, slowly, broken off in the middle, or not at all.

    with Toxic(("127.0.0.1", 5000), slices=3) as proxy:
        connect to proxy.address

One thread serves all connections, so that a test is left with nothing once the proxy is closed.
"""

from __future__ import annotations

import heapq
import itertools
import select
import socket
import struct
import threading
import time

ABORT = struct.pack("ii", 1, 0)


class Toxic:
    """Pass on what callers of ``address`` and the server at ``target`` say, as badly as is asked for.

    ``latency`` is the delay of each piece in seconds, ``slices`` the largest piece in bytes that is passed on at once,
    ``bandwidth`` the bytes for each second, either way. After ``reset`` bytes of the server's (0: from the first on)
    both connections are aborted; after ``half_close`` bytes of them the caller reads an end and may still write, what
    else the server says is lost. ``hole``: everything is taken and nothing is passed on. None switches each off.
    """

    def __init__(self, target, *, latency=0.0, slices=None, bandwidth=None, reset=None, half_close=None, hole=False):
        self.target, self.latency, self.slices, self.bandwidth = target, latency, slices, bandwidth
        self.reset, self.half_close, self.hole = reset, half_close, hole
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.passed = 0
        self._wake, self._woken = socket.socketpair()
        self._flows = {}
        self._due = []
        self._order = itertools.count()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._wake.send(b"x")
        self._thread.join()
        for each in (self.listener, self._wake, self._woken, *self._flows):
            each.close()

    def _serve(self):
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            ready, _, _ = select.select([self._woken, self.listener, *self._reading()], [], [], wait)
            if self._woken in ready:
                return
            if self.listener in ready:
                self._connect()
            for source in ready:
                if source in self._flows:
                    self._take(source)
            while self._due and self._due[0][0] <= time.monotonic():
                self._pass(*heapq.heappop(self._due)[2:])

    def _reading(self):
        return [source for source, flow in self._flows.items() if not flow.ended]

    def _connect(self):
        caller, _ = self.listener.accept()
        server = socket.create_connection(self.target)
        for each in (caller, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.settimeout(10)  # who reads nothing must not hold up the end of the test
        self._flows[caller] = _Flow(server, from_server=False)
        self._flows[server] = _Flow(caller, from_server=True)

    def _take(self, source):
        """Read a piece and plan when each slice of it is passed on."""
        flow = self._flows[source]
        try:
            data = source.recv(65536)
        except ConnectionError:
            data = b""
        flow.ended = not data
        size = self.slices or max(1, len(data))
        if self.bandwidth:
            size = min(size, max(1, self.bandwidth // 100))
        for at in range(0, max(1, len(data)), size):
            piece = data[at : at + size]
            flow.free_at = max(flow.free_at, time.monotonic())
            flow.free_at += len(piece) / self.bandwidth if self.bandwidth else 0.0
            heapq.heappush(self._due, (flow.free_at + self.latency, next(self._order), source, piece))

    def _pass(self, source, piece):
        flow = self._flows.get(source)
        if flow is None or self.hole or flow.shut:
            return
        limit = None
        if flow.from_server:
            limit = self.reset if self.reset is not None else self.half_close
        over = limit is not None and flow.passed + len(piece) >= limit
        if over:
            piece = piece[: limit - flow.passed]
        try:
            flow.to.sendall(piece)
            flow.passed += len(piece)
            self.passed += len(piece)
            if over and self.reset is not None:
                self._abort(source, flow.to)
            elif over or (flow.ended and not self._waits(source)):
                flow.shut = True
                flow.to.shutdown(socket.SHUT_WR)
        except OSError:
            self._abort(source, flow.to)

    def _waits(self, source):
        return any(entry[2] is source for entry in self._due)

    def _abort(self, *ends):
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            end.close()
            self._flows.pop(end, None)


class _Flow:
    """One direction of a connection: where it leads, what has passed, when the line is free again."""

    def __init__(self, to, from_server):
        self.to, self.from_server = to, from_server
        self.passed, self.free_at = 0, 0.0
        self.ended = self.shut = False

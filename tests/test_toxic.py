"""The toxic proxy does what later tests rely on."""

import importlib.util
import socket
import threading
import time
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("toxic", Path(__file__).parent / "fakes" / "toxic.py")
toxic = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(toxic)


@pytest.fixture
def server():
    """Serve connections one after the other: what comes is sent back, until its end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            try:
                while data := connection.recv(65536):
                    connection.sendall(data)
            except ConnectionError:
                continue


@pytest.fixture
def call(server):
    opened = []

    def begin(**toxics):
        proxy = toxic.Toxic(server, **toxics)
        proxy.__enter__()
        caller = socket.create_connection(proxy.address)
        caller.settimeout(20)
        opened.append((proxy, caller))
        return caller

    yield begin
    for proxy, caller in opened:
        caller.close()
        proxy.__exit__()


def read(caller, size):
    got = []
    while sum(map(len, got)) < size and (chunk := caller.recv(65536)):
        got.append(chunk)
    return got


def test_nothing_is_lost_without_a_toxic(call):
    caller = call()
    caller.sendall(bytes(range(256)) * 1000)
    caller.shutdown(socket.SHUT_WR)
    assert b"".join(read(caller, 1 << 30)) == bytes(range(256)) * 1000


def test_latency_delays_each_way(call):
    caller = call(latency=0.05)
    begun = time.monotonic()
    caller.sendall(b"hello")
    assert b"".join(read(caller, 5)) == b"hello"
    assert time.monotonic() - begun >= 0.1


def test_slices_are_small(call):
    caller = call(slices=3, latency=0.001, bandwidth=1000)
    caller.sendall(b"0123456789" * 3)
    pieces = read(caller, 30)
    assert b"".join(pieces) == b"0123456789" * 3
    assert len(pieces) > 3


def test_bandwidth_is_kept(call):
    caller = call(bandwidth=2000)
    begun = time.monotonic()
    caller.sendall(b"x" * 200)
    assert b"".join(read(caller, 200)) == b"x" * 200
    assert time.monotonic() - begun >= 0.1


def test_a_reset_comes_in_the_middle(call):
    caller = call(reset=3)
    caller.sendall(b"hello")
    got = []
    with pytest.raises(ConnectionResetError):
        got += iter(lambda: caller.recv(9), b"")
    assert b"".join(got) in (b"", b"hel")


def test_after_a_half_close_the_caller_may_still_write(call):
    caller = call(half_close=3)
    caller.sendall(b"hello")
    assert b"".join(read(caller, 9)) == b"hel"
    caller.sendall(b"more")
    assert caller.recv(9) == b""


def test_a_hole_takes_everything_and_says_nothing(call):
    caller = call(hole=True)
    caller.sendall(b"hello")
    caller.settimeout(0.05)
    with pytest.raises(TimeoutError):
        caller.recv(9)

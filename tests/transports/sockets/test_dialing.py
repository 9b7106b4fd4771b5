import errno
import os
import resource
import select
import socket
import threading
import time

import pytest

from filebridge.errors import LimitReached
from filebridge.transports.sockets.dialing import Dialing
from filebridge.transports.sockets.ports import Ports, Wanted

LATE = """
import socket, sys
sys.stdin.readline()
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
caller, _ = listener.accept()
sys.stdin.read()
"""


@pytest.fixture
def taken():
    connections = []
    yield connections
    for connection in connections:
        connection.close()


@pytest.fixture
def port():
    ports = Ports.take([Wanted("port")])
    yield ports.numbers["port"]
    ports.close()


def tcp(port, taken):
    return Dialing([(socket.AF_INET, ("127.0.0.1", port))], f"127.0.0.1:{port}", taken.append)


def refused(dialing):
    """Call once, whatever pause is due, and return the pause that follows."""
    dialing._due = 0.0
    assert not dialing.advance()
    while dialing.fileno() >= 0:
        assert select.select([], [dialing.fileno()], [], 20)[1]
        assert not dialing.advance()
    return dialing.patience


def test_a_simulator_that_listens_late_is_reached(program, port, taken, opened):
    late = program(LATE, port)
    dialing = tcp(port, taken)
    assert dialing.awaited() == f"a connection to 127.0.0.1:{port}, which was not called yet"
    # Refused a few times first, with pauses that grow.
    pauses = [refused(dialing) for _ in range(8)]
    assert pauses == [0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.2, 0.2]
    assert dialing.awaited() == f"a connection to 127.0.0.1:{port}, where nobody listens"
    late.stdin.write(b"\n")
    late.stdin.flush()
    opened(dialing)
    assert taken[0].getpeername() == ("127.0.0.1", port)
    assert taken[0].getblocking() is False
    assert dialing.fileno() == -1


def test_a_pause_is_kept_whoever_asks_meanwhile(port, taken):
    dialing = tcp(port, taken)
    refused(dialing)
    dialing._due = time.monotonic() + 60
    calls = dialing._tries
    assert not dialing.advance()
    assert dialing._tries == calls
    assert 59 < dialing.patience <= 60


def test_a_call_that_meets_itself_is_no_connection(port, taken, monkeypatch):
    """The kernel gave the calling end the very port that is called: TCP connects it to itself."""
    dialing = tcp(port, taken)
    monkeypatch.setattr(Dialing, "_call", lambda dialing: _meets_itself(dialing, port))
    assert not dialing.advance()
    assert taken == []
    assert dialing.fileno() == -1
    assert dialing.awaited() == (
        f"a connection to 127.0.0.1:{port}, where nobody listens: the call came back to itself"
    )
    # The port is not kept from the simulator by what remains of such a connection.
    with socket.socket() as simulator:
        simulator.bind(("127.0.0.1", port))


def _meets_itself(dialing, port):
    dialing._socket = socket.socket()
    dialing._socket.bind(("127.0.0.1", port))
    dialing._socket.connect(("127.0.0.1", port))
    return 0


def test_all_addresses_of_a_name_are_tried(taken, opened):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        addresses = [(socket.AF_INET6, ("::1", port)), (socket.AF_INET, ("127.0.0.1", port))]
        opened(Dialing(addresses, f"localhost:{port}", taken.append))
        assert taken[0].getpeername() == ("127.0.0.1", port)


def test_a_path_that_appears_later_is_reached(tmp_path, taken, opened):
    path = str(tmp_path / "sim.sock")
    dialing = Dialing([(socket.AF_UNIX, path)], "sim.sock", taken.append)
    assert not dialing.advance()
    assert dialing.awaited() == "a connection to sim.sock, which is not there"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        refused(dialing)
        assert dialing.awaited() == "a connection to sim.sock, where nobody listens"
        listener.listen()
        opened(dialing)
    assert taken[0].family == socket.AF_UNIX


def test_a_path_that_takes_only_datagrams_is_told(tmp_path, taken):
    path = str(tmp_path / "sim.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(path)
        dialing = Dialing([(socket.AF_UNIX, path)], "sim.sock", taken.append)
        assert not dialing.advance()
    assert dialing.awaited() == "a connection to sim.sock, which takes no connections, only datagrams"


def _unreachable(dialing):
    dialing._socket = socket.socket()
    return errno.ENETUNREACH


def test_any_other_reason_is_told(port, taken, monkeypatch):
    dialing = tcp(port, taken)
    monkeypatch.setattr(Dialing, "_call", _unreachable)
    assert not dialing.advance()
    assert dialing.awaited().endswith(f"which cannot be reached: {os.strerror(errno.ENETUNREACH)}")


def test_giving_up_closes_the_call(taken):
    with socket.socket(socket.AF_INET) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        # Nobody takes these calls: the queue is full, and the last one hangs in the air.
        callers = [tcp(full.getsockname()[1], taken) for _ in range(4)]
        hanging = [caller for caller in callers if not caller.advance()]
        assert hanging
        assert hanging[-1].fileno() >= 0
        assert hanging[-1].awaited().endswith("which does not answer")
        for caller in hanging:
            caller.close()
            caller.close()
            assert caller.fileno() == -1


def test_no_descriptors_left(port, taken):
    failures = []

    def exhausted():
        try:
            tcp(port, taken).advance()
        except LimitReached as error:
            failures.append(error)

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        thread = threading.Thread(target=exhausted)
        thread.start()
        thread.join()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert str(failures[0]) == (
        "no more sockets can be opened\n  found: Too many open files\n"
        "  cure: close environments that are done, or raise `ulimit -n`"
    )

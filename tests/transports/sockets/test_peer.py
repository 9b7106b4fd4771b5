import dataclasses
import select
import socket
from time import monotonic

import pytest

from filebridge.transports.sockets.endpoint import Endpoint
from filebridge.transports.sockets.peer import Candidate, accepted, is_sender
from filebridge.transports.sockets.table import Sight

CALLER = """
import socket, sys
kind, *address = sys.argv[1:]
caller = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
caller.connect(address[0] if kind == "unix" else (address[0], int(address[1])))
sys.stdin.read()
"""
SENDER = """
import socket, sys
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.sendto(b"x", ("127.0.0.1", int(sys.argv[1])))
sys.stdin.read()
"""
TOKEN = "0123456789abcdef"


@pytest.fixture
def talk():
    """Give two connected ends, ours never blocking."""
    caller, ours = socket.socketpair()
    ours.setblocking(False)
    yield caller, ours
    caller.close()
    ours.close()


@pytest.fixture(params=["tcp", "unix"])
def listener(request, tmp_path):
    with socket.socket(socket.AF_INET if request.param == "tcp" else socket.AF_UNIX) as bound:
        bound.bind(("127.0.0.1", 0) if request.param == "tcp" else str(tmp_path / "s"))
        bound.listen()
        bound.settimeout(20)
        yield bound


def words(listener):
    name = listener.getsockname()
    return ("unix", name) if isinstance(name, str) else ("tcp", *name)


def looks(connection, endpoint):
    """Return the verdicts of two looks during which no process of the machine was just being loaded."""
    limit = monotonic() + 20
    while monotonic() < limit:
        candidate, sights, verdicts = Candidate(connection, endpoint), [], []
        for _ in range(2):
            sights.append(Sight(endpoint.run))
            verdicts.append(candidate.accepted(sights[-1]))
        if not any(sight.unsure for sight in sights):
            return verdicts
    raise AssertionError("some process is always just being loaded")


def test_a_process_of_the_run_is_let_in_and_no_other(listener, program, run_token):
    endpoint = Endpoint("tcp", run=run_token)
    for run, verdict in ((run_token, True), ("", None), (run_token + "1", None)):
        program(CALLER, *words(listener), run=run)
        connection, _ = listener.accept()
        with connection:
            assert accepted(connection, endpoint) is verdict
            assert looks(connection, endpoint) == ([True, True] if verdict else [None, False])


def test_this_process_is_no_simulator(listener, run_token):
    with socket.socket(listener.family) as caller:
        caller.connect(listener.getsockname())
        connection, _ = listener.accept()
        with connection:
            assert accepted(connection, Endpoint("tcp", run=run_token)) is None


def test_whoever_has_gone_is_nobody(run_token):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        caller = socket.create_connection(listener.getsockname())
        connection, _ = listener.accept()
        with connection:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            caller.close()
            assert select.select([connection], [], [], 20)[0]
            connection.setblocking(False)
            assert accepted(connection, Endpoint("tcp", run=run_token)) is False
            assert accepted(connection, Endpoint("tcp", peer="token", token=TOKEN)) is False


def test_anybody_is_let_in_where_that_is_said(talk):
    assert accepted(talk[1], Endpoint("tcp", peer="any")) is True


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_token_lets_in_and_takes_nothing_of_what_follows(talk, end):
    caller, ours = talk
    endpoint = Endpoint("tcp", peer="token", token=TOKEN)
    assert accepted(ours, endpoint) is None
    caller.send(TOKEN.encode())
    assert accepted(ours, endpoint) is None
    caller.send(end + b"\nfirst line\n")
    assert accepted(ours, endpoint) is True
    assert ours.recv(99) == b"\nfirst line\n"


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (b"\n", False),
        (TOKEN[:-1].encode() + b"\n", False),
        (TOKEN[:-1].encode() + b"F\n", False),
        (TOKEN.encode() + b" \n", False),
        (TOKEN.encode() + b"\r\r\n", False),
        (b"x" * 500, False),
        # As long as it could become one it tells nothing: it could be guessed byte by byte.
        (b"wrong", None),
        (TOKEN[:-1].encode(), None),
    ],
)
def test_another_line_does_not(talk, said, verdict):
    caller, ours = talk
    caller.send(said)
    endpoint = Endpoint("tcp", peer="token", token=TOKEN)
    assert accepted(ours, endpoint) is verdict
    assert Candidate(ours, endpoint).accepted(Sight("")) is verdict


def test_no_token_lets_nobody_in(talk):
    caller, ours = talk
    caller.send(b"\n")
    endpoint = Endpoint("tcp", peer="token")
    assert accepted(ours, endpoint) is False
    caller.close()
    assert accepted(ours, dataclasses.replace(endpoint, token=TOKEN)) is False


def test_the_sender_of_a_datagram_is_known(program, run_token):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        ours.settimeout(20)
        for run, known in ((run_token, True), ("", False)):
            program(SENDER, ours.getsockname()[1], run=run)
            _, address = ours.recvfrom(9)
            assert is_sender(address, Sight(run_token)) is known

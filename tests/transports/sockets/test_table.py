import os
import socket

import pytest

from filebridge.transports.sockets import diagnostics, table
from filebridge.transports.sockets.ports import Ports, Wanted
from filebridge.transports.sockets.table import Sight, far_end, holder, latest_pid, listening, listening_path, owner

HOLDER = """
import socket, sys
bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
bound.bind(("0.0.0.0", 0))
print(bound.getsockname()[1])
sys.stdin.read()
"""
PARENT = """
import os, sys
child = os.fork()
if child == 0:
    source = "import sys; print('up', flush=True); sys.stdin.read()"
    os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", source], {})
os.waitpid(child, 0)
"""


def inode(connection):
    return os.fstat(connection.fileno()).st_ino


@pytest.fixture(params=["asked", "looked up"])
def way(request, monkeypatch):
    """Find ends of connections by asking the kernel, or in its tables where it does not answer."""
    if request.param == "looked up":
        monkeypatch.setattr(table, "inode_of", lambda here, there: table.UNKNOWN)


@pytest.fixture
def listener():
    ports = Ports.take([Wanted("port", listens=frozenset(("tcp",)))])
    yield ports.bound["port", "tcp"]
    ports.close()


def test_the_other_end_of_a_connection_is_found(way, listener):
    with socket.create_connection(listener.getsockname()) as caller:
        accepted, _ = listener.accept()
        with accepted:
            assert far_end(accepted) == inode(caller)
            assert far_end(caller) == inode(accepted)
            caller.close()
            assert far_end(accepted) == 0


def test_a_caller_of_ipv6_that_speaks_ipv4_is_found(way, listener):
    number = listener.getsockname()[1]
    with socket.socket(socket.AF_INET6) as caller:
        caller.connect(("::ffff:127.0.0.1", number))
        accepted, _ = listener.accept()
        with accepted:
            assert far_end(accepted) == inode(caller)
            assert far_end(caller) == inode(accepted)


def test_ends_of_ipv6_are_found(way):
    ports = Ports.take([Wanted("port", "::1", frozenset(("tcp",)))])
    with socket.create_connection(("::1", ports.numbers["port"])) as caller:
        accepted, _ = ports.bound["port", "tcp"].accept()
        with accepted:
            assert far_end(accepted) == inode(caller)
    assert listening("tcp", "::1", ports.numbers["port"]) == [inode(ports.bound["port", "tcp"])]
    ports.close()


def test_who_listens_is_not_taken_for_who_is_connected(listener):
    address = listener.getsockname()
    assert diagnostics.inode_of(address, ("127.0.0.1", 1)) == 0
    assert diagnostics.inode_of(("127.0.0.1", 1), ("127.0.0.1", 2)) == 0


def test_a_kernel_that_does_not_answer_is_not_known_to(monkeypatch):
    monkeypatch.setattr(diagnostics, "_SOCK_DIAG", 255)
    assert diagnostics.inode_of(("127.0.0.1", 1), ("127.0.0.1", 2)) == diagnostics.UNKNOWN


def test_who_listens_is_found_on_the_address_and_on_all(listener, program):
    number = listener.getsockname()[1]
    assert listening("tcp", "127.0.0.1", number) == [inode(listener)]
    assert listening("udp", "127.0.0.1", number) == []
    assert owner([inode(listener)]) == f"this process (pid {os.getpid()})"
    other = program(HOLDER)
    found = listening("udp", "127.0.0.1", int(other.stdout.readline()))
    assert holder(found) == other.pid
    assert owner([]) == "a program that this user cannot see"


def test_paths_of_unix_sockets_are_found(tmp_path):
    path = str(tmp_path / "a b.sock")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(path)
        assert listening_path(path) == [inode(bound)]
    assert listening_path(path) == []


def test_the_processes_of_a_run_are_seen_and_what_they_hold(program, run_token):
    first = latest_pid()
    ours, other = program(HOLDER), program(HOLDER, run="")
    held = [listening("udp", "127.0.0.1", int(each.stdout.readline()))[0] for each in (ours, other)]
    for sight in (Sight(run_token), Sight(run_token, first)):
        assert sight.pids() == {ours.pid}
        assert [sight.holds(each) for each in held] == [True, False]
    assert Sight("").pids() == frozenset()
    assert Sight(run_token + "0").pids() == frozenset()


def test_a_descendant_without_the_environment_is_seen(program, run_token):
    parent = program(PARENT)
    assert parent.stdout.readline() == b"up\n"
    seen = Sight(run_token).pids()
    assert len(seen) == 2
    assert parent.pid in seen

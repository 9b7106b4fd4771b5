import os
import re
import socket
from pathlib import Path

import pytest

from filebridge.errors import EndpointInUse, LimitReached, StartError
from filebridge.transports.sockets import ports as module
from filebridge.transports.sockets.ports import Ports, Wanted, bound_at, check_free

LISTENER = """
import socket, sys
kind = socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM
with socket.socket(socket.AF_INET, kind) as bound:
    bound.bind(("127.0.0.1", 0))
    if sys.argv[1] == "tcp":
        bound.listen()
    print(bound.getsockname()[1])
    sys.stdin.read()
"""
TAKER = """
import sys
from filebridge.transports.sockets.ports import Ports, Wanted
ports = Ports.take([Wanted("port")])
print(ports.numbers["port"])
sys.stdin.read()
"""


@pytest.fixture
def take():
    taken = []

    def begin(*wanted):
        taken.append(Ports.take(wanted))
        return taken[-1]

    yield begin
    for ports in taken:
        ports.close()


def test_a_number_for_the_simulator_lies_below_those_of_callers_and_is_free_for_both_kinds(take):
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = take(Wanted("port"), Wanted("port2"), Wanted("port3"))
    numbers = list(ports.numbers.values())
    assert list(ports.numbers) == ["port", "port2", "port3"]
    assert len(set(numbers)) == 3
    assert ports.bound == {}
    for number in numbers:
        assert 1024 <= number < lowest
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as bound:
                bound.bind(("127.0.0.1", number))


def test_a_number_is_kept_from_every_other_filebridge_until_it_is_given_back(take, monkeypatch):
    number = take(Wanted("port")).numbers["port"]
    monkeypatch.setattr(module, "_candidates", lambda used: [number])
    with pytest.raises(LimitReached, match="no free port was found at 127"):
        Ports.take([Wanted("port")])


def test_a_number_of_ours_is_taken_again_once_it_was_given_back(monkeypatch):
    first = Ports.take([Wanted("port")])
    number = first.numbers["port"]
    first.close()
    first.close()
    monkeypatch.setattr(module, "_candidates", lambda used: [number])
    second = Ports.take([Wanted("port")])
    assert second.numbers == {"port": number}
    second.close()


def test_another_process_does_not_get_the_number_that_one_holds(program, monkeypatch):
    taker = program(f"import sys; sys.path.insert(0, {str(Path(module.__file__).parents[3])!r})\n{TAKER}")
    number = int(taker.stdout.readline())
    monkeypatch.setattr(module, "_candidates", lambda used: [number])
    with pytest.raises(LimitReached):
        Ports.take([Wanted("port")])
    taker.stdin.close()
    taker.wait()
    taken = Ports.take([Wanted("port")])
    assert taken.numbers["port"] == number
    taken.close()


def test_a_number_that_somebody_listens_on_is_passed_over(take, program, monkeypatch):
    for kind in ("tcp", "udp"):
        held = int(program(LISTENER, kind).stdout.readline())
        with_one = Ports.take([Wanted("port")])
        with_one.close()
        numbers = [held, with_one.numbers["port"]]
        monkeypatch.setattr(module, "_candidates", lambda used, numbers=numbers: numbers)
        assert take(Wanted("port")).numbers["port"] == numbers[1]
        monkeypatch.undo()


def test_numbers_of_ours_are_bound_and_listening(take):
    ports = take(Wanted("port", listens=frozenset(("tcp",))), Wanted("port2", listens=frozenset(("udp",))))
    assert set(ports.bound) == {("port", "tcp"), ("port2", "udp")}
    listener = ports.bound.pop(("port", "tcp"))
    assert listener.getblocking() is False
    with socket.create_connection(("127.0.0.1", ports.numbers["port"])):
        accepted, _ = listener.accept()
        accepted.close()
    ports.close()
    # What was handed over is not theirs any more.
    assert listener.getsockname()[1] == ports.numbers["port"]
    listener.close()
    assert ports.bound == {}


def test_one_number_serves_both_kinds(take):
    ports = take(Wanted("port", listens=frozenset(("tcp", "udp"))))
    assert {each.getsockname()[1] for each in ports.bound.values()} == {ports.numbers["port"]}
    assert {each.type for each in ports.bound.values()} == {socket.SOCK_STREAM, socket.SOCK_DGRAM}


def test_nothing_is_held_when_one_of_them_cannot_be_had():
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(StartError) as caught:
        Ports.take([Wanted("port"), Wanted("port2", "192.0.2.1", frozenset(("tcp",)))])
    assert str(caught.value) == (
        "nobody can listen at 192.0.2.1:0\n  found: Cannot assign requested address\n"
        "  cure: write an address of this machine, `127.0.0.1` say"
    )
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_whoever_has_a_fixed_port_is_named(program, kind):
    holder = program(LISTENER, kind)
    number = int(holder.stdout.readline())
    name = Path(f"/proc/{holder.pid}/comm").read_text().strip()
    for look in (lambda: bound_at(kind, "127.0.0.1", number), lambda: check_free("127.0.0.1", number, kind)):
        with pytest.raises(EndpointInUse) as caught:
            look()
        assert str(caught.value) == (
            f"port 127.0.0.1:{number} is taken\n  found: by {name} (pid {holder.pid})\n"
            "  cure: end it, or write `${port}` for a free one"
        )


def test_a_port_that_this_process_has_is_named_as_such(take):
    number = take(Wanted("port", listens=frozenset(("tcp",)))).numbers["port"]
    with pytest.raises(EndpointInUse, match=re.escape(f"by this process (pid {os.getpid()})")):
        bound_at("tcp", "127.0.0.1", number)


def test_a_fixed_port_is_bound_where_connections_of_before_fade_away(take):
    listener = take(Wanted("port", listens=frozenset(("tcp",)))).bound.pop(("port", "tcp"))
    where = listener.getsockname()
    with socket.create_connection(where):
        accepted, _ = listener.accept()
        accepted.close()  # closed here first: the port stays in TIME_WAIT
    listener.close()
    check_free(*where)
    bound_at("tcp", *where).close()


def test_a_port_that_is_free_is_free():
    free = Ports.take([Wanted("port")])
    check_free("127.0.0.1", free.numbers["port"])
    free.close()


def test_ipv6_is_bound_too():
    bound = bound_at("tcp", "::1", 0)
    with pytest.raises(EndpointInUse, match=re.escape(f"port [::1]:{bound.getsockname()[1]} is taken")):
        bound_at("tcp", "::1", bound.getsockname()[1])
    bound.close()


@pytest.mark.parametrize(
    ("spoken", "numbers"),
    [
        (b"32768\t60999\n", range(10240, 32768)),
        (b"10000 50000\n", range(50001, 65536)),
        (b"16000 65535\n", range(10240, 16000)),
        (b"5000 65535\n", range(1024, 5000)),
        (b"1024 65535\n", range(10240, 65536)),
        (None, range(10240, 32768)),
    ],
)
def test_numbers_are_tried_outside_of_those_of_callers_where_there_is_room(monkeypatch, spoken, numbers):
    monkeypatch.setattr(module.sweep, "_read", lambda path: spoken)
    tried = module._candidates([])
    assert len(set(tried)) == len(tried) == min(2048, len(numbers))
    assert set(tried) <= set(numbers)
    assert tried != sorted(tried)
    assert module._candidates([]) != tried

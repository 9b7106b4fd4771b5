from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from filebridge import guardian
from filebridge.errors import ActionError, StartError, TransportError
from filebridge.transports.sockets.datagram import DatagramSocket
from filebridge.transports.sockets.endpoint import Endpoint
from filebridge.transports.sockets.senders import Senders


def udp(host="127.0.0.1"):
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((host, 0))
    made.settimeout(10)
    return made


def address(bound):
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def connected(there, **more):
    return DatagramSocket(Endpoint("udp", connect=address(there), **more), "/")


def listening(**more):
    bound = udp()
    return DatagramSocket(Endpoint("udp", listen=address(bound), bound=bound, **more), "/")


def awaited(ours, milliseconds=10_000):
    """Return the next datagram, as the loop awaits it."""
    while True:
        data = ours.read()
        if data is not None:
            return data
        poller = select.poll()
        poller.register(ours.fileno(), select.POLLIN)
        assert poller.poll(milliseconds), "nothing came"


def sent(ours, data):
    assert ours.write(data) == len(data)


@pytest.fixture
def simulator():
    with udp() as there:
        yield there


@pytest.fixture
def run():
    """Return the token of a run, and what starts a program of it that sends a datagram and stays."""
    token, started = guardian.link_token(), []

    def start(code, **environment):
        program = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "FILEBRIDGE_RUN": token, **environment},
        )
        started.append(program)
        return program

    yield token, start
    for program in started:
        program.kill()
        program.communicate()


SPEAKS = """
    import socket, sys
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.sendto(b"hello", ("127.0.0.1", {port}))
    print("said", flush=True)
    while True:
        data, sender = made.recvfrom(100)
        made.sendto(b"heard " + data, sender)
"""


class TestConnected:
    def test_a_datagram_each_way(self, simulator):
        ours = connected(simulator)
        sent(ours, b"left\n")
        data, sender = simulator.recvfrom(100)
        assert data == b"left\n"
        assert ours.read() is None
        simulator.sendto(b"x=1 y=2", sender)
        assert awaited(ours) == b"x=1 y=2"
        ours.close()

    def test_each_read_is_one_datagram_of_any_bytes(self, simulator):
        ours = connected(simulator)
        assert ours.snapshots
        sent(ours, b"go")
        sender = simulator.recvfrom(100)[1]
        datagrams = [b"\0\n\xff", b"two", bytes(65507)]
        for data in datagrams:
            simulator.sendto(data, sender)
        assert [awaited(ours) for _ in datagrams] == datagrams
        ours.close()

    def test_an_empty_datagram_is_no_end(self, simulator):
        ours = connected(simulator)
        sent(ours, b"go")
        sender = simulator.recvfrom(100)[1]
        simulator.sendto(b"", sender)
        simulator.sendto(b"x", sender)
        assert awaited(ours) == b"x"
        assert ours.read() is None
        ours.close()

    def test_others_than_the_simulator_are_not_heard(self, simulator):
        ours = connected(simulator)
        sent(ours, b"go")
        sender = simulator.recvfrom(100)[1]
        with udp() as stranger:
            stranger.sendto(b"forged", sender)
        simulator.sendto(b"real", sender)
        assert awaited(ours) == b"real"
        assert ours.read() is None
        ours.close()

    def test_what_is_there_before_an_action_is_old(self, simulator):
        ours = connected(simulator)
        sent(ours, b"go")
        sender = simulator.recvfrom(100)[1]
        for _ in range(1000):
            simulator.sendto(b"old", sender)
        ours.expect()
        assert ours.read() is None
        simulator.sendto(b"new", sender)
        assert awaited(ours) == b"new"
        ours.close()

    def test_a_simulator_that_is_not_there_yet_loses_datagrams_and_nothing_else(self):
        there = udp()
        ours = connected(there)
        name = there.getsockname()
        there.close()
        for _ in range(5):
            sent(ours, b"lost")
            assert ours.read() is None
        assert ours.refusals > 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
            back.bind(name)
            back.settimeout(10)
            sent(ours, b"here")
            assert back.recv(100) == b"here"
        ours.close()

    def test_a_refusal_is_no_reply_and_no_error(self):
        there = udp()
        ours = connected(there)
        there.close()
        sent(ours, b"lost")
        ours.expect()
        assert (ours.read(), ours.refusals) == (None, 1)
        ours.close()

    def test_a_burst_waits_for_a_slow_reader(self, simulator):
        ours = connected(simulator)
        room = int(Path("/proc/sys/net/core/rmem_max").read_text())
        sent(ours, b"go")
        sender = simulator.recvfrom(100)[1]
        # The kernel counts 2304 bytes or less for each of these, and gives twice the room that it is asked for.
        count = min(2 * room, 8 << 20) // 2304 - 1
        for number in range(count):
            simulator.sendto(b"%0999d\n" % number, sender)
        assert [int(awaited(ours)) for _ in range(count)] == list(range(count))
        ours.close()

    def test_what_does_not_fit_is_the_callers_error(self, simulator):
        ours = connected(simulator)
        sent(ours, bytes(65507))
        with pytest.raises(ActionError) as caught:
            ours.write(bytes(65508))
        assert str(caught.value) == (
            "what is to be sent does not fit into a datagram\n  found: 65508 bytes\n"
            "  cure: send at most 65507 bytes at once, in several exchanges, or use `tcp`"
        )
        ours.close()

    def test_ipv6(self):
        with udp("::1") as there:
            ours = connected(there)
            sent(ours, b"go")
            data, sender = there.recvfrom(100)
            there.sendto(data + b"ne", sender)
            assert awaited(ours) == b"gone"
            ours.close()

    def test_closing_twice_is_harmless(self, simulator):
        ours = connected(simulator)
        assert ours.fileno() == ours.write_fileno() >= 0
        ours.end_input()
        assert ours.write_fileno() == -1
        ours.close()
        ours.close()
        assert ours.fileno() == -1
        with pytest.raises(TransportError, match="the socket was closed by us"):
            ours.read()

    def test_a_host_that_is_not_known(self):
        with pytest.raises(StartError, match=r"the host no\.\.host is not known"):
            DatagramSocket(Endpoint("udp", connect="no..host:5000"), "/")


class TestOpening:
    def test_it_waits_until_somebody_receives(self, simulator):
        name = simulator.getsockname()
        ours = connected(simulator)
        simulator.close()
        opening = ours.open()
        paces = []
        for _ in range(6):
            assert not opening.advance()
            paces.append(opening.patience)
        assert (opening.fileno(), opening.events) == (-1, 0)
        assert paces == [0.005, 0.01, 0.02, 0.04, 0.05, 0.05]
        assert opening.awaited() == (
            f"somebody who receives datagrams at 127.0.0.1:{name[1]}, where no program has bound a UDP socket"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
            back.bind(name)
            assert opening.advance()
            sent(ours, b"first")
            assert back.recv(100) == b"first"
        ours.close()

    @pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])
    def test_who_receives_everywhere_receives_there(self, simulator, everywhere):
        port = simulator.getsockname()[1]
        ours = connected(simulator)
        simulator.close()
        opening = ours.open()
        assert not opening.advance()
        with socket.socket(socket.AF_INET6 if ":" in everywhere else socket.AF_INET, socket.SOCK_DGRAM) as back:
            back.bind((everywhere, port))
            assert opening.advance()
        ours.close()

    def test_nothing_is_awaited_where_nothing_is_known(self):
        ours = DatagramSocket(Endpoint("udp", connect="192.0.2.1:9"), "/")
        assert ours.open() is None
        ours.close()
        ours = listening()
        assert ours.open() is None
        ours.close()


class TestListening:
    def test_who_was_heard_last_is_answered(self, simulator):
        ours = listening(peer="any")
        with udp() as other:
            for each in (simulator, other, simulator):
                each.sendto(b"hello", ("127.0.0.1", ours._socket.getsockname()[1]))
                assert awaited(ours) == b"hello"
                sent(ours, b"act")
                assert each.recv(100) == b"act"
        ours.close()

    def test_what_was_dropped_as_old_tells_whom_to_answer(self, simulator):
        ours = listening(peer="any")
        simulator.sendto(b"old", ours._socket.getsockname())
        ours.expect()
        sent(ours, b"act")
        assert simulator.recv(100) == b"act"
        ours.close()

    def test_with_connect_all_is_sent_there(self, simulator):
        bound = udp()
        ours = DatagramSocket(
            Endpoint("udp", connect=address(simulator), listen=address(bound), bound=bound, peer="any"), "/"
        )
        assert ours.open().advance()
        sent(ours, b"act")
        data, sender = simulator.recvfrom(100)
        assert (data, sender) == (b"act", bound.getsockname())
        with udp() as telemetry:
            telemetry.sendto(b"x=1", sender)
            assert awaited(ours) == b"x=1"
        sent(ours, b"act")
        assert simulator.recv(100) == b"act"
        ours.close()

    def test_nobody_heard_yet_is_an_error_with_a_cure(self):
        ours = listening()
        with pytest.raises(TransportError) as caught:
            ours.write(b"act")
        assert str(caught.value) == (
            "nobody is known to whom a datagram could be sent\n"
            "  found: none has come from the simulator so far\n"
            "  cure: await one first, with an exchange in `start:` that sends nothing, or say with `connect:` beside"
            " `listen:` where the simulator receives"
        )
        ours.close()

    def test_too_large_an_answer_is_the_callers_error(self, simulator):
        ours = listening(peer="any")
        simulator.sendto(b"hello", ours._socket.getsockname())
        assert awaited(ours) == b"hello"
        with pytest.raises(ActionError, match="65508 bytes"):
            ours.write(bytes(65508))
        ours.close()

    def test_what_we_started_is_heard_and_a_stranger_is_not(self, simulator, run):
        token, start = run
        ours = listening(run=token)
        simulator.sendto(b"forged", ours._socket.getsockname())
        assert ours.read() is None
        program = start(SPEAKS.format(port=ours._socket.getsockname()[1]))
        assert program.stdout.readline() == b"said\n"
        assert awaited(ours) == b"hello"
        simulator.sendto(b"forged", ours._socket.getsockname())
        sent(ours, b"left")
        assert awaited(ours) == b"heard left"
        simulator.sendto(b"forged", ours._socket.getsockname())
        assert ours.read() is None
        assert ours.strangers == 3
        assert ours.met() == "datagrams of strangers, not heard (peer: process): 3"
        ours.close()

    def test_what_carries_another_token_is_a_stranger(self, run):
        token, start = run
        ours = listening(run=token)
        program = start(SPEAKS.format(port=ours._socket.getsockname()[1]), FILEBRIDGE_RUN=guardian.link_token())
        assert program.stdout.readline() == b"said\n"
        assert ours.read() is None
        with pytest.raises(TransportError, match="so far, and 1 from strangers, who are not heard"):
            ours.write(b"act")
        ours.close()

    def test_addresses_of_two_kinds_do_not_meet(self):
        bound = udp()
        endpoint = Endpoint("udp", connect="[::1]:9", listen=address(bound), bound=bound)
        with pytest.raises(StartError, match="one is an address of IPv4, the other of IPv6"):
            DatagramSocket(endpoint, "/")
        bound.close()


class TestSenders:
    def test_a_sender_is_looked_up_once(self):
        looks = []
        senders = Senders("token", lambda sender, run: bool(looks.append((sender, run))) or True)
        assert senders.admits(("127.0.0.1", 5))
        assert senders.admits(("127.0.0.1", 5))
        assert looks == [(("127.0.0.1", 5), "token")]
        assert senders.strangers == 0

    def test_a_stranger_is_looked_up_again_after_a_while(self):
        looks, times = [], [1.0, 1.5, 2.5]
        senders = Senders("token", lambda sender, run: len(looks.append(0) or looks) > 1, lambda: times.pop(0))
        assert [senders.admits(("127.0.0.1", 5)) for _ in range(4)] == [False, False, True, True]
        assert (len(looks), senders.strangers) == (2, 2)

    def test_a_flood_of_ports_does_not_fill_the_memory(self):
        senders = Senders("token", lambda sender, run: sender[1] % 2 == 0)
        for port in range(65536):
            senders.admits(("127.0.0.1", port))
        assert len(senders._known) <= 4096
        assert len(senders._turned_away) <= 4096

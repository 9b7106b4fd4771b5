from __future__ import annotations

import os
import select
import time

import pytest

from filebridge.transports.base import Launch
from filebridge.transports.pipes import PipeTransport
from filebridge.transports.process import Exit, Process
from filebridge.transports.pty import PtyTransport
from filebridge.transports.stopping import stop

STUBBORN = "trap '' TERM INT HUP; echo up; while :; do read x < /dev/zero; done"


@pytest.fixture
def start(tmp_path):
    started = []

    def begin(script, kind=PipeTransport):
        launch = Launch(("sh", "-c", script), str(tmp_path), {"PATH": os.defpath})
        started.append(kind(launch))
        return started[-1]

    yield begin
    assert stop([transport.process for transport in started], 0, time.monotonic() + 5) == []
    for transport in started:
        transport.close()


def line(transport):
    got = b""
    while not got.endswith(b"\n"):
        assert select.select([transport.fileno()], [], [], 20)[0]
        got += transport.read() or b""
    return got.strip()


def stopped(*transports, grace=5.0):
    """Stop and return the exits; the deadline is far off, so that only a hang reaches it."""
    assert stop([transport.process for transport in transports], grace, time.monotonic() + 20) == []
    return [transport.process.exit() for transport in transports]


def test_a_polite_simulator_ends_on_its_own_terms(start):
    transport = start("trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done")
    line(transport)
    assert stopped(transport) == [Exit(7, None)]


@pytest.mark.parametrize("kind", [PipeTransport, PtyTransport])
def test_a_stubborn_simulator_is_killed_after_the_grace(start, kind):
    transport = start(STUBBORN, kind)
    line(transport)
    assert stopped(transport, grace=0.05) == [Exit(None, 9)]


def test_a_stopped_simulator_is_continued_so_that_it_can_obey(start):
    transport = start("trap 'exit 7' TERM; echo up; kill -STOP $$; sleep 600")
    line(transport)
    until = time.monotonic() + 20
    while transport.process.state() != "stopped by a signal":
        assert time.monotonic() < until
    assert stopped(transport) == [Exit(7, None)]


def test_a_simulator_that_is_blocked_in_a_write_is_ended(start):
    transport = start("trap '' TERM; exec yes")
    until = time.monotonic() + 20
    while "writing" not in transport.process.state():
        assert time.monotonic() < until
    assert stopped(transport, grace=0.05) == [Exit(None, 9)]


def test_what_a_dead_leader_left_in_its_group_is_killed(start):
    transport = start("(trap '' TERM; echo $(exec sh -c 'echo $PPID'); while :; do sleep 600; done) & sleep 600")
    grandchild = os.pidfd_open(int(line(transport)))
    transport.process.signal(9)
    assert stopped(transport) == [Exit(None, 9)]
    assert select.select([grandchild], [], [], 20)[0]
    os.close(grandchild)


def test_what_a_leader_left_is_killed_even_after_the_leader_was_reaped(start):
    transport = start("(trap '' TERM HUP; echo $(exec sh -c 'echo $PPID'); while :; do sleep 600; done) & wait")
    grandchild = os.pidfd_open(int(line(transport)))
    transport.process.signal(9)
    assert select.select([transport.process.pidfd], [], [], 20)[0]
    assert transport.process.exit() == Exit(None, 9)
    assert stopped(transport) == [Exit(None, 9)]
    assert select.select([grandchild], [], [], 20)[0]
    os.close(grandchild)


def test_many_stubborn_simulators_share_one_grace(start):
    many = [start(STUBBORN) for _ in range(12)]
    for transport in many:
        line(transport)
    before = time.monotonic()
    assert stopped(*many, grace=0.5) == [Exit(None, 9)] * 12
    assert time.monotonic() - before < 3.0


def test_a_quick_end_does_not_wait_for_the_grace(start):
    before = time.monotonic()
    assert stopped(start("sleep 600"), grace=15) == [Exit(None, 15)]
    assert time.monotonic() - before < 10


@pytest.mark.parametrize(("script", "end"), [("echo up; exec sleep 600", 15), (STUBBORN, 9)])
def test_without_pidfds_the_ends_are_noticed_too(start, monkeypatch, script, end):
    monkeypatch.delattr(os, "pidfd_open")
    transport = start(script)
    line(transport)
    assert transport.process.pidfd == -1
    assert stopped(transport, grace=0.2 if end == 9 else 15) == [Exit(None, end)]


def test_what_cannot_be_ended_is_returned_at_the_deadline(start):
    class Immortal(Process):
        def signal_group(self, number):
            sent.append(number)

    sent = []
    transport = start("sleep 600")
    immortal = Immortal(transport.process.pid)
    assert stop([immortal], 0.02, time.monotonic() + 0.05) == [immortal]
    assert sent == [15, 18, 9]
    os.close(immortal.pidfd)


def test_stopping_nothing_and_stopping_twice_are_harmless(start):
    transport = start("sleep 600")
    assert stop([], 1, time.monotonic()) == []
    assert stopped(transport) == stopped(transport)

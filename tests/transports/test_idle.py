"""The proof that a program on a terminal has read all keys and waits for the next: what gives it, and what must not."""

from __future__ import annotations

import os
import platform
import signal
import sys
import time

import pytest

from filebridge.transports.base import Launch, Terminal
from filebridge.transports.idle import keys_awaited
from filebridge.transports.pty import PtyTransport
from filebridge.transports.stopping import stop

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64") or not os.path.exists("/proc/self/syscall"),
    reason="the kernel does not tell what a process sleeps in",
)

READS = "while True: print(os.read(0, 1).decode(), flush=True)"


@pytest.fixture
def started(tmp_path):
    """Start Python code on a terminal, wait until it has said that it is ready; return the transport."""
    opened = []

    def start(code, raw=True):
        argv = (sys.executable, "-I", "-c", "import os, signal, threading, time\n" + code)
        launch = Launch(argv, str(tmp_path), dict(os.environ), terminal=Terminal(raw=raw))
        opened.append(PtyTransport(launch))
        return opened[-1]

    yield start
    for transport in opened:
        transport.process.signal_group(signal.SIGKILL)
    assert stop([transport.process for transport in opened], 0.1, time.monotonic() + 5) == []
    for transport in opened:
        transport.close()


def proven(transport, seconds=5.0):
    """Return whether the proof comes within this time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if transport.waits_for_keys():
            return True
    return False


@pytest.mark.parametrize("code", [
    READS, "if os.fork(): os.wait()\n" + READS, "signal.signal(signal.SIGTSTP, lambda *_: None)\n" + READS,
    "fd = os.open('/dev/tty', os.O_RDWR)\nwhile True: os.read(fd, 1)",
    "if not os.fork(): os._exit(0)\n" + READS,
], ids=["reads", "waits for a child", "catches a stop", "its own terminal", "has a dead child"])  # fmt: skip
def test_a_program_that_sleeps_in_a_read_of_its_terminal_waits_for_keys(started, code):
    assert proven(started(code))


@pytest.mark.parametrize("code", [
    "time.sleep(99)", "while True: pass", "import select; select.select([0], [], [])",
    "os.read(os.pipe()[0], 1)", "os.wait() if os.fork() else time.sleep(99)",
    "if not os.fork(): time.sleep(99)\n" + READS, "if not os.fork(): os.setsid(); time.sleep(5)\n" + READS,
    "threading.Thread(target=time.sleep, args=(99,)).start()\n" + READS,
    "signal.signal(signal.SIGALRM, lambda *_: None)\n" + READS,
    "import tty; m = tty.tcgetattr(0); m[6][tty.VTIME] = 200; tty.tcsetattr(0, 0, m)\n" + READS,
], ids=[
    "sleeps", "computes", "selects", "reads a pipe", "waits for a busy child", "has a helper", "has one elsewhere",
    "has a thread", "catches an alarm", "reads for a time",
])  # fmt: skip
def test_whatever_may_go_on_without_a_key_proves_nothing(started, code):
    assert not proven(started(code), 0.7)


def test_lines_prove_nothing(started):
    assert not proven(started(READS, raw=False), 0.7)


def test_a_key_that_is_not_read_is_seen(started):
    transport = started("time.sleep(0.5)\n" + READS)
    transport.write(b"k")
    assert proven(transport)
    assert transport.read() == b"k\n"


def test_a_program_that_has_ended_waits_for_nothing(started):
    transport = started("pass")
    assert not proven(transport, 0.7)
    transport.close()
    assert not keys_awaited(transport.fileno(), transport.process.pid)

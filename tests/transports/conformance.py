"""What every transport with a process must do: one suite, run by test_conformance.py over each of them.

A check takes ``start``, which starts a Python source as the simulator and returns the transport.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from filebridge.errors import TransportError
from filebridge.transports.base import Transport
from filebridge.transports.process import Exit
from filebridge.transports.stopping import stop

Start = Callable[[str], Transport]
PATIENCE = 30.0

ECHO = """
import os
while data := os.read(0, 65536):
    while data:
        data = data[os.write(1, data):]
"""


def descriptors() -> list[str]:
    """Return what this process has open, without the descriptor that lists it."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            found.append(f"{number} {os.readlink(f'/proc/self/fd/{number}')}")
        except FileNotFoundError:
            continue
    return sorted(found)


def added(before: list[str]) -> list[str]:
    """Return what is open and was not ``before``; the kernel takes its time to close an inotify descriptor."""
    until = time.monotonic() + PATIENCE
    while more := [descriptor for descriptor in descriptors() if descriptor not in before]:
        if time.monotonic() > until:
            break
    return more


@contextmanager
def ending(transport: Transport) -> Iterator[Transport]:
    """Stop the simulator at the end of the block, whatever happens in it."""
    try:
        yield transport
    finally:
        left = stop([transport.process], 0.1, time.monotonic() + 5)
        transport.close()
        assert left == []


def exchange(transport: Transport, data: bytes, enough: Callable[[bytearray], bool]) -> bytes:
    """Write and read, whichever is possible, until the output is enough or ends; stderr is drained beside it."""
    process, received, view = transport.process, bytearray(), memoryview(data)
    until = time.monotonic() + PATIENCE
    while not enough(received) or view:
        poller = select.poll()
        poller.register(transport.fileno(), select.POLLIN)
        if process.stderr_fd >= 0:
            poller.register(process.stderr_fd, select.POLLIN)
        if view:
            poller.register(transport.write_fileno(), select.POLLIN | select.POLLOUT)
        assert time.monotonic() < until, f"no end after {len(received)} bytes"
        poller.poll(1000)
        process.drain_stderr()
        if view:
            view = view[transport.write(bytes(view[:1_000_000])) :]
        chunk = transport.read()
        if chunk == b"":
            break
        received += chunk or b""
    return bytes(received)


def fill(transport: Transport) -> int:
    """Write until no more is accepted; return how many bytes that took."""
    return sum(iter(lambda: transport.write(bytes(1000)), 0))


def ended(transport: Transport) -> Exit:
    """Wait by the pidfd alone until the simulator has ended; return how."""
    poller = select.poll()
    poller.register(transport.process.pidfd, select.POLLIN)
    assert poller.poll(PATIENCE * 1000), transport.process.state()
    exit_ = transport.process.exit()
    assert exit_ is not None
    return exit_


def an_echo_comes_back(start: Start) -> None:
    with ending(start(ECHO)) as transport:
        assert transport.process.exit() is None
        for text in (b"first\n", b"second\n"):
            assert exchange(transport, text, lambda got, text=text: len(got) >= len(text)) == text
        assert transport.read() is None


def every_byte_passes(start: Start) -> None:
    data = bytes(range(256)) + b"\r\n\n\r\x00\x03\x04\x13\x1a\xff"
    with ending(start(ECHO)) as transport:
        assert exchange(transport, data, lambda got: len(got) >= len(data)) == data


def a_megabyte_goes_both_ways(start: Start) -> None:
    data = b"0123456789" * 100_000 + b"\n"
    with ending(start(ECHO)) as transport:
        assert exchange(transport, data, lambda got: len(got) >= len(data)) == data


def a_full_simulator_does_not_block_us(start: Start) -> None:
    with ending(start("import time; print('up', flush=True); time.sleep(600)")) as transport:
        exchange(transport, b"", lambda got: b"up\n" in got)
        assert 4096 < fill(transport) < 10_000_000


def the_end_of_the_input_is_seen(start: Start) -> None:
    source = "import sys; print('up', flush=True); print(len(sys.stdin.read()), flush=True)"
    with ending(start(source)) as transport:
        exchange(transport, b"abcde\n", lambda got: b"up\n" in got)
        transport.end_input()
        assert exchange(transport, b"", lambda got: b"\n" in got).strip() == b"6"
        assert ended(transport) == Exit(0, None)


def the_end_of_the_output_is_seen_after_all_of_it(start: Start) -> None:
    with ending(start("print('x' * 3000, end='', flush=True)")) as transport:
        assert exchange(transport, b"", lambda got: False) == b"x" * 3000
        assert transport.read() == b""
        assert transport.read() == b""


def death_is_seen(start: Start) -> None:
    with ending(start("import os; os.read(0, 1); os._exit(3)")) as transport:
        assert transport.process.exit() is None
        transport.write(b"x")
        assert ended(transport) == Exit(3, None)
        assert transport.process.exit() == Exit(3, None)
        assert transport.process.state() == "gone"


def death_by_a_signal_is_seen(start: Start) -> None:
    with ending(start("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")) as transport:
        assert str(ended(transport)) == "killed by SIGSEGV (signal 11)"


def a_write_after_death_is_an_error(start: Start) -> None:
    with ending(start("")) as transport:
        ended(transport)
        with pytest.raises(TransportError, match="the simulator takes no more input"):
            transport.write(b"too late\n")


def a_write_to_a_simulator_that_left_is_an_error(start: Start) -> None:
    with ending(start("import os, time; os.close(0); os.close(2); os.close(1); time.sleep(600)")) as transport:
        assert exchange(transport, b"", lambda got: False) == b""
        with pytest.raises(TransportError, match="the simulator takes no more input"):
            fill(transport)
        assert transport.process.exit() is None


def a_flood_on_stderr_is_drained(start: Start) -> None:
    source = "import os, sys; [os.write(2, b'e' * 10_000) for _ in range(1000)]; print('answer', flush=True)"
    with ending(start(source)) as transport:
        got = exchange(transport, b"", lambda got: got.endswith(b"answer\n"))
        merged = len(got) > 10_000_000
        assert merged or transport.process.stderr_tail() == b"e" * 8192


def a_reading_simulator_is_said_to_read(start: Start) -> None:
    with ending(start(ECHO)) as transport:
        exchange(transport, b"up", lambda got: len(got) == 2)
        until = time.monotonic() + PATIENCE
        while not transport.process.state().startswith("sleeping, reading its "):
            assert time.monotonic() < until, transport.process.state()


def closing_twice_is_harmless(start: Start) -> None:
    transport = start(ECHO)
    with ending(transport):
        pass
    transport.close()
    assert (transport.fileno(), transport.write_fileno(), transport.process.pidfd) == (-1, -1, -1)
    with pytest.raises(TransportError):
        transport.read()
    with pytest.raises(TransportError):
        transport.write(b"x")


def no_descriptor_is_left(start: Start) -> None:
    before = descriptors()
    for source in (ECHO, "", "import time; time.sleep(600)", "import sys; sys.stderr.write('e')"):
        with ending(start(source)):
            pass
    assert added(before) == []


def the_simulator_starts_clean(start: Start) -> None:
    source = """
import os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
open_files = sorted(int(name) for name in os.listdir("/proc/self/fd"))
# The C library keeps signals 32 and 33 to itself.
ignored, blocked = (int(status[name], 16) & ~(3 << 31) for name in ("SigIgn", "SigBlk"))
print(ignored, blocked, open_files, os.getpgrp() == os.getpid())
"""
    with ending(start(source)) as transport:
        # Python itself ignores two signals, SIGPIPE and SIGXFSZ, once it runs; 3 is the listing.
        assert exchange(transport, b"", lambda got: b"\n" in got).strip() == b"16781312 0 [0, 1, 2, 3] True"


SUITE = (
    an_echo_comes_back,
    every_byte_passes,
    a_megabyte_goes_both_ways,
    a_full_simulator_does_not_block_us,
    the_end_of_the_input_is_seen,
    the_end_of_the_output_is_seen_after_all_of_it,
    death_is_seen,
    death_by_a_signal_is_seen,
    a_write_after_death_is_an_error,
    a_write_to_a_simulator_that_left_is_an_error,
    a_flood_on_stderr_is_drained,
    a_reading_simulator_is_said_to_read,
    closing_twice_is_harmless,
    no_descriptor_is_left,
    the_simulator_starts_clean,
)

LEFT = (a_write_after_death_is_an_error, a_write_to_a_simulator_that_left_is_an_error)
"""What a way in does not show whose other end we hold too, so that the simulator may open it again."""

ENDED = (the_end_of_the_output_is_seen_after_all_of_it, a_write_to_a_simulator_that_left_is_an_error)
"""What a way back does not show that the simulator may open again."""


def opening(number: int, name: str, flags: str) -> str:
    """Return Python source that puts the file ``name``, opened with ``flags``, in the place of a standard stream."""
    return f"import os; fd = os.open({name!r}, {flags}); os.dup2(fd, {number}); os.close(fd); del fd\n"

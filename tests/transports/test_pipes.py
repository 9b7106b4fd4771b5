from __future__ import annotations

import os
import select
import sys
import time

import pytest

from filebridge.errors import TransportError
from filebridge.transports.base import Launch
from filebridge.transports.pipes import PipeTransport
from filebridge.transports.stopping import stop


@pytest.fixture
def start(tmp_path):
    started = []

    def begin(source, **more):
        argv = (sys.executable, "-I", "-S", "-u", "-c", source)
        started.append(PipeTransport(Launch(argv, str(tmp_path), {"PATH": os.defpath}, **more)))
        return started[-1]

    yield begin
    assert stop([transport.process for transport in started], 0.1, time.monotonic() + 5) == []
    for transport in started:
        transport.close()


def read_all(transport):
    got = b""
    while (chunk := read(transport)) != b"":
        got += chunk
    return got


def read(transport):
    assert select.select([transport.fileno()], [], [], 20)[0]
    return transport.read()


def test_stderr_is_kept_apart_from_stdout(start):
    transport = start("import sys; sys.stderr.write('why'); sys.stdout.write('what')")
    assert read_all(transport) == b"what"
    while transport.process.stderr_fd >= 0:
        assert select.select([transport.process.stderr_fd], [], [], 20)[0]
        transport.process.drain_stderr()
    assert transport.process.stderr_tail() == b"why"


def test_merged_stderr_arrives_in_its_place(start):
    transport = start("import os; os.write(1, b'a'); os.write(2, b'b'); os.write(1, b'c')", merge_stderr=True)
    assert transport.process.stderr_fd == -1
    assert read_all(transport) == b"abc"
    assert transport.process.stderr_tail() == b""


def test_draining_takes_what_is_there_and_does_not_wait(start):
    transport = start("import os, time; os.write(2, b'part'); time.sleep(600)")
    assert select.select([transport.process.stderr_fd], [], [], 20)[0]
    transport.process.drain_stderr()
    transport.process.drain_stderr()
    assert transport.process.stderr_tail() == b"part"
    assert transport.process.stderr_fd >= 0


def test_ended_input_can_be_ended_again_but_not_written(start):
    transport = start("import sys; print(sys.stdin.read())")
    assert transport.write(b"all") == 3
    transport.end_input()
    transport.end_input()
    assert transport.write_fileno() == -1
    with pytest.raises(TransportError, match="its stdin was ended by us"):
        transport.write(b"more")
    assert read_all(transport) == b"all\n"


def test_a_grandchild_that_keeps_stdout_hides_the_end_of_output_but_not_the_death(start):
    transport = start("import os, time; os.fork() == 0 and time.sleep(600)")
    assert select.select([transport.process.pidfd], [], [], 20)[0]
    assert str(transport.process.exit()) == "exit code 0"
    assert transport.read() is None


def test_lines_have_no_limit(start):
    assert start("").line_limit == 0

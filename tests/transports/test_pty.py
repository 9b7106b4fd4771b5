from __future__ import annotations

import os
import select
import sys
import termios
import time
from pathlib import Path

import pytest

from filebridge.errors import ExecFailed, SendBlocked, TransportError
from filebridge.transports.base import Launch, Terminal
from filebridge.transports.pty import PtyTransport
from filebridge.transports.stopping import stop

COOKED = Terminal(raw=False)
READER = """
import os
print("up")
while line := os.read(0, 100_000):
    print(len(line), line[:20])
print("end")
"""


@pytest.fixture
def start(tmp_path):
    started = []

    def begin(source, terminal=None):
        argv = (sys.executable, "-I", "-S", "-c", source)
        started.append(PtyTransport(Launch(argv, str(tmp_path), {"PATH": os.defpath}, terminal=terminal)))
        return started[-1]

    yield begin
    assert stop([transport.process for transport in started], 0.1, time.monotonic() + 5) == []
    for transport in started:
        transport.close()


def children():
    """Return the children of this process, zombies included, without taking their status."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == os.getpid():
            found.add(stat.parent.name)
    return found


def read_until(transport, end):
    got = b""
    while not got.endswith(end):
        assert select.select([transport.fileno()], [], [], 20)[0], got
        chunk = transport.read()
        assert chunk != b"", got
        got += chunk or b""
    return got


def test_the_simulator_sees_a_terminal_of_the_size_asked_for(start):
    source = "import os; print(os.isatty(0), os.isatty(1), os.isatty(2), *os.get_terminal_size(), os.ctermid())"
    transport = start(source, Terminal(rows=31, columns=97))
    assert read_until(transport, b"\n") == b"True True True 97 31 /dev/tty\n"
    assert transport.process.stderr_fd == -1


def test_a_raw_terminal_neither_echoes_nor_changes_lines(start):
    transport = start(READER)
    assert transport.line_limit == 0
    read_until(transport, b"up\n")
    assert not termios.tcgetattr(transport.fileno())[3] & (termios.ECHO | termios.ICANON | termios.ISIG)
    transport.write(b"\x03\x04\r\n")
    assert read_until(transport, b"\n") == b"4 b'\\x03\\x04\\r\\n'\n"


def test_a_cooked_terminal_collects_lines_up_to_its_limit_without_echo(start):
    transport = start(READER, COOKED)
    assert transport.line_limit == 4095
    read_until(transport, b"up\r\n")
    transport.write(b"x" * 4095)
    transport.write(b"\n")
    assert read_until(transport, b"\n") == b"4096 b'" + b"x" * 20 + b"'\r\n"
    transport.write(b"abX\x7fc\n")
    assert read_until(transport, b"\n") == b"4 b'abc\\n'\r\n"


def test_echo_is_shown_where_it_is_asked_for(start):
    transport = start(READER, Terminal(raw=False, echo=True))
    read_until(transport, b"up\r\n")
    transport.write(b"abc\n")
    assert read_until(transport, b"'\r\n") == b"abc\r\n4 b'abc\\n'\r\n"


@pytest.mark.parametrize("terminal", [Terminal(), COOKED], ids=["raw", "cooked"])
def test_the_end_of_the_input_comes_after_what_was_written(start, terminal):
    transport = start(READER, terminal)
    read_until(transport, b"up" + (b"\n" if terminal.raw else b"\r\n"))
    transport.write(b"last\n")
    transport.end_input()
    assert b"5 b'last\\n'" in read_until(transport, b"end" + (b"\n" if terminal.raw else b"\r\n"))
    assert select.select([transport.process.pidfd], [], [], 20)[0]
    assert str(transport.process.exit()) == "exit code 0"


def test_the_end_of_the_input_of_a_full_terminal_is_refused(start):
    transport = start("import time; print('up', flush=True); time.sleep(600)", COOKED)
    read_until(transport, b"up\r\n")
    with pytest.raises(SendBlocked, match="the end of the input cannot be sent"):
        _fill_and_end(transport)


def _fill_and_end(transport):
    # The kernel moves what was written on in the background, so "full" may need a few rounds.
    until = time.monotonic() + 20
    while time.monotonic() < until:
        while transport.write(b"line\n"):
            pass
        transport.end_input()


def test_the_end_of_the_input_of_a_closed_terminal_is_refused(start):
    transport = start("")
    stop([transport.process], 1, time.monotonic() + 5)
    transport.close()
    with pytest.raises(TransportError, match="the terminal is closed"):
        transport.end_input()


def test_modes_that_do_not_hold_stop_the_start(start, monkeypatch):
    before, born = os.listdir("/proc/self/fd"), children()
    monkeypatch.setattr(termios, "tcsetattr", lambda *args: None)
    with pytest.raises(ExecFailed, match="the terminal does not take the modes asked for"):
        start(READER)
    assert os.listdir("/proc/self/fd") == before
    assert children() == born


def test_a_path_with_blanks_and_no_arguments_is_one_path(tmp_path):
    program = tmp_path / "a b\\c" / "it's"
    program.parent.mkdir()
    program.symlink_to("/bin/pwd")
    transport = PtyTransport(Launch((str(program),), str(tmp_path), {}))
    assert read_until(transport, b"\n") == f"{tmp_path}\n".encode()
    assert stop([transport.process], 1, time.monotonic() + 5) == []
    transport.close()


def test_starting_imports_pexpect_and_nothing_before_that_does():
    source = (
        "import sys; from filebridge.transports.pty import PtyTransport; assert 'pexpect' not in sys.modules;"
        "PtyTransport.__init__; print('late')"
    )
    read_end, write_end = os.pipe()
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", source], os.environ, file_actions=[
        (os.POSIX_SPAWN_DUP2, write_end, 1)])  # fmt: skip
    os.close(write_end)
    with open(read_end, "rb") as output:
        assert output.read() == b"late\n"
    assert os.waitpid(pid, 0)[1] == 0

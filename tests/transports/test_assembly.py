"""A simulator that is told one way and answers another: files, FIFOs and what is left of the console."""

from __future__ import annotations

import errno
import importlib.util
import os
import select
import sys
import time
from pathlib import Path

import pytest

from filebridge import registry
from filebridge.errors import ConfigError, ConfigSecurityError, ExecFailed, LimitReached, PeerRejected, TransportError
from filebridge.transports import birth
from filebridge.transports.assembly import Assembly
from filebridge.transports.base import Launch, Limits, Results, Terminal, Ways
from filebridge.transports.outbox import Outbox
from filebridge.transports.process import Exit
from filebridge.transports.recording import Recorder
from filebridge.transports.transcript import Transcript, read_transcript

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).with_name("conformance.py"))
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)

SLEEP = "import time; time.sleep(600)"

POLLING = """
import os, time
seen = None
while True:
    try:
        with open("act.txt") as file:
            state, text = os.fstat(file.fileno()).st_ino, file.read()
    except FileNotFoundError:
        state = None
    if state not in (None, seen):
        seen = state
        with open("obs.tmp", "w") as file:
            file.write("obs of " + text)
        os.replace("obs.tmp", "obs.txt")
    time.sleep(0.001)
"""

LISTENING = """
import os, sys
for line in sys.stdin:
    with open("obs.tmp", "w") as file:
        file.write("obs of " + line)
    os.replace("obs.tmp", "obs.txt")
    print("done", line, end="", flush=True)
"""


@pytest.fixture
def start(tmp_path):
    def make(source, ways, **options):
        argv = (sys.executable, "-I", "-S", "-u", "-c", source)
        launch = Launch(argv, str(tmp_path), {"PATH": os.defpath}, ways=ways, **options)
        transport = registry.load("transports", "assembly")(launch)
        transport.outbox = Outbox(str(tmp_path))
        return transport

    return make


def files(*names, **options):
    return Results(names, written="renamed", **options)


def snapshot(transport):
    """Wait as the loop does until there is one."""
    until = time.monotonic() + conformance.PATIENCE
    while time.monotonic() < until:
        poller = select.poll()
        poller.register(transport.fileno(), select.POLLIN)
        announced = poller.poll(min(transport.patience, 1.0) * 1000)
        chunk = transport.read() if announced else transport.look()
        if chunk is not None:
            return chunk
    raise AssertionError(transport.process.state())


def tail(transport, enough):
    """Drain what is kept for diagnosis until it holds ``enough``."""
    until = time.monotonic() + conformance.PATIENCE
    while enough not in transport.process.stderr_tail() and time.monotonic() < until:
        select.select([transport.process.stderr_fd], [], [], 1)
        transport.process.drain_stderr()
    return transport.process.stderr_tail()


def test_a_simulator_that_polls_a_file_and_answers_in_one(start, tmp_path):
    (tmp_path / "obs.txt").write_text("stale")
    with conformance.ending(start(POLLING, Ways(results=files("obs.txt")))) as transport:
        assert transport.snapshots
        assert transport.write_fileno() == -1
        for step in range(20):
            assert transport.deliver([("act.txt", b"act %d\n" % step)], b"") == b""
            assert snapshot(transport) == b"obs of act %d\n" % step
            assert transport.read() is None


def test_what_goes_to_stdin_may_be_answered_in_a_file_and_stdout_is_kept_for_errors(start):
    with conformance.ending(start(LISTENING, Ways(results=files("obs.txt"), console=True))) as transport:
        for step in range(20):
            line = b"act %d\n" % step
            assert transport.write(line) == len(line)
            assert snapshot(transport) == b"obs of " + line
        assert b"done act 19\n" in tail(transport, b"done act 19\n")


def test_a_file_may_be_answered_on_stdout(start):
    source = POLLING.replace('os.replace("obs.tmp", "obs.txt")', 'print(open("obs.tmp").read(), end="", flush=True)')
    with conformance.ending(start(source, Ways(console=True))) as transport:
        assert not transport.snapshots
        for step in range(5):
            transport.deliver([("act.txt", b"act %d\n" % step)], b"")
            line = b"obs of act %d\n" % step
            assert conformance.exchange(transport, b"", lambda got: got.endswith(b"\n")) == line


def test_a_growing_file_is_a_stream(start):
    source = LISTENING.replace('"obs.tmp", "w"', '"log.txt", "a"').replace('os.replace("obs.tmp", "obs.txt")', "pass")
    ways = Ways(results=Results(("log.txt",), written="appended"), console=True)
    with conformance.ending(start(source, ways)) as transport:
        assert not transport.snapshots
        for step in range(5):
            transport.write(b"act %d\n" % step)
            assert snapshot(transport) == b"obs of act %d\n" % step


def test_a_file_and_a_line_make_one_command(start, tmp_path):
    source = LISTENING.replace('"obs of " + line', 'open("deck.inp").read() + line')
    with conformance.ending(start(source, Ways(results=files("obs.txt"), console=True))) as transport:
        for step in range(5):
            rest = transport.deliver([("deck.inp", b"deck %d\n" % step)], b"run\n")
            assert rest == b"run\n"
            assert transport.write(rest) == 4
            assert snapshot(transport) == b"deck %d\nrun\n" % step
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deck.inp", "obs.txt"]


class Watching:
    """Stands for the receiver of files, and notes when it is told that an action is about to be sent."""

    patience, final = 0.5, False

    def __init__(self):
        self.told = 0

    def expect(self):
        self.told += 1

    def fileno(self):
        return -1

    def read(self):
        return None

    def look(self):
        return b"final" if self.final else None

    def close(self):
        pass


@pytest.fixture
def watching(monkeypatch):
    receiver = Watching()
    monkeypatch.setattr("filebridge.transports.results.receiver.open_results", lambda directory, results: receiver)
    return receiver


def test_each_command_is_announced_once_to_what_watches_for_its_answer(start, watching, monkeypatch):
    with conformance.ending(start(SLEEP, Ways(results=files("obs.txt"), console=True))) as transport:
        transport.write(b"whole\n")
        assert watching.told == 1
        monkeypatch.setattr(transport, "_send", lambda data: min(len(data), 3))
        assert [transport.write(b"in pieces\n"), transport.write(b"pieces\n"), transport.write(b"s\n")] == [3, 3, 2]
        assert watching.told == 2
        transport.deliver([("a", b"1")], b"abc")
        assert watching.told == 3
        transport.write(b"abc")
        assert watching.told == 3
        transport.deliver([("a", b"1")], b"")
        assert watching.told == 4
        transport.write(b"abc")
        assert watching.told == 5


def test_what_watches_is_told_when_nobody_writes_any_more(start, watching):
    with conformance.ending(start("", Ways(results=files("obs.txt")))) as transport:
        assert transport.look() is None
        conformance.ended(transport)
        assert transport.look() == b"final"
        assert transport.patience == 0.5


def test_a_result_written_just_before_the_end_is_found(start):
    source = "open('obs.tmp', 'w').write('last'); import os; os.replace('obs.tmp', 'obs.txt')"
    with conformance.ending(start(source, Ways(results=files("obs.txt", watch="poll")))) as transport:
        assert conformance.ended(transport) == Exit(0, None)
        assert transport.look() == b"last"
        assert transport.look() is None


@pytest.mark.parametrize("ways", [Ways(results=files("obs.txt")), Ways("to", "from")])
def test_without_the_console_stdin_is_empty_and_stdout_is_drained(start, ways):
    source = f"import sys; print(repr(sys.stdin.read()), 'x' * 10_000_000, file=sys.stderr); print('done'); {SLEEP}"
    with conformance.ending(start(source, ways)) as transport:
        said = tail(transport, b"done\n")
        assert said.endswith(b"xx\ndone\n")
        assert len(said) == 8192
        assert transport.read() is None


def test_stderr_may_be_merged_only_where_stdout_is_the_way_back(start):
    source = "import sys; print('out', file=sys.stderr); print('done')"
    with conformance.ending(start(source, Ways("to", console=True), merge_stderr=True)) as transport:
        assert transport.process.stderr_fd == -1
        assert conformance.exchange(transport, b"", lambda got: False) == b"out\ndone\n"
    with conformance.ending(start(source, Ways("to", "from", console=True), merge_stderr=True)) as transport:
        assert tail(transport, b"done\n") == b"out\ndone\n"


def test_where_only_files_lead_to_it_nothing_can_be_sent(start):
    with conformance.ending(start(SLEEP, Ways(results=files("obs.txt")))) as transport:
        transport.end_input()
        with pytest.raises(TransportError) as caught:
            transport.write(b"x")
        assert str(caught.value) == (
            "nothing that was to be sent can reach the simulator\n"
            "  found: only files lead to it\n"
            "  cure: add `console: {}` or `fifo: {write: NAME}` under transport:, or `write:` a file instead of `send:`"
        )


def test_a_file_that_cannot_be_written_is_an_error_of_the_transport(start, tmp_path):
    (tmp_path / "act.txt").mkdir()
    ways = Ways(results=files("obs.txt"))
    with conformance.ending(start(SLEEP, ways)) as transport, pytest.raises(TransportError, match="be written"):
        transport.deliver([("act.txt", b"1")], b"")


def test_a_step_goes_straight_to_the_two_ways(start):
    with conformance.ending(start(SLEEP, Ways("to", "from"))) as transport:
        for name in ("write", "write_fileno"):
            assert getattr(transport, name).__self__ is transport._sender
        for name in ("read", "fileno"):
            assert getattr(transport, name).__self__ is transport._receiver


def test_the_simulator_has_its_limits(start):
    # A process gets its limits right after its start: it looks at them once it is told to.
    shown = "print([r.getrlimit(kind)[0] for kind in (r.RLIMIT_CORE, r.RLIMIT_NOFILE)])"
    source = f"import resource as r; open('to').readline(); {shown}"
    with conformance.ending(start(source, Ways("to", console=True), limits=Limits(files=33))) as transport:
        assert conformance.exchange(transport, b"look\n", lambda got: False) == b"[0, 33]\n"


def plant(tmp_path):
    (tmp_path / "from").write_text("")


@pytest.mark.parametrize(
    ("ways", "kind"),
    [
        (Ways("to", "from"), PeerRejected),
        (Ways("to", "../from"), ConfigSecurityError),
        (Ways("to", results=files("../obs.txt")), ConfigSecurityError),
        (Ways(console=True, results=files("from/obs.txt")), PeerRejected),
    ],
)
def test_a_way_that_cannot_be_made_leaves_nothing(start, tmp_path, ways, kind):
    plant(tmp_path)
    before = conformance.descriptors()
    with pytest.raises(kind):
        start(SLEEP, ways)
    assert [path.name for path in tmp_path.iterdir()] == ["from"]
    assert conformance.added(before) == []


def test_a_program_that_cannot_be_started_leaves_nothing(tmp_path, monkeypatch):
    before = conformance.descriptors()
    ways = Ways("to", "from")
    with pytest.raises(ExecFailed):
        Assembly(Launch(("./none",), str(tmp_path), {}, ways=ways))

    def refuse(*_args, **_options):
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(birth.subprocess, "Popen", refuse)
    with pytest.raises(LimitReached):
        Assembly(Launch((sys.executable,), str(tmp_path), {}, ways=ways))
    assert list(tmp_path.iterdir()) == []
    assert conformance.descriptors() == before


def test_a_terminal_is_refused(tmp_path):
    with pytest.raises(ConfigError) as caught:
        Assembly(Launch((sys.executable,), str(tmp_path), {}, terminal=Terminal(), ways=Ways("to", console=True)))
    assert str(caught.value) == (
        "a terminal cannot be combined with files or FIFOs\n"
        "  found: `terminal` beside `files` or `fifo`\n"
        "  cure: leave `terminal` out, or let everything go through the console"
    )


def test_nothing_of_it_is_left(start, tmp_path):
    before = conformance.descriptors()
    for ways in (Ways("to", "from"), Ways(results=files("out/obs.txt")), Ways("to", results=files("a", "b"))):
        with conformance.ending(start(SLEEP, ways)) as transport:
            transport.deliver([("act.txt", b"1")], b"")
        transport.close()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["act.txt", "out"]
    assert conformance.added(before) == []


def test_what_passes_is_recorded_with_the_files(start, tmp_path):
    inner = start(POLLING, Ways(results=files("obs.txt")))
    with conformance.ending(Recorder(inner, Transcript(tmp_path / "t"))) as transport:
        assert transport.snapshots
        transport.deliver([("act.txt", b"1\n")], b"")
        assert snapshot(transport) == b"obs of 1\n"
    said = [(record.direction, record.data) for record in read_transcript(tmp_path / "t")]
    assert said == [("sent", b"act.txt 2\n1\n"), ("received", b"obs of 1\n"), ("ended", b"signal 15")]

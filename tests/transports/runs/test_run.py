from __future__ import annotations

import math
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
import warnings

import pytest

from filebridge.errors import (
    ConfigError,
    ConfigSecurityError,
    ExecFailed,
    LimitReached,
    MessageTooLarge,
    PeerRejected,
    ProtocolError,
    TransportError,
)
from filebridge.parcel import unpack
from filebridge.transports.base import Launch, Results, Run, Ways
from filebridge.transports.outbox import Outbox
from filebridge.transports.runs import wakeup
from filebridge.transports.runs.run import RunTransport
from filebridge.transports.stopping import stop

LISTING = "tr a-z A-Z < in.deck > out.lst"


@pytest.fixture
def make(tmp_path):
    made = []

    def begin(script, *names, exit_ok=(0,), remembered=0, cap=1 << 20, **more):
        ways = Ways(results=Results(names, cap=cap)) if names or cap != 1 << 20 else None
        argv, run = ("/bin/sh", "-c", script), Run(exit_ok, remembered)
        launch = Launch(argv, str(tmp_path), {"PATH": os.defpath}, ways=ways, run=run, **more)
        transport = RunTransport(launch)
        transport.outbox = Outbox(str(tmp_path))
        made.append(transport)
        return transport

    yield begin
    assert stop([transport.process for transport in made], 0.1, time.monotonic() + 5) == []
    for transport in made:
        transport.close()
        transport.close()
        transport.outbox.close()


def await_end(transport, seconds=20.0):
    """Wait as the loop does; return the message, or None once the run has failed."""
    until = time.monotonic() + seconds
    waiter = select.poll()
    for descriptor in (transport.fileno(), transport.process.stderr_fd):
        waiter.register(descriptor, select.POLLIN)
    while time.monotonic() < until:
        if not waiter.poll(1000 * seconds):
            break
        transport.process.drain_stderr()
        message = transport.read()
        if message is not None or transport.process.exit() is not None:
            transport.process.drain_stderr()
            return message
    raise AssertionError("no end of the run was announced")


def run(transport, data=b"", **files):
    assert transport.deliver([(name.replace("_", "."), content) for name, content in files.items()], data) == b""
    return await_end(transport)


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "Z"


def wait_until(true):
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_the_deck_reaches_the_program_and_the_listing_comes_back(make):
    transport = make(LISTING, "out.lst")
    for deck in (b"first\n", b"second\n"):
        assert run(transport, in_deck=deck) == deck.upper()
        assert transport.process.exit() is None


def test_stdout_is_the_message_where_no_results_are_named(make):
    assert run(make("echo answer")) == b"answer\n"


def test_input_is_on_stdin_and_has_an_end(make):
    data = os.urandom(1 << 18)
    assert run(make("cat"), data) == data


def test_without_input_stdin_is_empty(make):
    assert run(make("cat; echo end")) == b"end\n"


def test_written_bytes_are_the_input_of_a_run(make):
    transport = make("cat")
    assert transport.write(b"told") == 4
    assert await_end(transport) == b"told"
    assert transport.write_fileno() == -1


def test_no_process_runs_before_and_between_the_runs(make):
    transport = make("echo $$")
    assert (transport.process.pid, transport.process.pidfd, transport.process.exit()) == (0, -1, None)
    first, second = run(transport), run(transport)
    assert first != second
    assert gone(int(first))
    assert (transport.process.pid, transport.process.pidfd, transport.process.exit()) == (0, -1, None)
    assert transport.process.state() == "not running, as between two runs"
    assert transport.read() is None
    assert transport.look() is None
    assert not select.select([transport.fileno()], [], [], 0)[0]


def test_signals_and_questions_go_to_the_run_under_way(make):
    transport = make("echo $$; kill -STOP $$")
    transport.deliver((), b"")
    wait_until(lambda: transport.process.state().startswith("stopped"))
    assert transport.process.pid > 0
    assert transport.process.exit() is None
    transport.process.signal(signal.SIGCONT)
    assert int(await_end(transport) or 0) > 0


def test_several_results_make_a_parcel(make):
    transport = make("echo 1 > a.txt; mkdir -p sub; : > sub/b.txt", "a.txt", "sub/b.txt")
    for _ in range(2):
        assert unpack(run(transport)) == {"a.txt": b"1\n", "sub/b.txt": b""}


def test_declared_exit_codes_are_no_failure(make):
    transport = make("echo done; exit 3", exit_ok=(0, 3))
    assert run(transport) == b"done\n"
    assert run(transport) == b"done\n"


def test_another_exit_code_is_told_and_gives_no_message(make, tmp_path):
    transport = make("echo half > out.lst; echo singular matrix >&2; exit 3", "out.lst")
    assert run(transport) is None
    assert str(transport.process.exit()) == "exit code 3"
    assert transport.process.stderr_tail() == b"singular matrix\n"
    assert (tmp_path / "out.lst").read_bytes() == b"half\n"


def test_a_failure_stays_announced_until_the_end(make):
    transport = make("exit 1")
    assert run(transport) is None
    assert select.select([transport.fileno()], [], [], 0)[0]
    assert transport.process.pidfd == -1
    assert transport.process.pid > 0
    assert transport.process.state() == "gone"
    assert transport.look() is None
    with pytest.raises(TransportError, match="while the last one has not ended"):
        transport.deliver((), b"")


def test_a_signal_is_a_failure(make):
    transport = make("kill -SEGV $$", exit_ok=(0, 11, 139))
    assert run(transport) is None
    assert str(transport.process.exit()) == "killed by SIGSEGV (signal 11)"


def test_a_signal_that_is_allowed_is_no_failure(make):
    transport = make("echo done; kill -SEGV $$", exit_ok=(0, -signal.SIGSEGV))
    assert run(transport) == b"done\n"
    assert run(transport) == b"done\n"
    assert transport.process.exit() is None


def test_an_old_result_is_never_taken(make, tmp_path):
    (tmp_path / "out.lst").write_text("of yesterday")
    transport = make("test ! -e out.lst || echo seen; test -e stay && exit; echo new > out.lst", "out.lst")
    assert run(transport) == b"new\n"
    (tmp_path / "stay").touch()
    with pytest.raises(ProtocolError) as caught:
        run(transport)
    assert caught.value.what == "the run ended well but wrote no out.lst"
    assert "files: {read: ...}" in caught.value.cure
    assert transport.process.exit() is None


def test_a_result_in_a_folder_that_was_not_made_is_missing(make):
    with pytest.raises(ProtocolError, match=r"wrote no sub/out\.lst"):
        run(make("true", "sub/out.lst"))


def test_an_old_result_that_cannot_be_removed_is_an_error(make, tmp_path):
    (tmp_path / "out.lst").mkdir()
    with pytest.raises(TransportError, match=r"the old out\.lst cannot be removed"):
        run(make("true", "out.lst"))


def test_no_output_at_all_is_an_error(make):
    with pytest.raises(ProtocolError, match="ended well but wrote nothing to its stdout"):
        run(make("true"))
    with pytest.raises(ProtocolError, match=r"ended well but wrote nothing to out\.lst"):
        run(make(": > out.lst", "out.lst"))


def test_a_link_in_place_of_a_result_is_not_followed(make, tmp_path):
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(PeerRejected):
        run(make("ln -s secret out.lst", "out.lst"))


def test_a_link_on_the_way_to_a_result_is_not_followed(make, tmp_path):
    (tmp_path / "sub").symlink_to("/")
    with pytest.raises(PeerRejected, match="sub on the way to sub/out"):
        make("true", "sub/out.lst")


@pytest.mark.parametrize("name", ["../out.lst", "/etc/passwd", "a/../b", "", ".."])
def test_results_outside_the_folder_are_refused(make, name):
    with pytest.raises(ConfigSecurityError):
        make("true", name)


def test_numbered_results_are_refused(make):
    with pytest.raises(ConfigError, match="numbered results, out/"):
        make("true", "out/*.txt")


def test_a_result_that_is_too_large_is_not_read(make):
    with pytest.raises(MessageTooLarge, match=r"out\.lst is larger"):
        run(make("dd if=/dev/zero of=out.lst bs=1 count=1 seek=9999999999 2>&1", "out.lst"))


def test_output_that_is_too_large_is_refused_while_it_comes(make):
    with pytest.raises(MessageTooLarge, match="output of the run is larger"):
        run(make("yes"))


def test_the_limit_on_output_can_be_another(make):
    with pytest.raises(MessageTooLarge, match=r"larger(.|\n)*more than 10 bytes"):
        run(make("echo 12345678901", cap=10))


def test_much_on_stderr_and_stdout_blocks_nobody(make):
    loud = "i=0; while [ $i -lt 300 ]; do printf %01024d 7 >&2; printf %01024d 8; i=$((i+1)); done"
    assert run(make(loud)) == (b"%01024d" % 8) * 300
    assert run(make(loud + "; echo fine > out.lst", "out.lst")) == b"fine\n"


def test_stderr_is_that_of_the_last_run(make):
    transport = make("cat >&2; echo x")
    assert run(transport, b"first") == b"x\n"
    assert run(transport, b"second") == b"x\n"
    assert transport.process.stderr_tail() == b"second"


def test_merged_stderr_stands_in_the_message(make):
    assert run(make("echo a; echo b >&2; echo c", merge_stderr=True)) == b"a\nb\nc\n"


def test_what_a_run_leaves_running_is_ended_with_it(make):
    transport = make("sleep 600 & echo $!")
    child = int(run(transport))
    wait_until(lambda: gone(child))


def test_a_run_that_never_ends_can_be_stopped(make):
    transport = make("echo on; exec sleep 600")
    transport.deliver((), b"")
    pid = transport.process.pid
    assert stop([transport.process], 5.0, time.monotonic() + 10) == []
    assert gone(pid)
    assert str(transport.process.exit()) == "killed by SIGTERM (signal 15)"
    assert transport.read() is None


def test_a_run_that_is_told_to_end_does_not_go_on_well(make):
    transport = make("trap 'exit 0' TERM; echo on >&2; while :; do sleep 0.01; done")
    transport.deliver((), b"")
    assert select.select([transport.process.stderr_fd], [], [], 20)[0]
    assert stop([transport.process], 5.0, time.monotonic() + 10) == []
    assert str(transport.process.exit()) == "exit code 0"


def test_what_does_not_end_is_killed(make):
    transport = make("trap '' TERM; echo on >&2; while :; do sleep 0.01; done")
    transport.deliver((), b"")
    assert select.select([transport.process.stderr_fd], [], [], 20)[0]
    assert stop([transport.process], 0.01, time.monotonic() + 10) == []
    assert str(transport.process.exit()) == "killed by SIGKILL (signal 9)"


def test_between_two_runs_it_ends_at_once(make):
    transport = make("echo x")
    assert run(transport) == b"x\n"
    assert stop([transport.process], 0.0, time.monotonic() + 10) == []
    assert transport.process.exit() is not None


def test_a_run_that_does_not_wait_for_the_last_one_is_refused(make):
    transport = make("sleep 600")
    transport.deliver((), b"")
    with pytest.raises(TransportError, match="while the last one has not ended"):
        transport.deliver((), b"")


def test_an_equal_input_is_not_run_again(make, tmp_path):
    transport = make("echo >> runs; cat in.deck - > out.lst", "out.lst", remembered=2)
    runs = tmp_path / "runs"
    assert run(transport, b"1", in_deck=b"a") == b"a1"
    assert run(transport, b"1", in_deck=b"a") == b"a1"
    assert len(runs.read_bytes()) == 1
    assert transport.read() is None
    assert not select.select([transport.fileno()], [], [], 0)[0]
    assert run(transport, b"2", in_deck=b"a") == b"a2"
    assert run(transport, b"", in_deck=b"a1") == b"a1"
    assert len(runs.read_bytes()) == 3
    assert run(transport, b"1", in_deck=b"a") == b"a1"
    assert len(runs.read_bytes()) == 4, "the oldest of three was not forgotten"


def test_failures_are_not_remembered(make, tmp_path):
    transport = make("echo >> runs; exit 0", "out.lst", remembered=9)
    for _ in range(2):
        with pytest.raises(ProtocolError):
            run(transport)
    assert len((tmp_path / "runs").read_bytes()) == 2


def test_a_missing_program_is_found_out_at_once(tmp_path):
    with pytest.raises(ExecFailed):
        RunTransport(Launch(("/no/such/program",), str(tmp_path), {}, run=Run()))


def test_a_lack_of_descriptors_is_told_and_leaves_nothing(make):
    transport = make("cat")
    spare = len(os.listdir("/proc/self/fd"))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    refused = []
    while not transport.process.busy:
        resource.setrlimit(resource.RLIMIT_NOFILE, (spare - 1 + len(refused), before[1]))
        try:
            transport.deliver((), b"x")
        except LimitReached as error:
            refused.append(error.what.partition("started: ")[2])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert transport.process.busy or len(os.listdir("/proc/self/fd")) == spare
    assert len(refused) > 3
    assert set(refused) == {"this process may open no more files"}
    assert await_end(transport) == b"x"


def test_a_program_that_vanishes_is_told(tmp_path):
    program = tmp_path / "solver"
    program.write_text("#!/bin/sh\necho x\n")
    program.chmod(0o700)
    transport = RunTransport(Launch((str(program),), str(tmp_path), {}, run=Run()))
    program.unlink()
    with pytest.raises(ExecFailed):
        transport.deliver((), b"")
    transport.close()


def test_the_number_of_descriptors_stays_the_same(make, tmp_path):
    transports = [make("echo x; echo y > sub/out.lst", "sub/out.lst"), make("cat; echo y >&2", remembered=5)]
    (tmp_path / "sub").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    for number in range(100):
        assert [run(transport, b"%d" % number) for transport in transports] == [b"y\n", b"%d" % number]
        assert len(os.listdir("/proc/self/fd")) == before


def test_nothing_stays_open_after_a_start_that_failed(tmp_path):
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        with pytest.raises(ConfigSecurityError):
            RunTransport(Launch(("/bin/true",), str(tmp_path), {}, ways=Ways(results=Results(("../x",))), run=Run()))
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_runs_of_several_threads_do_not_disturb_one_another(make):
    transports = [make(f"cat; echo {number}") for number in range(4)]
    wrong = []

    def work(number):
        for turn in range(15):
            expected = b"%d %d\n" % (turn, number)
            if run(transports[number], b"%d " % turn) != expected:
                wrong.append((number, turn))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []


def test_a_blocked_signal_of_the_trainer_is_not_blocked_in_a_run(make):
    transport = make("kill -USR1 $$; echo lived")
    old = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    try:
        transport.deliver((), b"")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
    assert await_end(transport) is None
    assert str(transport.process.exit()) == "killed by SIGUSR1 (signal 10)"


def test_closing_in_a_forked_process_leaves_the_run_alone(make):
    transport = make("kill -STOP $$; echo x")
    transport.deliver((), b"")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        transport.close()
        os._exit(0)
    os.waitpid(child, 0)
    wait_until(lambda: transport.process.state().startswith("stopped"))
    transport.process.signal(signal.SIGCONT)
    assert await_end(transport) == b"x\n"


ON_A_TERMINAL = """
import os, select
from filebridge.transports.base import Launch, Run
from filebridge.transports.runs.run import RunTransport

master, slave = os.openpty()
terminal = os.open(os.ttyname(slave), os.O_RDWR)
os.close(os.open("/dev/tty", os.O_RDWR))
argv = ("/bin/sh", "-c", "(: < /dev/tty) 2> /dev/null && echo seen || echo apart")
transport = RunTransport(Launch(argv, "/", {}, run=Run()))
transport.deliver((), b"")
while (message := transport.read()) is None:
    select.select([transport.fileno()], [], [])
print(message.decode(), end="")
transport.close()
"""


def test_a_run_does_not_see_the_terminal_of_the_trainer():
    argv = [sys.executable, "-c", ON_A_TERMINAL]
    found = subprocess.run(argv, start_new_session=True, capture_output=True, text=True)
    assert (found.stdout, found.stderr) == ("apart\n", "")


def test_a_run_leads_a_group_of_its_own(make):
    transport = make("sleep 600")
    transport.deliver((), b"")
    assert os.getpgid(transport.process.pid) == transport.process.pid


def test_every_end_is_announced_where_the_system_can(make):
    transport = make("true")
    assert transport.patience == math.inf
    assert transport.snapshots


@pytest.mark.parametrize("lacking", [(os, "pidfd_open"), (select, "epoll"), (os, "memfd_create")])
def test_a_poorer_system_is_looked_at_now_and_then(make, monkeypatch, lacking):
    monkeypatch.delattr(*lacking)
    monkeypatch.setattr(wakeup, "_EPOLL", getattr(select, "epoll", None))
    transport = make("cat; sleep 600 & echo $! >&2; exit 3", exit_ok=(3,), remembered=1)
    assert transport.patience == (math.inf if lacking[1] == "memfd_create" else 0.002)
    for _ in range(2):
        transport.deliver((), b"told")
        wait_until(lambda: transport.process.drain_stderr() or not transport.process.busy or transport.process.over())
        assert transport.look() == b"told"
    wait_until(lambda: gone(int(transport.process.stderr_tail())))
    transport.deliver((), b"new")
    assert stop([transport.process], 1.0, time.monotonic() + 10) == []

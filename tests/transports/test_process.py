from __future__ import annotations

import os
import resource
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from filebridge.errors import ExecFailed, LimitReached, StartError
from filebridge.transports import process as module
from filebridge.transports.base import Launch, Limits
from filebridge.transports.pipes import PipeTransport
from filebridge.transports.process import Exit, Process, exec_path
from filebridge.transports.pty import PtyTransport

PYTHON = (sys.executable, "-I", "-S", "-u", "-c")
KINDS = pytest.mark.parametrize("kind", [PipeTransport, PtyTransport])


def launch(argv, tmp_path, environment=None, **more):
    return Launch(tuple(argv), str(tmp_path), {"PATH": os.defpath} if environment is None else environment, **more)


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


def output(transport):
    got = b""
    while chunk := _wait(transport):
        got += chunk
    return got.decode()


def _wait(transport):
    poller = select.poll()
    poller.register(transport.fileno(), select.POLLIN)
    assert poller.poll(20_000)
    return transport.read()


def finish(process):
    process.signal_group(signal.SIGKILL)
    poller = select.poll()
    poller.register(process.pidfd if process.pidfd >= 0 else os.pidfd_open(process.pid), select.POLLIN)
    assert poller.poll(20_000)
    return process.exit()


@pytest.fixture
def sleeper(tmp_path):
    transport = PipeTransport(launch(["sleep", "600"], tmp_path))
    yield transport.process
    finish(transport.process)
    transport.close()


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (Exit(0, None), "exit code 0"),
        (Exit(3, None), "exit code 3"),
        (Exit(None, 11), "killed by SIGSEGV (signal 11)"),
        (Exit(None, 63), "killed by signal 63"),
        (Exit(None, None), "ended, exit status unknown (another part of this program took it)"),
    ],
)
def test_exit_reads_as_plain_english(end, text):
    assert str(end) == text


def test_program_is_found_in_search_before_path_and_links_are_kept(tmp_path):
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "sim").symlink_to("/bin/sh")
    path = {"PATH": f"{tmp_path}/second"}
    assert exec_path(launch(["sim"], tmp_path, path)) == f"{tmp_path}/second/sim"
    assert exec_path(launch(["sim"], tmp_path, path, search=(f"{tmp_path}/first",))) == f"{tmp_path}/first/sim"
    assert exec_path(launch(["first/sim"], tmp_path, path)) == f"{tmp_path}/first/sim"
    assert exec_path(launch(["/bin/sh"], tmp_path, {})) == "/bin/sh"


def test_relative_folders_of_path_are_not_searched(tmp_path):
    (tmp_path / "sim").symlink_to("/bin/sh")
    with pytest.raises(ExecFailed):
        exec_path(launch(["sim"], tmp_path, {"PATH": ".::"}))


def test_a_file_that_cannot_be_executed_is_passed_over_for_one_that_can(tmp_path):
    (tmp_path / "cat").touch()
    found = exec_path(launch(["cat"], tmp_path, {"PATH": os.defpath}, search=(str(tmp_path),)))
    assert found != f"{tmp_path}/cat"


@KINDS
def test_missing_program_says_where_it_was_looked_for_and_how_to_install_it(kind, tmp_path):
    path = {"PATH": "/usr/bin:/bin"}
    wanted = launch(["wump-x"], tmp_path, path, search=("/usr/games",), install="apt install games")
    with pytest.raises(ExecFailed) as caught:
        kind(wanted)
    assert str(caught.value) == (
        "wump-x cannot be started: No such file or directory\n"
        "  found: no wump-x in /usr/games, /usr/bin, /bin\n"
        "  cure: install with: apt install games"
    )


@pytest.mark.parametrize(
    ("mode", "content", "text"),
    [
        (
            0o000,
            "#!/bin/sh\n",
            "Permission denied\n  found: a file that this user may not execute\n  cure: chmod +x {path}",
        ),
        (
            0o755,
            "just text\n",
            "Exec format error\n  found: neither a binary of this machine nor a script\n"
            "  cure: begin a script with a line such as #!/bin/sh, or name its interpreter first in the command",
        ),
        (
            0o755,
            "#!/no/such/interpreter -x\n",
            "No such file or directory\n  found: its first line asks for /no/such/interpreter -x\n"
            "  cure: install what is missing",
        ),
    ],
)
@KINDS
def test_unusable_file_is_explained_and_nothing_is_left(kind, mode, content, text, tmp_path):
    path = tmp_path / "sim"
    path.write_text(content)
    path.chmod(mode)
    before, born = os.listdir("/proc/self/fd"), children()
    with pytest.raises(ExecFailed) as caught:
        kind(launch([str(path)], tmp_path))
    assert str(caught.value) == f"{path} cannot be started: {text.format(path=path)}"
    assert os.listdir("/proc/self/fd") == before
    assert children() == born


def test_a_folder_is_no_program(tmp_path):
    with pytest.raises(ExecFailed, match="Is a directory"):
        exec_path(launch([str(tmp_path)], tmp_path))


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(StartError, match=f"the simulator cannot be started in {tmp_path}/gone"):
        PipeTransport(launch(["cat"], tmp_path / "gone"))


@pytest.mark.parametrize("bad", [{"A\0": "x"}, {"A": "\0"}, {"": "x"}, {"A=B": "x"}])
@KINDS
def test_environment_that_no_exec_takes_is_refused(kind, bad, tmp_path):
    with pytest.raises(ExecFailed):
        kind(launch(["/bin/cat"], tmp_path, bad))


@KINDS
def test_too_long_a_command_is_explained(kind, tmp_path):
    with pytest.raises(ExecFailed, match=r"(?s)Argument list too long.*put long data in a file"):
        kind(launch(["cat", "x" * 1_000_000], tmp_path))


@KINDS
def test_running_out_of_descriptors_at_any_point_leaks_none(kind, tmp_path):
    first = kind(launch(["true"], tmp_path))
    finish(first.process)
    first.close()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    before, told, transport = os.listdir("/proc/self/fd"), [], None
    for spare in range(30):
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + spare, hard))
        try:
            transport = kind(launch(["cat"], tmp_path))
        except LimitReached as error:
            told.append(error.what)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        if transport is not None:
            break
        assert os.listdir("/proc/self/fd") == before
    assert len(told) > 3
    assert {what.partition(": ")[2] for what in told} == {"this process may open no more files"}
    finish(transport.process)
    transport.close()
    assert os.listdir("/proc/self/fd") == before


def test_no_more_processes_is_a_limit_on_pipes(tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", _refused)
    with pytest.raises(LimitReached, match=r"(?s)no more processes can be started.*pids.max"):
        PipeTransport(launch(["cat"], tmp_path))


def test_no_more_processes_is_a_limit_on_a_terminal_and_leaks_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "forkpty", _refused)
    monkeypatch.setattr(os, "fork", _refused)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(LimitReached, match=r"(?s)no more processes can be started.*pids.max"):
        PtyTransport(launch(["cat"], tmp_path))
    assert os.listdir("/proc/self/fd") == before


def test_no_more_terminals_is_a_limit(tmp_path, monkeypatch):
    def nothing_left():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "forkpty", nothing_left)
    monkeypatch.setattr(os, "openpty", nothing_left)
    with pytest.raises(LimitReached, match=r"(?s)there are no pseudo-terminals left.*kernel.pty.max"):
        PtyTransport(launch(["cat"], tmp_path))


def _refused(*args, **options):
    raise BlockingIOError(11, "Resource temporarily unavailable")


@KINDS
def test_environment_is_complete(kind, tmp_path):
    transport = kind(launch(["env"], tmp_path, {"PATH": os.defpath, "ONLY": "this"}))
    assert output(transport).splitlines() == [f"PATH={os.defpath}", "ONLY=this"]
    finish(transport.process)
    transport.close()


@KINDS
def test_ignored_and_blocked_signals_of_the_trainer_are_not_inherited(kind, tmp_path):
    old = signal.signal(signal.SIGINT, signal.SIG_IGN), signal.signal(signal.SIGHUP, signal.SIG_IGN)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        transport = kind(launch(["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"], tmp_path))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, old[0])
        signal.signal(signal.SIGHUP, old[1])
    # The C library keeps signals 32 and 33 to itself.
    assert [int(mask, 16) & ~(3 << 31) for mask in output(transport).split()[1::2]] == [0, 0]
    finish(transport.process)
    transport.close()


@KINDS
def test_limits_hold(kind, tmp_path):
    limits = Limits(memory=1 << 30, cpu=7, files=33, file_size=4096, processes=77)
    transport = kind(launch(["sleep", "600"], tmp_path, limits=limits))
    expected = {"core": 0, "memory": 1 << 30, "cpu": 7, "files": 33, "size": 4096, "tasks": 77}
    hard = {**expected, "cpu": 8}
    assert _limits_of(transport.process.pid) == {name: (value, hard[name]) for name, value in expected.items()}
    finish(transport.process)
    transport.close()


@KINDS
def test_limits_hold_for_a_program_that_changes_its_group(kind, tmp_path):
    program = tmp_path / "sleep"
    shutil.copyfile("/bin/sleep", program)
    program.chmod(0o2755)
    transport = kind(launch([str(program), "600"], tmp_path, limits=Limits(files=33)))
    assert _limits_of(transport.process.pid)["files"] == (33, 33)
    assert _limits_of(transport.process.pid)["core"] == (0, 0)
    finish(transport.process)
    transport.close()


def _limits_of(pid):
    kinds = {
        "core": resource.RLIMIT_CORE, "memory": resource.RLIMIT_AS, "cpu": resource.RLIMIT_CPU,
        "files": resource.RLIMIT_NOFILE, "size": resource.RLIMIT_FSIZE, "tasks": resource.RLIMIT_NPROC,
    }
    return {name: resource.prlimit(pid, kind) for name, kind in kinds.items()}


def test_a_signal_goes_to_the_process_and_its_end_is_told_again_and_again(sleeper):
    sleeper.signal(signal.SIGTERM)
    assert finish(sleeper) == Exit(None, signal.SIGTERM)
    assert sleeper.exit() == Exit(None, signal.SIGTERM)
    sleeper.signal(signal.SIGTERM)


def test_an_exit_that_somebody_else_took_is_unknown_and_nothing_is_signalled_any_more(sleeper, monkeypatch):
    sleeper.signal(signal.SIGKILL)
    os.waitpid(sleeper.pid, 0)
    assert sleeper.exit() == Exit(None, None)
    monkeypatch.setattr(os, "kill", _refused)
    sleeper.signal(signal.SIGKILL)


def test_without_a_pidfd_only_an_unreaped_child_is_signalled(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "pidfd_open")
    transport = PipeTransport(launch(["sleep", "600"], tmp_path))
    monkeypatch.undo()
    assert transport.process.pidfd == -1
    transport.process.signal(signal.SIGTERM)
    os.waitpid(transport.process.pid, 0)
    sent = []
    monkeypatch.setattr(os, "kill", lambda *args: sent.append(args))
    monkeypatch.setattr(os, "killpg", lambda *args: sent.append(args))
    transport.process.signal(signal.SIGTERM)
    assert sent == []
    transport.process.signal_group(signal.SIGTERM)
    assert sent == [(transport.process.pid, signal.SIGTERM)]
    monkeypatch.setattr(module, "_NUMBER_IS_OURS", 0.0)
    transport.process.signal_group(signal.SIGTERM)
    assert len(sent) == 1
    transport.close()


def test_kernel_without_group_signals_uses_killpg(sleeper, monkeypatch):
    monkeypatch.setattr(module, "_signal_group_of", lambda pidfd, number: False)
    sleeper.signal_group(signal.SIGTERM)
    assert finish(sleeper) == Exit(None, signal.SIGTERM)


def test_state_is_told_in_plain_english(sleeper):
    _until(lambda: sleeper.state() == "sleeping for a set time")
    sleeper.signal(signal.SIGSTOP)
    _until(lambda: sleeper.state() == "stopped by a signal")
    sleeper.signal(signal.SIGKILL)
    _until(lambda: sleeper.state() == "zombie")
    sleeper.exit()
    assert sleeper.state() == "gone"


def test_a_busy_process_is_busy_and_a_blocked_writer_is_named(tmp_path):
    busy = PipeTransport(launch([*PYTHON, "while True: pass"], tmp_path))
    flood = PipeTransport(launch(["yes"], tmp_path))
    _until(lambda: busy.process.state() == "running (busy)")
    _until(lambda: flood.process.state() == "sleeping, writing to its pipe, which nobody empties")
    for transport in (busy, flood):
        finish(transport.process)
        transport.close()


def _until(condition):
    signal.alarm(20)
    while not condition():
        pass
    signal.alarm(0)


def test_process_is_gone_after_close_without_a_descriptor(tmp_path):
    child = subprocess.Popen(["true"], start_new_session=True)
    process = Process(child.pid)
    finish(process)
    child.returncode = 0
    process.close()
    process.close()
    assert (process.pidfd, process.stderr_fd, process.ended) == (-1, -1, True)


def test_a_program_in_a_common_place_is_named_with_it(tmp_path, monkeypatch):
    there = tmp_path / "games"
    there.mkdir()
    (there / "adventure").symlink_to("/bin/sh")
    monkeypatch.setattr("filebridge.transports.process.COMMON_PLACES", (str(tmp_path), str(there)))
    for install in ("", "apt install adventure"):
        with pytest.raises(ExecFailed) as caught:
            exec_path(launch(["adventure"], tmp_path, install=install))
        assert caught.value.cure == f"it is in {there}: add `path: [{there}]`"

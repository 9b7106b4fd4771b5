"""A simulator that does not come up: which of the many ways it was, at once, with nothing left."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import time
from pathlib import Path

import pytest

from filebridge import guardian
from filebridge.env import BridgeEnv
from filebridge.errors import (
    ExecFailed,
    LimitReached,
    ReadyTimeout,
    SimulatorExited,
    StartCrashed,
    StartError,
    TransportError,
)

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)


def failure(env, kind):
    """Return the error of a reset, and how long it took; nothing may be left then."""
    begun = time.monotonic()
    with pytest.raises(kind) as caught:
        env.reset()
    took = time.monotonic() - begun
    assert type(caught.value) is kind
    assert (fake.folders(), fake.inhabitants(), env._session.link) == ([], [], None)
    return caught.value, took


def program(path, text="", mode=0o755):
    path.write_text(text)
    path.chmod(mode)
    return path


def commanded(*command, **keys):
    return fake.bridge("", simulator={"command": [str(word) for word in command], **keys})


def test_a_missing_program_names_where_it_was_looked_for(tmp_path):
    with commanded("no-such-simulator", path=[str(tmp_path)], install="apt install it") as env:
        error, _ = failure(env, ExecFailed)
    assert error.what == "no-such-simulator cannot be started: No such file or directory"
    assert error.found.startswith(f"no no-such-simulator in {tmp_path}, ")
    assert error.cure == "install with: apt install it"
    assert (error.situation.simulator, error.situation.phase, error.situation.episode) == ("Fake", "start", 1)


def test_a_tilde_is_not_looked_up():
    with commanded("~/bin/sim", install="apt install it") as env:
        error, _ = failure(env, ExecFailed)
    assert error.cure == "write the whole path: no shell is asked what `~` stands for"


@pytest.mark.parametrize("command", ["./sim", "sim"])
def test_a_program_beside_the_yaml_is_named_with_its_place(tmp_path, command):
    program(tmp_path / "sim", "#!/bin/sh\n")
    (tmp_path / "mine.yaml").write_text(json.dumps(fake.config("", simulator={"command": [command]})))
    env = BridgeEnv(tmp_path / "mine.yaml")
    error, _ = failure(env, ExecFailed)
    env.close()
    assert error.cure == "there is one beside the YAML: `${config}/sim`"


@pytest.mark.parametrize(("command", "start"), [
    (["sh", "./sim.sh"], [{"until": "> "}]),
    (["sh", "sim.sh"], []),
])  # fmt: skip
def test_a_script_beside_the_yaml_is_named_with_its_place(tmp_path, command, start):
    program(tmp_path / "sim.sh")
    text = json.dumps({**fake.config("", simulator={"command": command}), "start": start, "reset": [{"until": "> "}]})
    (tmp_path / "mine.yaml").write_text(text)
    env = BridgeEnv(tmp_path / "mine.yaml")
    error, _ = failure(env, StartCrashed)
    env.close()
    assert error.cure.removeprefix("./") == (
        "sim.sh stands beside the YAML, and the program starts elsewhere: `${config}/sim.sh`"
    )


def test_a_program_that_may_not_be_executed(tmp_path):
    path = program(tmp_path / "sim", "#!/bin/sh\n", 0o644)
    with commanded(path) as env:
        error, _ = failure(env, ExecFailed)
        assert (error.what, error.cure) == (f"{path} cannot be started: Permission denied", f"chmod +x {path}")
        path.chmod(0o755)
        path.write_text("#!/bin/sh\necho 'x=1\n> '\nread line\n")
        assert env.reset()[0].tolist() == [1]


@pytest.mark.parametrize("terminal", [False, True])
def test_a_file_that_is_no_program(tmp_path, terminal):
    path = program(tmp_path / "sim", "x = 1\n")
    with fake.bridge("", simulator={"command": [str(path)]}, transport={"console": {"terminal": terminal}}) as env:
        error, _ = failure(env, ExecFailed)
    assert str(error.situation.phase) == "start"
    assert str(path) in error.what


def test_a_crash_at_the_start_is_told_with_its_code_and_last_words():
    with fake.bridge('say("loading\\n")\nnote("no licence\\n")\nsys.exit(3)') as env:
        error, took = failure(env, StartCrashed)
        assert took < 5, "the deadline is 10 s"
        assert error.what == "the simulator ended before it was ready: exit code 3"
        situation = error.situation
        assert (situation.phase, situation.episode, situation.exit) == ("start", 1, "exit code 3")
        assert (situation.received, situation.stderr, situation.process) == ("loading\\n", "no licence\\n", "")
        assert error.cure == "read its last words above; run the command by hand, and correct `simulator` or `start`"
        failure(env, StartCrashed)
    with fake.bridge("sys.exit(1)", simulator={"install": "pip install 'toy[all]'"}) as env:
        error, _ = failure(env, StartCrashed)
        assert error.cure.endswith("; where a part of it is missing: pip install 'toy[all]'")


@pytest.mark.parametrize(("said", "part"), [
    ("ModuleNotFoundError: No module named 'kiln.server'", "kiln.server"),
    ("plant: error while loading shared libraries: libode.so.8: cannot open shared object file", "libode.so.8"),
    ("Can't locate Plant/Heat.pm in @INC (you may need to install it)", "Plant/Heat.pm"),
    ("Error: Unable to access jarfile plant.jar", "plant.jar"),
    ("Error: Could not find or load main class plant.Main", "plant.Main"),
    ("./start.sh: line 3: octave: command not found", "octave"),
    ("sh: 1: octave: not found", "octave"),
])  # fmt: skip
def test_a_program_that_lacks_a_part_is_told_with_the_line_that_installs_it(said, part):
    code = f"note({said!r} + chr(10))\nsys.exit(3)"
    install = "apt-get install plant-parts"
    for known, cure in (
        ({"install": install}, f"install with: {install}"),
        ({}, "install it, and say how under `simulator: {install: ...}`"),
    ):
        with fake.bridge(code, simulator={**fake.config(code)["simulator"], **known}) as env:
            error, _ = failure(env, StartCrashed)
            assert error.what == f"the simulator ended before it was ready, since it lacks {part}: exit code 3"
            assert error.cure == cure


def test_without_a_start_one_that_never_spoke_has_ended_before_it_was_ready():
    with fake.bridge('note("no licence\\n")\nsys.exit(3)', start=[], reset=[{"send": "go"}]) as env:
        # Its end comes before the first line is sent, or after it.
        for _ in range(10):
            error, _ = failure(env, StartCrashed)
            assert error.what == "the simulator ended before it was ready: exit code 3"
            assert error.situation.stderr == "no licence\\n"


def test_the_whole_text_of_a_failure_is_four_parts():
    with fake.bridge('note("no \\x1b[31mlicence\\n")\nsys.exit(3)') as env:
        error, _ = failure(env, StartCrashed)
    lines = str(error).splitlines()
    assert lines[0] == "the simulator ended before it was ready: exit code 3"
    assert lines[1] == "  where: Fake, seat 0, start of episode 1"
    assert lines[2].startswith("  time: 0.")
    assert lines[3:] == [
        "  exit: exit code 3",
        "  awaited: `> `",
        "  stderr: no \\x1b[31mlicence\\n",
        "  cure: read its last words above; run the command by hand, and correct `simulator` or `start`",
    ]


@pytest.mark.parametrize(("code", "cause", "cure", "state"), [
    ('say("Loading...\\n")\nhear()', "it waits for input after `Loading...`",
     'make that an end, `until: [..., {wrong: "Loading...\\n"}]`', "sleeping, reading its pipe"),
    ('say("Loading...\\n")\ntime.sleep(99)', "the end of its reply was never seen",
     "compare `until` with what was received; spaces and capitals count", "sleeping for a set time"),
    ('say("Loading...\\nready>")\nhear()', "received `>` looks like the awaited `> `",
     "copy it exactly; spaces, line ends and capitals count", "sleeping, reading its pipe"),
    ('say("Loading...\\nPRESS RETURN")\nhear()', "it waits for input after `PRESS RETURN`",
     'answer it on the way, `answer: {"PRESS RETURN": "..."}`, or make it an end of the reply in `until`',
     "sleeping, reading its pipe"),
    ('say("Loading...\\nready:)")\ntime.sleep(99)',
     "the end of its reply was never seen; the last line looks like `ready:)`",
     "correct `until`; spaces and capitals count", "sleeping for a set time"),
    ('say("Password: ")\nhear()', "it waits at another question: `Password: `",
     'answer it on the way, `answer: {"Password: ": "..."}`, or make it an end of the reply in `until`',
     "sleeping, reading its pipe"),
    ("print('x=1')\nhear()",
     "it runs but nothing has come: its output is probably held back in a buffer, as programs do on a pipe",
     "`transport: {console: {terminal: true}}`, or put `stdbuf, -o0` before the command", "sleeping, reading its pipe"),
    ("time.sleep(99)", "it sleeps for a set time", "raise `deadlines`, or see why it waits", "sleeping for a set time"),
    ("while True: pass", "it is busy computing",
     "raise `deadlines`, or see whether the last thing sent makes it loop", "running (busy)"),
    ("import subprocess\nsubprocess.run(['sleep', '99'])", "it sleeps for a set time",
     "raise `deadlines`, or see why it waits", "waiting for its child sleep, which is sleeping for a set time"),
    ("import subprocess\nsubprocess.run(['sh', '-c', 'cat >/dev/null; :'])",
     "it runs but nothing has come: its output is probably held back in a buffer, as programs do on a pipe",
     "`transport: {console: {terminal: true}}`, or put `stdbuf, -o0` before the command",
     "waiting for its child sh, which is waiting for its child cat, which is sleeping, reading its pipe"),
], ids=["waits", "no end", "near", "press return", "other end", "question", "buffer", "asleep", "busy", "child", "sh"])
def test_one_that_is_never_ready_fails_at_its_deadline_with_the_probable_cause(code, cause, cure, state):
    with fake.bridge(code, deadlines={"start": 0.8}) as env:
        error, took = failure(env, ReadyTimeout)
        assert 0.8 <= took < 5
        assert (error.what, error.cure) == (f"the simulator was not ready within 0.8 s: {cause}", cure)
        assert (error.situation.process, error.situation.deadline, error.situation.phase) == (state, 0.8, "start")
        assert isinstance(error, TimeoutError)


def test_one_that_closes_its_output_and_runs_on():
    with fake.bridge("os.close(1)\nhear()") as env:
        error, took = failure(env, TransportError)
        assert 0.2 <= took < 5
        assert error.what == "the simulator closed its output and runs on"
        assert error.cure == "it may have gone to the background: use the option that keeps it in the foreground"


def begin_and_step(env):
    env.reset()
    env.step(fake.act())


def test_one_that_goes_to_the_background_is_gone_too():
    code = 'if os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\nsay("x=1\\n> ")\ntime.sleep(99)'
    with fake.bridge(code) as env:
        # What it says before its end is noticed may be a whole reply; the end is told at the latest in the step.
        with pytest.raises((StartCrashed, SimulatorExited), match="exit code 0"):
            begin_and_step(env)
        assert fake.inhabitants() == []


def test_descriptors_that_have_run_out_are_a_limit_and_nothing_is_left():
    with fake.bridge() as good, fake.bridge() as env:
        good.reset()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        free = os.dup(0)
        os.close(free)
        # Whatever the step of the start at which they run out.
        for more in range(20):
            resource.setrlimit(resource.RLIMIT_NOFILE, (free + more, hard))
            try:
                env.reset()
                error = None
            except LimitReached as limit:
                error = limit
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            if error is None:
                break
            assert "Too many open files" in error.found
            assert error.cure == "raise the limit before the training: ulimit -n"
            assert len(fake.folders()) == len(fake.inhabitants()) == 1
        assert more >= 4
        assert env.step(fake.act())[0].tolist() == [1]
        assert good.step(fake.act())[0].tolist() == [1]


def test_more_descriptors_than_select_can_watch():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, hard), hard))
    opened = [os.dup(0) for _ in range(1100)]
    try:
        for terminal in (False, True):
            with fake.bridge(transport={"console": {"terminal": terminal}}) as env:
                env.reset()
                assert env._session.link.transport.fileno() > 1023
                assert env.step(fake.act())[0].tolist() == [1]
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_guardian_that_was_killed_is_replaced_by_the_next_start():
    with fake.bridge() as env:
        env.reset()
        first = guardian.pid()
        os.kill(first, 9)
        fake.until(lambda: fake.gone(first))
        assert env.step(fake.act())[0].tolist() == [1]
        env.reset()
        assert guardian.pid() not in (0, first)
        assert env.step(fake.act())[0].tolist() == [1]


def test_a_guardian_that_cannot_be_started_leaves_nothing(monkeypatch):
    guardian.shut_down()
    monkeypatch.setattr(guardian, "_spawn", lambda channel: (_ for _ in ()).throw(OSError(1, "no")))
    with fake.bridge() as env:
        error, _ = failure(env, StartError)
        assert error.what.startswith("the guardian, which ends the simulators")


def test_each_failed_start_leaves_the_environment_usable(tmp_path):
    flag = tmp_path / "flag"
    code = f"""
if os.path.exists({str(flag)!r}):
    sys.exit(1)
say("x=0\\n> ")
hear()
say("x=1\\n> ")
hear()
"""
    env = BridgeEnv(fake.config(code))
    for _ in range(2):
        flag.touch()
        failure(env, StartCrashed)
        flag.unlink()
        assert env.reset()[0].tolist() == [0]
        assert env.step(fake.act())[0].tolist() == [1]
    env.close()

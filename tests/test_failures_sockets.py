"""Simulators at TCP and Unix sockets, either side listening, on bad lines: an error by name in time, then all works."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from filebridge.env import BridgeEnv
from filebridge.errors import (
    ConfigError,
    Desync,
    EndpointInUse,
    MessageTooLarge,
    PeerClosed,
    PeerRejected,
    ReadyTimeout,
    SendBlocked,
    SimulatorExited,
    SimulatorTimeout,
    StartCrashed,
)
from filebridge.transports.sockets import dialing

FAKES = Path(__file__).parent / "fakes"
_spec = importlib.util.spec_from_file_location("networked", FAKES / "networked.py")
net = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(net)
fake = net.fake

LISTENS, DIALS, MIDWAY, ANSWERS = net.LISTENS, net.DIALS, net.MIDWAY, net.ANSWERS
both = pytest.mark.parametrize(("begin", "transport"), net.WAYS, ids=net.WAY_NAMES)


@pytest.fixture
def port():
    """Give a port for a simulator that a proxy, or a stranger, has to know too."""
    with net.free_ports() as (number,):
        yield number


@pytest.fixture
def place():
    """Give a folder whose path is short enough for Unix sockets."""
    with tempfile.TemporaryDirectory(prefix="fb-") as folder:
        yield Path(folder)


# 43


@pytest.mark.parametrize("transport", [net.CALLED, {"unix": {"connect": "sim.sock"}}], ids=["tcp", "unix"])
def test_one_that_listens_late_is_called_until_it_does(transport):
    words = ["${port}"] if "tcp" in transport else ["sim.sock"]
    with net.bridge("time.sleep(0.2)\n" + LISTENS + ANSWERS, *words, transport=transport) as env:
        env.reset()
        net.play(env, 3)


@pytest.mark.parametrize(("transport", "told"), [
    (net.CALLED, "where nobody listens"),
    ({"unix": {"connect": "sim.sock"}}, "which is not there"),
    (net.CALLS, "where nobody has called"),
    ({"unix": {"listen": True}}, "where nobody has called"),
], ids=["tcp", "unix", "tcp, ours", "unix, ours"])
def test_one_that_never_comes_ends_at_the_deadline(transport, told):
    words = ["${port}"] if "tcp" in transport else ["sim.sock"]
    with net.bridge("note('busy')\ntime.sleep(99)", *words, transport=transport, deadlines={"start": 0.3}) as env:
        begun = time.monotonic()
        with pytest.raises(ReadyTimeout) as caught:
            env.reset()
        assert 0.3 <= time.monotonic() - begun < 5
        error = caught.value
        assert error.what.startswith("the simulator was not ready within 0.3 s: awaited was ")
        assert told in error.what
        assert error.cure
        assert (error.situation.phase, error.situation.stderr) == ("start", "busy")
        assert error.situation.process == "sleeping for a set time"
        assert (fake.folders(), fake.inhabitants(), env._session.link) == ([], [], None)


@both
def test_one_that_ends_instead_of_connecting_is_told_at_once(begin, transport):
    with net.bridge("note('no licence')\nsys.exit(3)", transport=transport) as env:
        begun = time.monotonic()
        with pytest.raises(StartCrashed, match="ended before it was ready: exit code 3") as caught:
            env.reset()
        assert time.monotonic() - begun < 5, "the deadline is 10 s"
        assert caught.value.situation.stderr == "no licence"


class Selfish(socket.socket):
    """A socket to which the kernel gives, of all ports, the one that it calls."""

    met = 0

    def connect_ex(self, address):
        try:
            self.bind(address)
            Selfish.met += 1
        except OSError:
            pass
        return super().connect_ex(address)


def test_a_call_that_comes_back_to_itself_is_no_connection(monkeypatch, port):
    seam = type(socket)("socket")
    seam.__dict__.update(socket.__dict__)
    seam.socket = Selfish
    monkeypatch.setattr(dialing, "socket", seam)
    late = """
time.sleep(0.2)
while listener is None:
    try:
        listener = server()
    except OSError:
        pass
"""
    Selfish.met = 0
    with net.bridge(late + LISTENS + ANSWERS, port, transport={"tcp": {"connect": f"127.0.0.1:{port}"}}) as env:
        env.reset()
        net.play(env, 3)
    assert Selfish.met > 0


def test_a_free_port_is_none_that_the_kernel_gives_to_those_who_call():
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    with net.bridge(LISTENS + ANSWERS) as env:
        env.reset()
        assert not first <= int(net.word_of(env, 5)) <= last


# 44


@pytest.mark.parametrize("key", ["connect", "listen"])
def test_a_port_that_somebody_has_is_told_with_who_has_it(port, key):
    code = (LISTENS if key == "connect" else DIALS) + ANSWERS
    with net.bridge(code, port, transport={"tcp": {key: f"127.0.0.1:{port}"}}) as env:
        with socket.create_server(("127.0.0.1", int(port))):
            begun = time.monotonic()
            with pytest.raises(EndpointInUse, match=f"^port 127.0.0.1:{port} is taken") as caught:
                env.reset()
            assert time.monotonic() - begun < 5
        assert caught.value.found == f"by this process (pid {os.getpid()})"
        assert caught.value.cure == "end it, or write `${port}` for a free one"
        assert (fake.folders(), fake.inhabitants(), env._session.link) == ([], [], None)
        env.reset()
        net.play(env, 3)


def test_two_that_want_the_same_port_do_not_disturb_each_other(port):
    transport = {"tcp": {"connect": f"127.0.0.1:{port}"}}
    with net.bridge(LISTENS + ANSWERS, port, transport=transport) as env:
        env.reset()
        with net.bridge(LISTENS + ANSWERS, port, transport=transport) as other, pytest.raises(EndpointInUse) as caught:
            other.reset()
        assert f"(pid {fake.pid(env)})" in caught.value.found
        net.play(env, 3)


# 45


@pytest.mark.parametrize(("way", "end", "found"), [
    (0, 'say("seq=2 ")\ncut()', "closed"), (1, 'say("seq=2 ")\nline.shutdown(1)', "closed"), (1, "cut()", "closed"),
    (0, "cut(hard=True)", "reset"), (1, 'say("seq=2 ")\ncut(hard=True)', ""),
], ids=["end in a message", "half close", "end", "reset", "reset in a message"])
def test_a_connection_that_is_lost_while_the_program_runs_on(way, end, found, tmp_path):
    begin, transport = net.WAYS[way]
    with net.bridge(f"{begin}{MIDWAY}{end}\ntime.sleep(99)", transport=transport, transcript=tmp_path) as env:
        error, took = net.failure(env, PeerClosed)
    assert took < 5, "the deadline is 10 s"
    assert found in error.what
    assert error.situation.sent == "2 1\\n"
    assert error.situation.process.startswith("sleeping")
    if "seq=2" in end and found:
        assert error.found == "6 bytes that are no whole reply"
        assert error.situation.received == "seq=2 "
        assert b"seq=2 " in Path(error.situation.transcript).read_bytes()


@both
def test_a_lost_connection_with_the_end_of_the_program_is_told_by_its_end(begin, transport):
    code = f'{begin}{MIDWAY}say("seq=2 ")\ncut(hard=True)\nos.kill(os.getpid(), 11)'
    with net.bridge(code, transport=transport) as env:
        error, took = net.failure(env, SimulatorExited)
    assert (error.code, error.signal) == (None, 11)
    assert took < 5, "the deadline is 10 s"


def spoilt(listens, code=ANSWERS, **toxics):
    told = "".join(f", {name}={value}" for name, value in toxics.items())
    return f"spoil({listens}{told})\ntry:\n" + "".join(f"    {row}\n" for row in code.splitlines()) + AWAY


AWAY = "except (SystemExit, OSError):\n    time.sleep(99)\n"


@pytest.mark.parametrize("toxics", [{"reset": 25}, {"half_close": 25}], ids=["reset", "half close"])
def test_a_line_that_breaks_in_the_middle_of_a_message(toxics):
    with net.bridge(spoilt(True, **toxics)) as env:
        error, took = net.failure(env, PeerClosed)
    assert took < 5, "the deadline is 10 s"
    assert error.situation.received in ("seq=2", "")
    if "half_close" in toxics:
        assert error.found == "5 bytes that are no whole reply"


def test_a_line_to_one_that_calls_us_breaks_in_the_middle_of_a_command():
    # What the proxy counts here are our commands: "1 1\n" passes, of the next one half.
    with net.bridge(spoilt(False, reset=6), transport=net.CALLS) as env:
        error, took = net.failure(env, PeerClosed)
    assert took < 5, "the deadline is 10 s"
    assert "reset" in error.what


# 46


@pytest.mark.parametrize(("listens", "transport"), [(True, net.CALLED), (False, net.CALLS)], ids=net.WAY_NAMES)
def test_a_hole_that_takes_everything_and_says_nothing(listens, transport):
    with net.bridge(spoilt(listens, hole=True), transport=transport, deadlines={"start": 0.5}) as env:
        begun = time.monotonic()
        with pytest.raises(ReadyTimeout, match="it is connected, and says nothing by itself"):
            env.reset()
        assert 0.5 <= time.monotonic() - begun < 5
        assert (fake.folders(), fake.inhabitants(), env._session.link) == ([], [], None)
    code = "step = 0\nwhile True:\n    say(reply(step))\n    step = hear()\n    proxy.hole = step == 2"
    with net.bridge(spoilt(listens, code), transport=transport, deadlines={"step": 0.3}) as env:
        error, took = net.failure(env, SimulatorTimeout)
    assert 0.3 <= took < 5
    assert "it is connected, and said nothing to what was sent" in error.what
    assert error.situation.sent == "2 1\\n"


@both
def test_one_that_does_not_read_blocks_the_send_and_no_longer(begin, transport):
    step = [{"send": "{step}", "when": "step == 1"}, {"send": "{step} " + "x" * 5_000_000, "when": "step > 1"}]
    code = begin + "line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)\n"
    code += "say(reply(0))\nhear()\nsay(reply(1))\ntime.sleep(99)"
    with net.bridge(code, transport=transport, step=step, deadlines={"step": 0.3}) as env:
        _, took = net.failure(env, SendBlocked)
    assert 0.3 <= took < 5


# 47


@pytest.mark.parametrize(("side", "toxics", "steps"), [
    ("it listens", {"slices": 1}, 10), ("it listens", {"latency": 0.2}, 1), ("it listens", {"bandwidth": 1000}, 5),
    ("it calls", {"slices": 3, "latency": 0.05}, 3), ("length", {"slices": 1}, 10), ("length", {"bandwidth": 1000}, 5),
], ids=str)
def test_a_bad_line_gives_the_same_results(side, toxics, steps):
    keys, code = {}, ANSWERS
    if side == "length":
        keys = {"framing": {"length": 4}}
        code = HEADED + "step = 0\nwhile True:\n    put(reply(step))\n    step = got()\n"
    transport = net.CALLS if side == "it calls" else net.CALLED
    with net.bridge(spoilt(side != "it calls", code, **toxics), transport=transport, **keys) as env:
        assert env.reset()[0].tolist() == [0, 0]
        begun = time.monotonic()
        net.play(env, steps)
        assert time.monotonic() - begun >= 2 * toxics.get("latency", 0)


def test_a_line_that_is_too_slow_ends_at_the_deadline():
    code = ANSWERS.replace("hear()", "hear()\n    proxy.latency = 5.0 * (step == 2)")
    with net.bridge(spoilt(True, code), deadlines={"step": 0.3}) as env:
        _, took = net.failure(env, SimulatorTimeout)
    assert 0.3 <= took < 5


# 48

HEADED = """
def put(text, length=None):
    say(struct.pack(">I", len(text) if length is None else length) + text.encode())

def got():
    size, = struct.unpack(">I", part(4))
    return int(part(size).split()[0])
"""
TALK = HEADED + "put(reply(0))\ngot()\nput(reply(1))\ngot()\n"


@pytest.mark.parametrize("at", [2, 4])
def test_a_whole_reply_in_one_piece_that_is_larger_than_allowed_is_refused(at):
    code = f"""
accept()
step = 0
while True:
    say("x" * 60_000 * (step == {at}) + " " + reply(step))
    step = hear()
"""
    with net.bridge(code, limits={"output": "1 KiB"}) as env:
        error, took = net.failure(env, MessageTooLarge, at)
    assert took < 5, "the deadline is 10 s"
    assert error.what == "a reply of more than 1024 bytes"
    assert f"seq={at} " in error.situation.received


@pytest.mark.parametrize(("framing", "head"), [
    ({"length": 4}, '">i", -1'), ({"length": 4}, '">I", 1 << 31'), ({"length": 4}, '">I", (1 << 20) + 1'),
], ids=["-1", "2^31", "limit"])
def test_a_length_that_cannot_be_is_refused_before_any_memory_is_taken(framing, head):
    code = f"{LISTENS}{TALK}say(struct.pack({head}) + b'seq=2 ')\ntime.sleep(99)"
    with net.bridge(code, framing=framing) as env, net.Growth() as growth:
        error, took = net.failure(env, MessageTooLarge)
    assert took < 5, "the deadline is 10 s"
    assert growth.bytes < 32 << 20
    assert error.cure


@pytest.mark.parametrize(("order", "mark", "value"), [("big", ">", "1 << 63"), ("little", "<", "-1")])
def test_a_length_of_eight_bytes_that_is_negative_or_beyond_all(order, mark, value):
    kind = "q" if value == "-1" else "Q"
    code = f"""
accept()
def put(text): say(struct.pack("{mark}Q", len(text)) + text.encode())
def got(): return int(part(struct.unpack("{mark}Q", part(8))[0]).split()[0])
put(reply(0)); got(); put(reply(1)); got()
say(struct.pack("{mark}{kind}", {value}))
time.sleep(99)
"""
    with net.bridge(code, framing={"length": {"size": 8, "order": order}}) as env:
        _, took = net.failure(env, MessageTooLarge)
    assert took < 5, "the deadline is 10 s"


def test_a_length_that_counts_less_than_its_own_bytes_is_told():
    code = """
accept()
def put(text, length=None): say(struct.pack(">H", len(text) + 2 if length is None else length) + text.encode())
def got(): return int(part(struct.unpack(">H", part(2))[0] - 2).split()[0])
put(reply(0)); got(); put(reply(1)); got()
put(reply(2), 1)
time.sleep(99)
"""
    with net.bridge(code, framing={"length": {"size": 2, "counts": "message"}}) as env:
        error, took = net.failure(env, Desync)
    assert took < 5, "the deadline is 10 s"
    assert error.cure


def test_a_length_that_is_too_long_ends_at_the_deadline_and_says_how_much_is_missing():
    code = f"{LISTENS}{TALK}put(reply(2), 11)\ntime.sleep(99)"
    with net.bridge(code, framing={"length": 4}, deadlines={"step": 0.3}) as env:
        error, took = net.failure(env, SimulatorTimeout)
    assert 0.3 <= took < 5
    assert "seq=2" in error.situation.received


def test_a_length_that_is_too_short_is_not_overlooked():
    code = f"{LISTENS}{HEADED}put(reply(0))\ngot()\nput('seq=1 x=1 and more', 9)\ntime.sleep(99)"
    with net.bridge(code, framing={"length": 4}) as env:
        env.reset()
        net.play(env, 1)
        with pytest.raises(Desync, match="more than was asked for") as caught:
            env.step(net.act())
        assert "and more" in caught.value.found
        assert env.reset()[0].tolist() == [0, 0]


# 50

WAITS = "while not os.path.exists(words[-1]): time.sleep(0.001)\n"


def test_one_that_names_no_token_and_ends_is_told_why():
    code = (
        "import socket\nwith socket.create_connection(('127.0.0.1', int(words[0]))) as called:\n"
        "    called.sendall(b'x' + words[1].encode() + b'\\n')\n    called.recv(1)\nos._exit(3)"
    )
    transport = {"tcp": {"listen": True, "peer": "token"}}
    with net.bridge(code, "${port}", "${token}", transport=transport) as env, pytest.raises(StartCrashed) as caught:
        env.reset()
    assert caught.value.found.startswith("1 caller was turned away at 127.0.0.1:")
    assert caught.value.found.endswith(" (peer: token)")
    assert caught.value.cure.startswith("let it say `${token}` and a line end first, and nothing else in that line; ")


@pytest.mark.parametrize("kind", ["tcp", "unix"])
@pytest.mark.parametrize("peer", ["process", "token"])
def test_a_stranger_who_comes_first_is_turned_away_and_the_real_one_is_served(port, place, kind, peer):
    address = port if kind == "tcp" else str(place / "s")
    listen = f"127.0.0.1:{port}" if kind == "tcp" else address
    go = place / "go"
    greeting = "words[1] + '\\n'" if peer == "token" else "''"
    strangers = []

    def intrude():
        for text in (b"", b"seq=0 x=99\n", b"0" * 32 + b"\nseq=0 x=99\n", b"0" * 33):
            strangers.append(net.call(address))
            strangers[-1].sendall(text)
        go.touch()

    code = f"{WAITS}dial(words[0], {greeting})\n{ANSWERS}"
    words = [address, *(["${token}"] if peer == "token" else []), str(go)]
    with net.bridge(code, *words, transport={kind: {"listen": listen, "peer": peer}},
                    simulator={"directory": str(place)}) as env:
        thread = threading.Thread(target=intrude)
        thread.start()
        assert env.reset()[0].tolist() == [0, 0]
        thread.join()
        net.play(env, 5)
        for stranger in strangers:
            assert net.ended(stranger)
            stranger.close()


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_second_caller_is_not_heard_and_the_next_episode_is_not_given_to_it(port, place, kind):
    address = port if kind == "tcp" else str(place / "s")
    listen = f"127.0.0.1:{port}" if kind == "tcp" else address
    code = """
while True:
    dial(words[0])
    say(reply(0))
    while True:
        while b"\\n" not in buffer and (piece := line.recv(4096)): buffer += piece
        if not buffer: break
        say(reply(hear()))
"""
    with net.bridge(code, address, transport={kind: {"listen": listen, "each": "episode"}},
                    simulator={"directory": str(place)}) as env:
        env.reset()
        number = fake.pid(env)
        for _ in range(3):
            with net.call(address) as second:
                second.sendall(b"seq=1 x=99\n")
                net.play(env, 3)
                assert env.reset()[0].tolist() == [0, 0]
                assert net.ended(second)
        assert fake.pid(env) == number


def test_a_port_where_the_connection_is_there_already_is_closed(port):
    with net.bridge(DIALS + ANSWERS, port, transport={"tcp": {"listen": f"127.0.0.1:{port}"}}) as env:
        env.reset()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(port)))
        net.play(env, 2)


@pytest.mark.parametrize("peer", ["process", "token"])
def test_where_only_strangers_come_that_is_told(port, peer):
    stop = threading.Event()

    def intrude():
        with net.call(port) as stranger:
            stranger.sendall(b"x" * 40 + b"\n")
            net.ended(stranger)
            stop.wait(20)

    thread = threading.Thread(target=intrude)
    transport = {"tcp": {"listen": f"127.0.0.1:{port}", "peer": peer}}
    with net.bridge("time.sleep(99)", port, "${token}" if peer == "token" else "-", transport=transport,
                    deadlines={"start": 0.4}) as env:
        thread.start()
        with pytest.raises(ReadyTimeout) as caught:
            env.reset()
    stop.set()
    thread.join()
    assert f"where only 1 stranger has called, and not who is let in (peer: {peer})" in caught.value.what


# 51


@pytest.mark.parametrize("key", ["connect", "listen"])
def test_a_socket_that_an_earlier_run_left_is_no_obstacle(place, key):
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(place / "s"))
    code = ("time.sleep(0.1)\nos.unlink('s')\n" + LISTENS if key == "connect" else DIALS) + ANSWERS
    if key == "listen":
        code = "os.stat('s')\n" + code
    with net.bridge(code, "./s", transport={"unix": {key: "s"}}, simulator={"directory": str(place)}) as env:
        for _ in range(2):
            assert env.reset()[0].tolist() == [0, 0]
            net.play(env, 3)
    assert (place / "s").exists() is (key == "connect")


def test_a_socket_at_which_somebody_listens_is_left_alone(place):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(place / "s"))
        other.listen()
        with net.bridge(DIALS + ANSWERS, "./s", transport={"unix": {"listen": "s"}},
                        simulator={"directory": str(place)}) as env:
            with pytest.raises(EndpointInUse, match="is taken") as caught:
                env.reset()
            assert caught.value.found == f"by this process (pid {os.getpid()})"
            (place / "s").unlink()
            other.close()
            env.reset()
            net.play(env, 3)


@pytest.mark.parametrize("plant", ["file", "folder", "link", "fifo"])
def test_what_is_no_socket_is_refused_and_stays(place, plant):
    planted = place / "s"
    {"file": lambda: planted.write_text("mine"), "folder": planted.mkdir, "fifo": lambda: os.mkfifo(planted),
     "link": lambda: planted.symlink_to("/dev/zero")}[plant]()
    before = planted.lstat()
    with net.bridge(DIALS + ANSWERS, "./s", transport={"unix": {"listen": "s"}},
                    simulator={"directory": str(place)}) as env:
        with pytest.raises(PeerRejected, match="a Unix socket is to be made"):
            env.reset()
        assert planted.lstat() == before
        planted.rmdir() if plant == "folder" else planted.unlink()
        env.reset()
        net.play(env, 2)


@pytest.mark.parametrize("key", ["connect", "listen"])
def test_a_path_may_have_107_bytes_and_no_more(place, key):
    room = 107 - len(os.fsencode(place)) - 1
    code = (LISTENS if key == "connect" else DIALS) + ANSWERS
    for name, fits in (("s" * room, True), ("s" * (room + 1), False)):
        with net.bridge(code, "./" + name, transport={"unix": {key: name}},
                        simulator={"directory": str(place)}) as env:
            if fits:
                env.reset()
                net.play(env, 2)
                continue
            with pytest.raises(ConfigError, match=r"path of the Unix socket s+ is too long") as caught:
                env.reset()
            assert caught.value.found.startswith("108 bytes")
            assert (fake.folders(), fake.inhabitants(), env._session.link) == ([], [], None)


# 72

APART = """
import importlib.util, signal, sys
spec = importlib.util.spec_from_file_location("toxic", sys.argv[1])
toxic = importlib.util.module_from_spec(spec)
spec.loader.exec_module(toxic)
with toxic.Toxic(("127.0.0.1", int(sys.argv[2]))) as proxy:
    print(proxy.address[1], flush=True)
    signal.pause()
"""


@pytest.fixture
def far():
    """Give a server that runs without the bridge, behind a proxy that is a process: its port, and the proxy's pid."""
    code = "while True:\n    accept(words[0])\n    if os.fork() == 0:\n" + "".join(
        f"        {row}\n" for row in ANSWERS.splitlines()
    )
    with net.free_ports() as (port,):
        command = [sys.executable, "-S", "-E", "-c", APART, str(FAKES / "toxic.py"), port]
        with net.running(code, port), subprocess.Popen(command, stdout=subprocess.PIPE) as proxy:
            net.until(lambda: net.is_open(port))
            try:
                yield int(proxy.stdout.readline()), proxy.pid
            finally:
                proxy.kill()


def elsewhere(number, **keys):
    return closing(BridgeEnv(net.without_command(transport={"tcp": {"connect": f"127.0.0.1:{number}"}}, **keys)))


def stop(number):
    """Stop a process and wait until all its threads stand."""
    os.kill(number, signal.SIGSTOP)
    tasks = [task / "stat" for task in Path(f"/proc/{number}/task").iterdir()]
    net.until(lambda: all(task.read_text().rpartition(")")[2].split()[0] == "T" for task in tasks))


def test_a_machine_that_vanishes_without_a_word_ends_at_the_deadline(far):
    number, proxy = far
    with elsewhere(number, deadlines={"step": 0.5}) as env:
        env.reset()
        net.play(env, 3)
        stop(proxy)
        begun = time.monotonic()
        with pytest.raises(SimulatorTimeout) as caught:
            env.step(net.act())
        assert 0.5 <= time.monotonic() - begun < 5
        situation = caught.value.situation
        assert (situation.pid, situation.process, situation.sent) == (0, "", "4 1\\n")
        assert env._session.link is None
        os.kill(proxy, signal.SIGCONT)
        assert env.reset()[0].tolist() == [0, 0]
        net.play(env, 3)


def test_a_machine_that_vanishes_truncates_the_episode_where_the_policy_says_so(far):
    number, proxy = far
    with elsewhere(number, deadlines={"step": 0.5}, on_failure={"timeout": "truncate"}) as env:
        env.reset()
        net.play(env, 3)
        stop(proxy)
        observation, _, terminated, truncated, info = env.step(net.act())
        assert (observation.tolist(), terminated, truncated) == ([3, 9], False, True)
        assert info["bridge_failure"]["error"] == "SimulatorTimeout"
        os.kill(proxy, signal.SIGCONT)
        assert env.reset()[0].tolist() == [0, 0]
        net.play(env, 3)


# A server of ours


@pytest.mark.parametrize("transport", [{"tcp": {"listen": True, "each": "episode"}}, net.CALLS], ids=str)
def test_by_default_we_listen_where_no_other_machine_reaches_us(transport):
    seen, before = [], net.listeners()
    code = "while not os.path.exists('go'): time.sleep(0.001)\n" + DIALS + ANSWERS

    def look():
        net.until(lambda: net.listeners() - before and fake.inhabitants())
        seen.extend(net.listeners() - before)
        for folder in fake.folders():
            Path(os.environ["FILEBRIDGE_WORKDIR"], folder, "go").touch()

    with net.bridge(code, transport=transport) as env:
        thread = threading.Thread(target=look)
        thread.start()
        env.reset()
        thread.join()
        net.play(env, 2)
    assert [address.partition(":")[0] for address in seen] == ["0100007F"]
    assert net.listeners() == before

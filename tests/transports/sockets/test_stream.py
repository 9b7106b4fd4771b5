import importlib.util
import os
import select
import socket
import stat
import struct
import time
from pathlib import Path

import pytest

from filebridge.errors import ConfigError, ConfigSecurityError, EndpointInUse, PeerClosed, PeerRejected, TransportError
from filebridge.transports.sockets.endpoint import Endpoint
from filebridge.transports.sockets.ports import bound_at
from filebridge.transports.sockets.stream import StreamSocket

_spec = importlib.util.spec_from_file_location("toxic", Path(__file__).parents[2] / "fakes" / "toxic.py")
toxic = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(toxic)

CALLER = """
import socket, sys
kind, *address = sys.argv[1:]
caller = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
caller.connect(address[0] if kind == "unix" else (address[0], int(address[1])))
while data := caller.recv(65536):
    caller.sendall(data.upper())
"""
SERVER = """
import socket, sys
if len(sys.argv) > 1:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen()
else:
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1])
while True:
    caller, _ = listener.accept()
    with caller:
        while data := caller.recv(65536):
            caller.sendall(data.upper())
"""
TWO_WRITES = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1])
caller, _ = listener.accept()
while caller.recv(65536):
    caller.send(b"head ")
    caller.send(b"tail\\n")
"""


@pytest.fixture
def make(tmp_path):
    made = []

    def begin(kind="tcp", **more):
        made.append(StreamSocket(Endpoint(kind, **more), str(tmp_path)))
        return made[-1]

    yield begin
    for each in made:
        each.close()
        each.close()
        assert each.fileno() == each.write_fileno() == -1


@pytest.fixture
def pair(make, opened):
    """Give ``pair(**endpoint)``: a connection of ours over TCP, and its other end, here."""
    others = []

    def begin(**more):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            host, port = listener.getsockname()
            stream = make(connect=f"{host}:{port}", **more)
            opened(stream.open())
            others.append(listener.accept()[0])
            others[-1].settimeout(20)
        return stream, others[-1]

    yield begin
    for each in others:
        each.close()


def answers(stream, hear):
    assert stream.write(b"hello\n") == 6
    return hear(stream, 6) == b"HELLO\n"


def test_a_tcp_server_is_called(make, program, opened, hear):
    port = int(program(SERVER).stdout.readline())
    stream = make(connect=f"localhost:{port}")
    assert stream.fileno() == stream.write_fileno() == -1
    opened(stream.open())
    assert stream.fileno() == stream.write_fileno() >= 0
    assert stream.read() is stream.look() is None
    assert answers(stream, hear)


def test_a_tcp_client_calls_us_and_then_nobody_can(make, program, run_token, opened, hear):
    bound = bound_at("tcp", "127.0.0.1", 0)
    address = bound.getsockname()
    stream = make(listen="127.0.0.1:1", bound=bound, run=run_token)
    program(CALLER, "tcp", *address)
    opened(stream.open())
    assert answers(stream, hear)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_a_unix_server_is_called(make, program, tmp_path, opened, hear):
    program(SERVER, tmp_path / "sim.sock")
    stream = make("unix", connect="sim.sock")
    opened(stream.open())
    assert answers(stream, hear)


def test_a_unix_client_calls_us_at_a_path_for_this_user_alone(make, program, tmp_path, run_token, opened, hear):
    stream = make("unix", listen="in/sim.sock", run=run_token)
    path = tmp_path / "in" / "sim.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    program(CALLER, "unix", path)
    opened(stream.open())
    assert answers(stream, hear)
    assert not path.exists()


@pytest.mark.parametrize("listens", [False, True])
def test_each_episode_has_a_connection_of_its_own(make, program, run_token, opened, hear, listens):
    if listens:
        bound = bound_at("tcp", "127.0.0.1", 0)
        address = bound.getsockname()
        stream = make(listen="127.0.0.1:1", bound=bound, run=run_token, each_episode=True)
    else:
        stream = make(connect=f"127.0.0.1:{int(program(SERVER).stdout.readline())}", each_episode=True)
    for _ in range(3):
        if listens:
            program(CALLER, "tcp", *address)
        opened(stream.open())
        assert answers(stream, hear)


def test_the_end_of_the_other_side_is_the_end(pair):
    stream, other = pair()
    other.sendall(b"last words")
    other.shutdown(socket.SHUT_WR)
    assert select.select([stream.fileno()], [], [], 20)[0]
    assert stream.read() == b"last words"
    assert select.select([stream.fileno()], [], [], 20)[0]
    assert stream.read() == b""
    # It may still listen.
    assert stream.write(b"more") == 4
    assert other.recv(9) == b"more"


def test_a_reset_is_told_after_what_was_said_before(pair, hear):
    stream, other = pair()
    other.sendall(b"half a rep")
    assert hear(stream, 10) == b"half a rep"
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    name = other.getsockname()
    other.close()
    assert select.select([stream.fileno()], [], [], 20)[0]
    with pytest.raises(PeerClosed) as caught:
        stream.read()
    assert str(caught.value) == (
        "the simulator has reset its connection\n"
        f"  found: Connection reset by peer, 127.0.0.1:{name[1]}\n"
        "  cure: see whether it runs and what it says on stderr; where it wants a new call each time write"
        " `each: episode`"
    )


def test_writing_to_one_that_has_gone_is_told(pair):
    stream, other = pair()
    other.close()
    assert select.select([stream.fileno()], [], [], 20)[0]
    assert stream.write(b"x") == 1  # answered by a reset
    poller = select.poll()
    poller.register(stream.fileno(), 0)
    assert poller.poll(20_000)
    with pytest.raises(PeerClosed, match=r"the simulator has (closed|reset) its connection"):
        stream.write(b"x")


def test_a_full_connection_takes_no_more_until_it_is_read(pair):
    stream, other = pair()
    data, sent = b"x" * (1 << 20), 0
    while taken := stream.write(data):
        sent += taken
    while sent:
        sent -= len(other.recv(1 << 20))
    assert select.select([], [stream.write_fileno()], [], 20)[1]
    assert stream.write(b"more") == 4


def test_the_end_of_the_input_leaves_the_way_back_open(pair, hear):
    stream, other = pair()
    stream.end_input()
    stream.end_input()
    assert stream.write_fileno() == -1
    assert other.recv(9) == b""
    other.sendall(b"bye")
    assert hear(stream, 3) == b"bye"
    with pytest.raises(TransportError, match="its input was ended by us"):
        stream.write(b"x")


def test_nothing_moves_before_it_is_open_and_after_it_is_closed(pair, make):
    stream, _ = pair()
    stream.close()
    for each in (stream, make(connect="127.0.0.1:1")):
        for move in (each.read, lambda each=each: each.write(b"x")):
            with pytest.raises(TransportError, match="there is no connection to 127"):
                move()


def test_closing_gives_up_a_call_that_is_under_way(make, tmp_path):
    calling, listening = make(connect="127.0.0.1:1"), make("unix", listen=".s")
    for each in (calling, listening):
        opening = each.open()
        opening.advance()
        each.close()
        assert opening.fileno() == -1
    assert os.listdir(tmp_path) == []


def test_messages_go_out_at_once_and_a_vanished_machine_is_noticed(pair):
    stream, _ = pair()
    options = stream._socket.getsockopt
    assert options(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    assert options(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert options(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 10


def test_a_reply_in_two_writes_does_not_wait_for_the_kernel(make, program, opened, hear):
    stream = make(connect=f"127.0.0.1:{int(program(TWO_WRITES).stdout.readline())}")
    opened(stream.open())
    times = []
    for _ in range(60):
        begun = time.monotonic()
        stream.write(b"go\n")
        assert hear(stream, 10) == b"head tail\n"
        times.append(time.monotonic() - begun)
    assert sorted(times)[30] < 0.02


def test_replies_in_one_piece_are_acknowledged_with_the_next_command(pair, hear):
    """To acknowledge each at once would cost a quarter of a quick step."""
    stream, other = pair()
    for _ in range(40):
        stream.write(b"go")
        other.sendall(b"done")
        assert hear(stream, 4) == b"done"
    assert stream._at_once == 0
    for _ in range(2):
        other.sendall(b"more")
        assert hear(stream, 4) == b"more"
    assert stream._at_once > 1 << 60


@pytest.mark.parametrize("toxics", [{"slices": 1}, {"latency": 0.02}, {"bandwidth": 2000}])
def test_a_bad_line_changes_nothing_but_the_time(make, program, opened, hear, toxics):
    port = int(program(SERVER).stdout.readline())
    with toxic.Toxic(("127.0.0.1", port), **toxics) as proxy:
        stream = make(connect="{}:{}".format(*proxy.address))
        opened(stream.open())
        for _ in range(3):
            assert answers(stream, hear)
        stream.close()


def test_telnet_is_refused_and_kept_out_of_the_text(pair, hear):
    stream, other = pair(telnet=True)
    other.sendall(b"\xff\xfb\x01\xff\xfd\x18")
    assert select.select([stream.fileno()], [], [], 20)[0]
    assert stream.read() is None
    assert _exactly(other, 6) == b"\xff\xfe\x01\xff\xfc\x18"
    other.sendall(b"log\xff")
    assert hear(stream, 3) == b"log"
    other.sendall(b"\xff\xff\xfb\x01in\r\0")
    assert hear(stream, 4) == b"\xffin\r"
    assert stream.write(b"a\xffb") == 3
    assert _exactly(other, 4) == b"a\xff\xffb"
    other.close()
    assert select.select([stream.fileno()], [], [], 20)[0]
    assert stream.read() == b""


def _exactly(other, size):
    got = b""
    while len(got) < size and (chunk := other.recv(size - len(got))):
        got += chunk
    return got


def test_a_full_telnet_loses_no_byte(pair):
    stream, other = pair(telnet=True)
    stream._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    data = bytes(range(256)) * 4096
    left, got = data, b""
    other.setblocking(False)
    while left or len(got) < len(data) + 4096:
        readable, writable, _ = select.select([other], [stream.write_fileno()] if left else [], [], 20)
        assert readable or writable
        left = left[stream.write(left[:9999]) :] if writable else left
        got += other.recv(7777) if readable else b""
    assert got == data.replace(b"\xff", b"\xff\xff")


def test_what_cannot_be_an_address_is_told_before_anything_starts(make):
    with pytest.raises(ConfigError, match="'5000' is no address of a socket"):
        make(connect="5000")
    for way in ("connect", "listen"):
        with pytest.raises(ConfigError, match="too long"):
            make("unix", **{way: "s" * 108})
    with pytest.raises(ConfigSecurityError, match="beneath the folder that the simulator starts in"):
        make("unix", listen="../sim.sock")


def test_a_socket_that_was_left_is_replaced(make, tmp_path, opened):
    path = tmp_path / "sim.sock"
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(path))
    stream = make("unix", listen=str(path), peer="any")
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))
        opened(stream.open())


def test_a_path_that_somebody_listens_at_is_taken(make, tmp_path):
    path = tmp_path / "sim.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(EndpointInUse) as caught:
            make("unix", listen="sim.sock")
    assert str(caught.value) == (
        f"the Unix socket {path} is taken\n  found: by this process (pid {os.getpid()})\n"
        "  cure: end it, or choose another name"
    )
    assert path.exists()


def test_what_is_no_socket_is_left_alone(make, tmp_path):
    (tmp_path / "sim.sock").write_text("precious")
    with pytest.raises(PeerRejected, match=r"is to be made at .*sim.sock\n  found: a file stands there"):
        make("unix", listen="sim.sock")
    assert (tmp_path / "sim.sock").read_text() == "precious"


def test_only_who_made_the_path_removes_it(make, tmp_path):
    stream = make("unix", listen="sim.sock")
    child = os.fork()
    if child == 0:
        stream.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert (tmp_path / "sim.sock").exists()
    stream.close()
    assert not (tmp_path / "sim.sock").exists()
    # What another has put there since is not removed.
    stream = make("unix", listen="sim.sock")
    (tmp_path / "sim.sock").unlink()
    (tmp_path / "sim.sock").write_text("another's")
    stream.close()
    assert (tmp_path / "sim.sock").exists()

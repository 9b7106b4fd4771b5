"""Who takes part: each makes an environment for the path of the simulator, started by its `reset`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from typing import Any

import gymnasium

from benchmarks.asked import ClientEnv, HttpxEnv, SessionEnv
from benchmarks.bridge import bridge, deck_bridge, fifo_bridge, file_bridge, nec_bridge, screen_bridge
from benchmarks.connected import DatagramEnv, StreamEnv
from benchmarks.expected import ExpectEnv
from benchmarks.network import asking_bridge, called_bridge, datagrams_bridge, serving_bridge, stream_bridge
from benchmarks.places import folder_on
from benchmarks.programs import Programs
from benchmarks.runs import DeckEnv, NecEnv
from benchmarks.screens import ScreenEnv
from benchmarks.served import ServerEnv
from benchmarks.tasks import ANTENNA, KEYS, NUMBERS, Task
from benchmarks.watched import NotifiedEnv, ObservedEnv, PolledEnv
from benchmarks.written import BarePipeEnv, BarePtyEnv, FifoEnv, PipeEnv, PtyEnv

__all__ = ["CONTESTANTS", "Contestant", "absence"]


@dataclass(frozen=True)
class Contestant:
    """``make`` makes its environment for the path of ``program``, whose folder is on ``storage``, memory or disk.

    ``needs`` is a package that not everybody has.
    """

    kind: str
    make: Callable[[str], gymnasium.Env[Any, Any]]
    text: str
    program: str = "answer"
    task: Task = NUMBERS
    storage: str = "memory"
    needs: str = ""


def absence(name: str, programs: Programs) -> str:
    """Return why the contestant ``name`` cannot take part here, "" if it can."""
    contestant = CONTESTANTS[name]
    if contestant.kind in ("files", "run") and folder_on(contestant.storage) is None:
        return f"no folder on {contestant.storage} that can be written to; FILEBRIDGE_WORKDIR names one"
    if contestant.needs and find_spec(contestant.needs) is None:
        return f"{contestant.needs} is not installed: pip install {contestant.needs}"
    return "" if programs.find(contestant.program) else f"{contestant.program} is not installed"


_file = partial(Contestant, "files", program="file")
_run = partial(Contestant, "run", program="deck")
_nec = partial(Contestant, "run", program="nec2c", task=ANTENNA)
_screen = partial(Contestant, "screen", program="screen", task=KEYS, needs="pyte")
_socket = partial(Contestant, "socket", program="socket")
_http = partial(Contestant, "http", program="http")
_IN_FILES = {
    "bridge-file": _file(file_bridge, "the bridge on files"),
    "inotify-file": _file(NotifiedEnv, "written by hand, told by inotify"),
    "watchdog-file": _file(ObservedEnv, "written by hand, told by a watchdog observer"),
    "sleep-file": _file(PolledEnv, "written by hand, sleeps 1 ms and looks"),
}
CONTESTANTS: dict[str, Contestant] = {
    "bridge-pipe": Contestant("console", partial(bridge, terminal=False), "the bridge on pipes"),
    "bridge-pty": Contestant("console", partial(bridge, terminal=True), "the bridge on a terminal"),
    "pexpect": Contestant("console", partial(ExpectEnv, before=True, after=True), "pexpect with its defaults"),
    "pexpect-send": Contestant(
        "console", partial(ExpectEnv, before=False, after=True), "pexpect without its delay before a send"
    ),
    "pexpect-tuned": Contestant(
        "console", partial(ExpectEnv, before=False, after=False), "pexpect without any delay"
    ),
    "written-pipe": Contestant("console", PipeEnv, "written by hand on pipes"),
    "written-pty": Contestant("console", PtyEnv, "written by hand on a terminal"),
    "bare-pipe": Contestant("console", BarePipeEnv, "nothing parsed, pipes: the kernel's cost"),
    "bare-pty": Contestant("console", BarePtyEnv, "nothing parsed, terminal: the kernel's cost"),
    "bridge-fifo": Contestant("fifo", fifo_bridge, "the bridge between two FIFOs"),
    "written-fifo": Contestant("fifo", FifoEnv, "written by hand between two FIFOs"),
    **_IN_FILES,
    **{f"{name}-disk": replace(one, storage="disk", text=f"{one.text}, on a disk") for name, one in _IN_FILES.items()},
    "bridge-run": _run(deck_bridge, "the bridge, a process for each step"),
    "subprocess-run": _run(DeckEnv, "subprocess.run by hand"),
    "bridge-nec2c": _nec(nec_bridge, "the bridge, nec2c for each step"),
    "subprocess-nec2c": _nec(NecEnv, "subprocess.run by hand, nec2c"),
    "bridge-screen": _screen(screen_bridge, "the bridge on a full screen"),
    "pyte-screen": _screen(ScreenEnv, "written by hand on a terminal, with pyte"),
    "bridge-tcp": _socket(partial(stream_bridge, way="listen"), "the bridge over TCP, it listens"),
    "written-tcp": _socket(partial(StreamEnv, way="listen"), "written by hand over TCP, it listens"),
    "bridge-tcp-dial": _socket(partial(called_bridge, way="dial"), "the bridge over TCP, it calls us"),
    "written-tcp-dial": _socket(partial(StreamEnv, way="dial"), "written by hand over TCP, it calls us"),
    "bridge-halves": _socket(partial(stream_bridge, way="halves"), "the bridge over TCP, two writes for each answer"),
    "written-halves": _socket(partial(StreamEnv, way="halves"), "written by hand with our options, two writes"),
    "plain-halves": _socket(partial(StreamEnv, way="halves", tuned=False), "written by hand with none, two writes"),
    "bridge-unix": _socket(partial(stream_bridge, way="serve"), "the bridge on a Unix socket, it listens"),
    "written-unix": _socket(partial(StreamEnv, way="serve"), "written by hand on a Unix socket, it listens"),
    "bridge-unix-dial": _socket(partial(called_bridge, way="call"), "the bridge on a Unix socket, it calls us"),
    "written-unix-dial": _socket(partial(StreamEnv, way="call"), "written by hand on a Unix socket, it calls us"),
    "bridge-udp": _socket(partial(datagrams_bridge, resends=False), "the bridge over UDP"),
    "bridge-udp-resend": _socket(partial(datagrams_bridge, resends=True), "the bridge over UDP, numbered and resent"),
    "written-udp": _socket(DatagramEnv, "written by hand over UDP"),
    "bridge-http": _http(asking_bridge, "the bridge over HTTP, it serves"),
    "client-http": _http(ClientEnv, "written by hand with http.client"),
    "requests-http": _http(SessionEnv, "written by hand with a Session of requests", needs="requests"),
    "httpx-http": _http(HttpxEnv, "written by hand with a Client of httpx", needs="httpx"),
    "bridge-http-poll": _http(partial(serving_bridge, way="poll"), "the bridge over HTTP, it asks, twice a step"),
    "bridge-http-turn": _http(partial(serving_bridge, way="turn"), "the bridge over HTTP, it asks, once a step"),
    "written-http-poll": _http(ServerEnv, "written by hand with http.server and queues, it asks, twice a step"),
}
"""Name -> how it is made, and what it is; those of one kind stand together."""

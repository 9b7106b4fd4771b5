"""Answers in files, fetched as one would by hand: told by inotify, told by watchdog, or found by looking."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
import threading
import time
from typing import Any

import gymnasium
import numpy as np
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

__all__ = ["NotifiedEnv", "ObservedEnv", "PolledEnv"]

Action = np.ndarray[Any, np.dtype[np.float32]]
Observation = np.ndarray[Any, np.dtype[np.float64]]
Start = tuple[Observation, dict[str, Any]]
Step = tuple[Observation, float, bool, bool, dict[str, Any]]
IN_MOVED_TO = 0x80


class FileEnv(gymnasium.Env[Observation, Action]):
    """The simulator in a folder of its own: `act.txt` goes in by rename, `obs.txt` comes out; how is another matter."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.folder = ""
        self.steps = 0
        self.action_space = gymnasium.spaces.Box(-1, 1, (1,))
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (6,), np.float64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Start:
        super().reset(seed=seed)
        self.close()
        self.folder = tempfile.mkdtemp(prefix="written-", dir=os.environ.get("FILEBRIDGE_WORKDIR"))
        self.part, self.act, self.obs = (os.path.join(self.folder, name) for name in ("act.tmp", "act.txt", "obs.txt"))
        self._watch()
        self.process = subprocess.Popen([self.program], cwd=self.folder, stdin=subprocess.DEVNULL)
        self.steps = 0
        return np.array(self._ask(0.0)), {}

    def step(self, action: Action) -> Step:
        self.steps += 1
        values = self._ask(action.item())
        return np.array(values), -abs(values[0]), False, False, {}

    def _ask(self, number: float) -> list[float]:
        self._put(b"%d %.3f\n" % (self.steps, number))
        self._wait()
        return [float(word) for word in self._fetched().split()[:6]]

    def _put(self, data: bytes) -> None:
        descriptor = os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(descriptor, data)
        os.close(descriptor)
        os.rename(self.part, self.act)

    def _fetched(self) -> bytes:
        descriptor = os.open(self.obs, os.O_RDONLY)
        data = os.read(descriptor, 4096)
        os.close(descriptor)
        return data

    def _watch(self) -> None:
        """Begin to watch the folder, before anybody writes into it."""

    def _wait(self) -> None:
        """Wait for the answer."""
        raise NotImplementedError

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None
        if self.folder:
            shutil.rmtree(self.folder)
            self.folder = ""


class NotifiedEnv(FileEnv):
    """Told by inotify, through ctypes: of what is renamed into the folder, and of nothing else."""

    notes = -1

    def _watch(self) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self.notes = library.inotify_init1(os.O_CLOEXEC)
        if self.notes < 0 or library.inotify_add_watch(self.notes, os.fsencode(self.folder), IN_MOVED_TO) < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def _wait(self) -> None:
        # Our own file is announced too, alone or in one piece with the answer.
        while b"obs.txt" not in os.read(self.notes, 4096):
            pass

    def close(self) -> None:
        super().close()
        if self.notes >= 0:
            os.close(self.notes)
            self.notes = -1


class Arrival(FileSystemEventHandler):
    """Sets ``happened`` when something is renamed to ``path``."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.happened = threading.Event()

    def on_moved(self, event: FileSystemEvent) -> None:
        if event.dest_path == self.path:
            self.happened.set()


class ObservedEnv(FileEnv):
    """Told by the observer of watchdog, as its documentation shows it."""

    observer: Any = None

    def _watch(self) -> None:
        self.arrival = Arrival(self.obs)
        self.observer = Observer()
        self.observer.schedule(self.arrival, self.folder)
        self.observer.start()

    def _put(self, data: bytes) -> None:
        self.arrival.happened.clear()
        super()._put(data)

    def _wait(self) -> None:
        if not self.arrival.happened.wait(10):
            raise TimeoutError(self.obs)

    def close(self) -> None:
        super().close()
        if self.observer is not None:
            self.observer.stop()
            self.observer.join()
            self.observer = None


class PolledEnv(FileEnv):
    """Nobody tells: it sleeps for a millisecond and looks, until the file is another one."""

    seen: tuple[int, int] | None = None

    def _watch(self) -> None:
        self.seen = None

    def _wait(self) -> None:
        until = time.monotonic() + 10
        while True:
            found = self._identity()
            if found != self.seen:
                self.seen = found
                return
            if time.monotonic() > until:
                raise TimeoutError(self.obs)
            time.sleep(0.001)

    def _identity(self) -> tuple[int, int] | None:
        try:
            state = os.stat(self.obs)
        except FileNotFoundError:
            return None
        return state.st_ino, state.st_mtime_ns

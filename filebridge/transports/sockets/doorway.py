"""A Unix socket that we listen on: its file is made for this user alone, and removed again."""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import suppress

from filebridge.errors import EndpointInUse, PeerRejected, StartError, TransportError
from filebridge.transports.regular import kind_of, open_folder
from filebridge.transports.sockets.address import unix_path
from filebridge.transports.sockets.ports import BACKLOG, no_socket
from filebridge.transports.sockets.table import listening_path, owner

__all__ = ["Doorway"]


class Doorway:
    """The ``listener`` at the path ``name`` beneath ``directory``; never blocks.

    One that an earlier run left is replaced. Raises EndpointInUse where somebody listens there, PeerRejected where
    something else stands there, ConfigError for a path that is too long, ConfigSecurityError for one that leads out of
    ``directory``, StartError or LimitReached where none can be made.
    """

    __slots__ = ("_directory", "_identity", "_name", "_owner", "listener")

    def __init__(self, directory: str, name: str) -> None:
        path = unix_path(directory, name)
        self._directory, self._owner = directory, os.getpid()
        # An absolute path that lies beneath the folder is as good as one that is seen from there.
        self._name = os.path.relpath(path, directory) if os.path.isabs(name) else os.path.normpath(name)
        folder, last = open_folder(directory, self._name, make=True)
        try:
            _clear(folder, last, path)
            self.listener = _listening(path)
            state = os.stat(last, dir_fd=folder, follow_symlinks=False)
            self._identity = state.st_dev, state.st_ino
        finally:
            os.close(folder)

    def close(self) -> None:
        """Listen no more, and remove the file if this process made it; twice is harmless."""
        self.listener.close()
        if self._owner != os.getpid():
            return  # a forked copy of the trainer: the simulator belongs to the parent
        self._owner = 0
        # The folder may be gone, or the name be another's by now.
        with suppress(OSError, TransportError):
            folder, last = open_folder(self._directory, self._name)
            try:
                state = os.stat(last, dir_fd=folder, follow_symlinks=False)
                if (state.st_dev, state.st_ino) == self._identity:
                    os.unlink(last, dir_fd=folder)
            finally:
                os.close(folder)


def _listening(path: str) -> socket.socket:
    try:
        listener = socket.socket(socket.AF_UNIX)
    except OSError as exc:
        raise no_socket(exc) from exc
    try:
        listener.setblocking(False)
        # The file gets the permissions of the socket: there is no moment in which it is open to others.
        os.fchmod(listener.fileno(), 0o600)
        listener.bind(path)
        listener.listen(BACKLOG)
    except OSError as exc:
        listener.close()
        raise StartError(
            f"the Unix socket {path} cannot be made",
            found=str(exc.strerror),
            cure="let the simulator start in a folder where this user may make sockets",
        ) from exc
    return listener


def _clear(folder: int, last: str, path: str) -> None:
    """Remove a socket that an earlier run left; refuse anything else that stands there."""
    try:
        state = os.stat(last, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(state.st_mode) or state.st_uid != os.geteuid():
        kind = "a socket of another user" if stat.S_ISSOCK(state.st_mode) else kind_of(state.st_mode)
        raise PeerRejected(
            f"a Unix socket is to be made at {path}",
            found=f"{kind} stands there",
            cure="remove it, or choose another name",
        )
    with socket.socket(socket.AF_UNIX) as caller:
        caller.setblocking(False)
        if caller.connect_ex(path) not in (errno.ECONNREFUSED, errno.ENOENT):
            raise EndpointInUse(
                f"the Unix socket {path} is taken",
                found=f"by {owner(listening_path(path))}",
                cure="end it, or choose another name",
            )
    os.unlink(last, dir_fd=folder)

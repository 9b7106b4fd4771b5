"""The result files of a run, read once it has ended: nobody writes them any more, so they are whole."""

from __future__ import annotations

import os

from filebridge.errors import ConfigError, ProtocolError, TransportError
from filebridge.parcel import pack
from filebridge.transports.base import Results
from filebridge.transports.regular import identity, open_folder, read_regular

__all__ = ["RunResults"]

_LOOKS = 3


class RunResults:
    """The files ``names`` that a run answers in, beneath ``directory``; several make one parcel.

    Raises ConfigSecurityError for a name that leads out of it, ConfigError for one with a star, TransportError
    when the directory cannot be opened.
    """

    __slots__ = ("_cap", "_directory", "_root", "names")

    def __init__(self, directory: str, results: Results) -> None:
        self._directory, self._cap = directory, results.cap
        self.names = results.names
        for name in self.names:
            _refuse_star(name)
            found = self._open(name)
            if found is not None:
                os.close(found[0])
        self._root = open_folder(directory, "any")[0]

    def remove(self) -> None:
        """Remove what an earlier run has left, so that it can never be taken for the result of the next.

        Raises TransportError when that is not possible.
        """
        for name in self.names:
            found = self._folder(name)
            if found is None:
                continue
            folder, last = found
            try:
                os.unlink(last, dir_fd=folder)
            except FileNotFoundError:
                continue
            except OSError as exc:
                raise TransportError(
                    f"the old {name} cannot be removed, and could be taken for a new one",
                    found=str(exc.strerror),
                    cure="let no folder stand there, and let this user remove files in its folder",
                ) from exc
            finally:
                self._leave(folder)

    def message(self) -> bytes:
        """Return the result as it is, or a parcel of several.

        Raises ProtocolError when there is none, MessageTooLarge, PeerRejected for anything but a regular file.
        """
        if len(self.names) == 1:
            return self._read(self.names[0])
        return pack([(name, self._read(name)) for name in self.names])

    def close(self) -> None:
        """Close the directory; twice is harmless."""
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    def _read(self, name: str) -> bytes:
        found = self._folder(name)
        if found is None:
            raise _missing(name)
        folder, last = found
        try:
            for _ in range(_LOOKS):
                result = read_regular(folder, last, self._cap)
                if result is not None:
                    return result[0]
                if identity(folder, last) is None:
                    raise _missing(name)
        finally:
            self._leave(folder)
        raise ProtocolError(
            f"{name} is being written although the run has ended",
            cure="use the option that keeps the program in the foreground",
        )

    def _folder(self, name: str) -> tuple[int, str] | None:
        """Return the folder in which ``name`` lies and the last part of the name; None if there is no such folder."""
        # The program may remove and make a folder anew: what was opened at an earlier run may be another.
        return self._open(name) if "/" in name else (self._root, name)

    def _open(self, name: str) -> tuple[int, str] | None:
        try:
            return open_folder(self._directory, name)
        except TransportError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise

    def _leave(self, folder: int) -> None:
        if folder != self._root:
            os.close(folder)


def _refuse_star(name: str) -> None:
    if "*" in name:
        raise ConfigError(
            f"numbered results, {name}, need a simulator that runs on",
            found="a process for each step",
            cure="name the file that each run writes",
        )


def _missing(name: str) -> ProtocolError:
    return ProtocolError(
        f"the run ended well but wrote no {name}",
        cure="correct `files: {read: ...}`, or the option that names the program's output; its stderr may say more",
    )

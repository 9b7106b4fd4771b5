"""What a link starts: the command of a configuration with all its names filled in, its files, its transport."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from filebridge import guardian, registry
from filebridge.config import substitution
from filebridge.config.model import Config
from filebridge.config.transport import Console, Fifo, Files
from filebridge.errors import ExecFailed
from filebridge.program import Program
from filebridge.transports.base import Launch, Limits, Results, Run, Terminal, Transport, Ways
from filebridge.transports.folder import PlacedFile
from filebridge.transports.outbox import Outbox
from filebridge.transports.process import exec_path
from filebridge.transports.recording import Recorder, Transcript
from filebridge.transports.sockets.endpoint import Endpoints

__all__ = ["connect", "launch_of", "look_beside", "placed_files", "shown_command"]

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME")
"""Environment variables that a simulator gets from the trainer; the rest could hold secrets."""

SCREEN = "vt100"
"""The terminal that a full screen is drawn for: the least that every such program knows."""


def connect(program: Program, launch: Launch, transcript: Transcript | None) -> Transport:
    """Start the simulator and return the way to it, which records into ``transcript``.

    Raises StartError and its kin, ConfigError, PeerRejected; what was opened is closed then.
    """
    outbox = None
    try:
        for name in program.config.simulator.requires:
            exec_path(replace(launch, argv=(name,)))
        outbox = _outbox(program, launch.directory)
        transport: Transport = registry.load("transports", _kind(launch))(launch)
        transport.outbox = outbox
        return transport if transcript is None else Recorder(transport, transcript)
    except BaseException:
        if outbox is not None:
            outbox.close()
        if transcript is not None:
            transcript.close()
        raise


def _kind(launch: Launch) -> str:
    """Return the name of the transport that does what ``launch`` asks for."""
    if launch.run is not None:
        return "run"
    if launch.ways is not None:
        return "assembly"
    return "pty" if launch.terminal else "pipes"


def _outbox(program: Program, directory: str) -> Outbox | None:
    """Return what puts files into the folder of the simulator, None where no exchange has any."""
    if not program.delivers:
        return None
    files = program.config.transport.files or Files()
    return Outbox(directory, durable=files.fsync, lock=files.lock_writes or "")


def look_beside(error: ExecFailed, name: str, folder: Path | None) -> None:
    """Correct the cure where the missing program stands beside the YAML: the process starts in another folder."""
    if folder is not None and not os.path.isabs(name) and (folder / name).is_file():
        error.cure = f"there is one beside the YAML: `${{config}}/{os.path.normpath(name)}`"


def shown_command(launch: Launch, values: Mapping[str, object]) -> list[str]:
    """Return the command as it may be shown: the secret of the run by its name."""
    token = str(values.get("token", ""))
    return [word.replace(token, "${token}") if token else word for word in launch.argv]


def placed_files(program: Program) -> list[PlacedFile]:
    """Return the files that are put into the folder before the start."""
    folder = program.source.folder or Path.cwd()
    placed = []
    for name, file in program.config.simulator.files.items():
        if file.text is not None:
            placed.append(PlacedFile(name, "text", file.text))
            continue
        ways = (("copy", file.copy_of), ("link", file.link), ("template", file.template))
        way, source = next((way, source) for way, source in ways if source)
        placed.append(PlacedFile(name, way, str(folder / source)))  # type: ignore[arg-type]
    return placed


def launch_of(config: Config, values: Mapping[str, Any], token: str, sockets: Endpoints = ()) -> Launch:
    """Return how the simulator is started, with ``values`` for the names in `${...}`; ``token`` marks its processes.

    ``sockets`` are those that lead to it.
    """
    simulator, limits = config.simulator, config.limits
    console = config.transport.console or Console()
    columns, rows = console.screen or console.size
    return Launch(
        argv=tuple(substitution.fill(word, values) for word in simulator.command),
        directory=substitution.fill(simulator.directory, values),
        environment=_environment(config, values, token),
        search=tuple(substitution.fill(folder, values) for folder in simulator.path),
        limits=Limits(limits.memory, limits.cpu, limits.files, limits.file_size, limits.processes),
        terminal=None if console.terminal == "none" else Terminal(rows, columns, raw=_is_raw(console)),
        merge_stderr=console.stderr == "merged",
        install=simulator.install,
        ways=_ways(config, sockets),
        run=Run(_endings(simulator.exit_ok), simulator.remember) if simulator.each == "step" else None,
    )


def _endings(exit_ok: Sequence[int | str]) -> tuple[int, ...]:
    """Return the ends of a run that went well, the number of a signal negative."""
    return tuple(end if isinstance(end, int) else -signal.Signals[end] for end in exit_ok)


def _is_raw(console: Console) -> bool:
    """Return whether the terminal passes bytes as they are; a program that draws a screen sets what it wants itself."""
    return console.terminal == "raw" and console.screen is None


def _environment(config: Config, values: Mapping[str, Any], token: str) -> dict[str, str]:
    simulator, console = config.simulator, config.transport.console
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    if substitution.uses(simulator.command, "python") and "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    environment["TERM"] = SCREEN if console is not None and console.screen is not None else "dumb"
    environment |= {name: substitution.fill(text, values) for name, text in simulator.environment.items()}
    environment[guardian.ENVIRONMENT_NAME] = token
    return environment


def _ways(config: Config, sockets: Endpoints) -> Ways | None:
    """Return what leads to the simulator and back, None where the console does all of it."""
    transport = config.transport
    files, fifo = transport.files, transport.fifo or Fifo()
    results = None if files is None or files.read is None else _results(files, config.limits.output)
    if config.simulator.each == "step":
        # Without a name the result is what the run prints.
        return Ways(results=results or Results((), cap=config.limits.output))
    if transport.console is not None and results is None and transport.fifo is None and not sockets:
        return None
    return Ways(fifo.write or "", fifo.read or "", results, transport.console is not None, sockets)


def _results(files: Files, cap: int) -> Results:
    return Results(
        names=files.read or (),
        written=files.written,
        flag=files.flag or "",
        lock=files.lock or "",
        remove=files.remove,
        watch=files.watch,
        interval=files.every,
        cap=cap,
    )

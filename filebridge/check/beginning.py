"""Rules without which no other can be tried: the configuration loads, the program is there, it starts and answers."""

from __future__ import annotations

from filebridge.check.installation import executable
from filebridge.check.rule import Finding
from filebridge.check.subject import Subject, drawn
from filebridge.config import substitution

__all__ = ["answers", "installed", "loads"]

_OPEN = (
    "`${token}` stands in `command`, and all users of this machine can read the words of a command: write"
    " `environment: {TOKEN: \"${token}\"}`, and let the program take it from there"
)


def loads(subject: Subject) -> Finding:
    """Read and compile the YAML, without a mistake; nothing is started for that."""
    simulator = subject.program.config.simulator
    is_open = substitution.uses(simulator.command, "token")
    return Finding(subject.program.source.name, warnings=(_OPEN,) if is_open else ())


def installed(subject: Subject) -> Finding:
    """Find the executable, on PATH or in the folders that the configuration names."""
    program = subject.program
    return Finding(executable(program.config, program.source.folder))


def answers(subject: Subject) -> Finding:
    """Start the program, hold its start dialogue, and get an answer to one action."""
    with subject.env() as env:
        env.reset(seed=subject.seed)
        env.step(drawn(env))
    return Finding()

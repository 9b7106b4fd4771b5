"""How busy all are while many simulators are stepped: this process, each simulator, the machine."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from filebridge.report.machine import busy_seconds, cores
from filebridge.report.processes import processor_seconds

if TYPE_CHECKING:
    from filebridge.vector import BridgeVectorEnv

__all__ = ["Load", "Meter"]


@dataclass(frozen=True, slots=True)
class Load:
    """How busy all were for ``elapsed`` seconds.

    ``waited`` is the share of that time in which this process did nothing but wait for simulators, ``idle`` for each
    seat the share in which its simulator was asked nothing. ``own`` is the processor time of this process in cores,
    ``simulators`` that of all simulators together, ``others`` that of all other programs on the machine; of ``cores``,
    which may be used. None stands for what is not known.
    """

    elapsed: float
    waited: float
    idle: tuple[float, ...]
    own: float
    simulators: float | None
    others: float | None
    cores: float

    @property
    def mean_idle(self) -> float:
        """The mean of ``idle``."""
        return sum(self.idle) / len(self.idle)


class Meter:
    """Measures the load of ``envs`` from now on, until ``load`` is asked for."""

    def __init__(self, envs: BridgeVectorEnv) -> None:
        self._envs = envs
        # What runs already, started by somebody else, uses time that nobody here can see.
        self._is_ours = bool(envs.program.config.simulator.command)
        self._simulators = processor_seconds() if self._is_ours else None
        self._machine, self._own = busy_seconds(), process_time()
        self._waited, self._busy = envs.waited, envs.busy
        self._begun = perf_counter()

    @property
    def elapsed(self) -> float:
        """Seconds so far."""
        return perf_counter() - self._begun

    def load(self) -> Load:
        """Return the load since this was made."""
        elapsed = max(self.elapsed, 1e-9)
        own = (process_time() - self._own) / elapsed
        simulators = _rate(self._simulators, processor_seconds() if self._is_ours else None, elapsed)
        machine = _rate(self._machine, busy_seconds(), elapsed)
        there = cores()
        busy = (self._envs.busy - self._busy) / elapsed
        return Load(
            elapsed=elapsed,
            waited=_within((self._envs.waited - self._waited) / elapsed),
            idle=tuple(_within(1.0 - float(share)) for share in busy),
            own=own,
            simulators=simulators,
            others=None if machine is None or simulators is None else _within(machine - own - simulators, there),
            cores=there,
        )


def _rate(before: float | None, after: float | None, elapsed: float) -> float | None:
    return None if before is None or after is None else max(0.0, after - before) / elapsed


def _within(part: float, most: float = 1.0) -> float:
    """Return ``part`` without what clocks of different steps make of it: less than nothing, more than all."""
    return min(most, max(0.0, part))

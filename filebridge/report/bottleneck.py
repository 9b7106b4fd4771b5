"""What keeps many simulators from going faster, said in a sentence, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from filebridge.report.load import Load

__all__ = ["Bottleneck", "bottleneck"]

FULL = 0.85
"""Share of what there is from which on there is no more of it: the rest goes into changing over."""

HALF = 0.5


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """What limits the throughput.

    ``what`` is "this process", "cores", "other programs", "slowest simulators" or "simulators"; ``why`` says by what
    that is known, ``cure`` what would help.
    """

    what: str
    why: str
    cure: str

    @property
    def is_one(self) -> bool:
        """Whether it is one thing, rather than several."""
        return self.what == "this process"

    @property
    def name(self) -> str:
        """What it is, as it stands within a sentence."""
        return self.what if self.what in ("this process", "other programs") else f"the {self.what}"


def bottleneck(load: Load, is_lockstep: bool, is_warm: bool) -> Bottleneck:
    """Return what limits the throughput under ``load``.

    ``is_lockstep``: each step is one of all seats together. ``is_warm``: no simulator could be started ahead that
    is not.
    """
    found = _full_process(load) or _cores(load) or _other_programs(load)
    if found is None and is_lockstep:
        found = _slowest(load, is_warm)
    return found or (_this_process(load) if load.own >= HALF else _simulators(load))


def _full_process(load: Load) -> Bottleneck | None:
    if load.own < FULL * min(1.0, load.cores) or load.waited > HALF:
        return None
    return Bottleneck(
        "this process",
        f"it computes {_percent(min(1.0, load.own))} of the time, and the simulators wait for it",
        "more seats gain nothing; share them among several processes, as many as there are cores to spare",
    )


def _cores(load: Load) -> Bottleneck | None:
    if load.simulators is None or load.own + load.simulators < FULL * load.cores:
        return None
    return Bottleneck(
        "cores",
        f"of {load.cores:g} the simulators use {load.simulators:.1f} and this process {load.own:.1f}",
        "more seats gain nothing; a machine with more cores does",
    )


def _other_programs(load: Load) -> Bottleneck | None:
    if load.simulators is None or load.others is None:
        return None
    ours = load.own + load.simulators
    if ours + load.others < FULL * load.cores or load.others < ours / 2:
        return None
    return Bottleneck(
        "other programs",
        f"they use {load.others:.1f} of {load.cores:g} cores, the simulators {load.simulators:.1f}, this process"
        f" {load.own:.1f}",
        "measure again when they have ended",
    )


def _slowest(load: Load, is_warm: bool) -> Bottleneck | None:
    if len(load.idle) == 1 or load.mean_idle < HALF or _waits(load) < HALF:
        return None
    ahead = "" if is_warm else "; those that begin an episode by their start can be started ahead: --warm"
    return Bottleneck(
        "slowest simulators",
        f"a step waits for all seats, and a simulator idles {_percent(load.mean_idle)} of the time for others",
        f"a trainer that uses send and recv steps those that are ready: --wait-for shows what it gains{ahead}",
    )


def _this_process(load: Load) -> Bottleneck:
    return Bottleneck(
        "this process",
        f"it computes {_percent(load.own)} of the time, and the simulators wait for it",
        "more seats fill the time that is left; after that share them among several processes",
    )


def _simulators(load: Load) -> Bottleneck:
    waits = f"this process waits for them {_percent(_waits(load))} of the time"
    if load.simulators is None:
        return Bottleneck("simulators", waits, "more seats may help: filebridge bench finds how many")
    why = f"{waits}, and they use {load.simulators:.2g} of {load.cores:g} cores"
    more = "more seats help, there are cores left: filebridge bench finds how many"
    if load.simulators < HALF * min(load.cores, len(load.idle)):
        return Bottleneck("simulators", f"{why}: they sleep, or wait for something themselves", more)
    return Bottleneck("simulators", f"{why}: they compute", more)


def _waits(load: Load) -> float:
    """Return the share of time in which this process waits; what it gives way in, while it looks, is not in waited."""
    return max(load.waited, 1.0 - load.own)


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"

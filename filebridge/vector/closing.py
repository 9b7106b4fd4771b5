"""The end of many simulators at the same time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from time import monotonic

from filebridge.crowd import Crowd
from filebridge.env import BridgeEnv
from filebridge.link import GRACE
from filebridge.running import end_each
from filebridge.spares import Pool
from filebridge.transports.stopping import stop

__all__ = ["close_all"]


def close_all(envs: Sequence[BridgeEnv], pool: Pool | None) -> None:
    """Close ``envs`` and their ``pool``, in the time that the slowest takes; raises CleanupError for what remains."""
    sessions = [env.session for env in envs if env.session.link is not None]
    if sessions:
        deadline = monotonic() + sessions[0].stop_seconds
        crowd = Crowd()
        for session in sessions:
            crowd.begin(session, session.goodbye())
        while len(crowd):
            crowd.wait(math.inf)
        crowd.close()
        processes = [session.link.process for session in sessions if session.link is not None]
        grace = min(GRACE, max(0.0, (deadline - monotonic()) / 2))
        stop([process for process in processes if process.pid], grace, deadline)
    end_each([*(() if pool is None else (pool.close,)), *(env.close for env in envs)])

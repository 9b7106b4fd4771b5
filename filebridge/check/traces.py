"""The rule about what an environment leaves behind: nothing."""

from __future__ import annotations

import os

from filebridge import sweep
from filebridge.check.rule import Broken, Finding
from filebridge.check.subject import Subject, drawn, link_of

__all__ = ["close_leaves_nothing"]


def close_leaves_nothing(subject: Subject) -> Finding:
    """Close: no process of the simulator runs on, its folder is gone, and a second close is harmless."""
    with subject.env() as env:
        env.reset(seed=subject.seed)
        env.step(drawn(env))
        link = link_of(env)
        pid, folder, token = link.process.pid, link.folder.path, link._token
        env.close()
        env.close()
    # With a process for each step there is none at the end, and what others left may be of any number.
    own = {pid} if pid else set()
    left = [f"process {one}" for one in {*own, *sweep.holders(token, pid)} if _runs(one)]
    if folder.exists():
        left.append(f"folder {folder}")
    if left:
        raise Broken("left behind: " + ", ".join(left), "see what the program starts, and whether it can be ended")
    return Finding()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # Somebody else's by now: the number has been given away.
        return False
    return True

"""Records some episodes of the real programs, for tests/test_transcripts.py to read again in any pieces.

    python tests/transcripts/record.py [NAME ...]

For each simulator a folder: a transcript of each process, and calls.jsonl with one line for each call of the
environment: what was asked, what came of it, and the length and checksum of the reply that it was read from.
"""

from __future__ import annotations

import json
import shutil
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np

from filebridge import BridgeEnv, SeedWarning

FOLDER = Path(__file__).parent
SEED = 20
EPISODES = {
    "Lander": (4, 200), "Wump": (8, 60), "Stockfish": (2, 8), "Ngspice": (3, 12), "BasicLander": (3, 200),
    # Between FIFOs, over TCP in both roles, events and commands, binary messages of an adapter.
    "SpimLander": (3, 200), "StockfishDial": (2, 8), "MotorDial": (2, 40), "Rotator": (2, 12), "Shop": (2, 120),
    "Focuser": (2, 12), "ModbusTcp": (2, 12),
}  # fmt: skip
"""Name -> episodes, and the steps after which one is left."""


def plain(value):
    """Return an observation, an action or info as JSON knows it."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def checksum(env):
    """Return the length and the checksum of what the simulator said last."""
    reply = env._session.link.dialogue.reply
    return [len(reply), zlib.crc32(reply)]


def choose(env, generator, info):
    """Return an action: one at random, but in chess mostly a legal one."""
    if "legal" not in info or generator.random() < 0.2:
        return env.action_space.sample()
    move = str(generator.choice(info["legal"].splitlines())).partition(":")[0]
    squares = [f"{file}{rank}" for rank in "87654321" for file in "abcdefgh"]
    return np.array([squares.index(move[:2]), squares.index(move[2:4])])


def calls(env, episodes, steps):
    """Yield one plain mapping for each call."""
    generator = np.random.default_rng(SEED)
    env.action_space.seed(SEED)
    for episode in range(episodes):
        seed = None if episode else SEED
        observation, info = env.reset(seed=seed)
        yield {"reset": seed, "observation": plain(observation), "info": plain(info), "reply": checksum(env)}
        for _ in range(steps):
            action = choose(env, generator, info)
            observation, reward, terminated, truncated, info = env.step(action)
            outcome = {"reward": reward, "terminated": terminated, "truncated": truncated, "info": plain(info)}
            yield {"step": plain(action), "observation": plain(observation), **outcome, "reply": checksum(env)}
            if terminated or truncated:
                break


def anonymous(path, command):
    """Take what belongs to this machine and this day out of the header of a transcript."""
    first, _, rest = path.read_text("ascii").partition("\n")
    header = {**json.loads(first), "command": command}
    del header["date"]
    path.write_text(json.dumps(header) + "\n" + rest, "ascii")


def record(name):
    """Record the simulator of this name."""
    shutil.rmtree(FOLDER / name, ignore_errors=True)
    env = BridgeEnv(name, transcript=FOLDER / name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SeedWarning)
            lines = [json.dumps(call) + "\n" for call in calls(env, *EPISODES[name])]
    finally:
        env.close()
    (FOLDER / name / "calls.jsonl").write_text("".join(lines), "ascii")
    for path in (FOLDER / name).glob(f"{name}-*.jsonl"):
        anonymous(path, env.program.config.simulator.command)


if __name__ == "__main__":
    for wanted in sys.argv[1:] or EPISODES:
        record(wanted)

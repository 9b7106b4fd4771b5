"""A process for each step by hand: the deck written, `subprocess.run`, the listing read."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

__all__ = ["DeckEnv", "NecEnv"]

Action = np.ndarray[Any, np.dtype[np.float32]]
Observation = np.ndarray[Any, np.dtype[np.float64]]
Start = tuple[Observation, dict[str, Any]]
Step = tuple[Observation, float, bool, bool, dict[str, Any]]


class DeckEnv(gymnasium.Env[Observation, Action]):
    """`deck.c`, which finds its deck and leaves its listing in the folder that it starts in."""

    deck, listing, size, first = "deck.txt", "listing.txt", 6, 0.0

    def __init__(self, program: str) -> None:
        self.command = [program]
        self.folder: Path | None = None
        self.action_space = gymnasium.spaces.Box(-1, 1, (1,))
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (self.size,), np.float64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Start:
        super().reset(seed=seed)
        self.close()
        self.folder = Path(tempfile.mkdtemp(prefix="written-", dir=os.environ.get("FILEBRIDGE_WORKDIR")))
        return np.array(self._ask(self.first)), {}

    def step(self, action: Action) -> Step:
        values = self._ask(action.item())
        return np.array(values), -abs(values[0]), False, False, {}

    def _ask(self, number: float) -> list[float]:
        assert self.folder is not None
        (self.folder / self.deck).write_text(self._written(number))
        subprocess.run(self.command, cwd=self.folder, capture_output=True, check=True)
        return self._read((self.folder / self.listing).read_text())

    def _written(self, number: float) -> str:
        return f"TITLE answer\nVALUE {number:.3f}\nEND\n"

    def _read(self, text: str) -> list[float]:
        return [float(word) for word in text.splitlines()[-1].split()]

    def close(self) -> None:
        if self.folder is not None:
            shutil.rmtree(self.folder)
            self.folder = None


class NecEnv(DeckEnv):
    """nec2c, a real solver of antennas."""

    deck, listing, size, first = "dipole.nec", "dipole.out", 2, 0.5

    def __init__(self, program: str) -> None:
        super().__init__(program)
        self.command = [program, "-i", self.deck, "-o", self.listing]

    def _written(self, number: float) -> str:
        wire = f"GW 1 21 0 0 {-number:.3f} 0 0 {number:.3f} 0.001"
        return f"CM dipole\nCE\n{wire}\nGE 0\nEX 0 1 11 0 1 0\nFR 0 1 0 0 150 0\nXQ\nEN\n"

    def _read(self, text: str) -> list[float]:
        block = text[text.index("ANTENNA INPUT PARAMETERS") :]
        return [float(word) for word in block.splitlines()[3].split()[6:8]]

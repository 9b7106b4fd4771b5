"""Chess behind a console, for trainers that mask actions: only legal moves, one number for each."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

__all__ = ["LegalMoves"]

SQUARES = 64
_NAMES = {f"{file}{rank}": (8 - int(rank)) * 8 + "abcdefgh".index(file) for file in "abcdefgh" for rank in "12345678"}

Step = tuple[Any, float, bool, bool, dict[str, Any]]


class LegalMoves(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Makes one Discrete(4096) of from-square and to-square, and says which of the moves are legal.

    A mask over two separate choices cannot say that a pawn may go to e4 and a knight to f3, but not the
    other way round; over 4096 moves it can. Move ``64 * origin + target``, squares counted from a8 to h1
    as in the observed board. The environment is one whose ``info`` has the text ``legal``, a move at the
    beginning of each line (``e2e4: 1``), such as ``filebridge/Stockfish-v0``. Moves by which a pawn
    becomes something else than a queen are left out.
    """

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        self.action_space = spaces.Discrete(SQUARES * SQUARES)
        self._mask = np.zeros(SQUARES * SQUARES, np.bool_)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin a game; as the environment's own ``reset``."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._mask = legal_mask(info["legal"])
        return observation, info

    def step(self, action: int | np.integer[Any]) -> Step:
        """Move ``64 * origin + target``; as the environment's own ``step``."""
        observation, reward, terminated, truncated, info = self.env.step(np.array(divmod(int(action), SQUARES)))
        self._mask = legal_mask(info["legal"])
        return observation, float(reward), terminated, truncated, info

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which of the 4096 moves are legal now, as a fresh array of bool; sb3-contrib calls it by this name."""
        return self._mask.copy()


def legal_mask(legal: str) -> NDArray[np.bool_]:
    """Return the mask, of shape (4096,), of the moves that ``legal`` lists, one at the beginning of each line."""
    mask = np.zeros(SQUARES * SQUARES, np.bool_)
    for line in legal.splitlines():
        mask[SQUARES * _NAMES[line[:2]] + _NAMES[line[2:4]]] = True
    return mask

"""What comes back from some of the seats."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Received"]


class Received(NamedTuple):
    """The steps of the ``seats`` (int64, shape (k,)) that are ready, in this order in everything else.

    ``observations`` has a leading axis of k, ``rewards`` is float64, ``terminations`` and ``truncations`` are bool, all
    of shape (k,). ``infos`` is as Gymnasium's vector environments have it, with arrays of k.
    """

    seats: npt.NDArray[np.int64]
    observations: Any
    rewards: npt.NDArray[np.float64]
    terminations: npt.NDArray[np.bool_]
    truncations: npt.NDArray[np.bool_]
    infos: dict[str, Any]

"""Files for the simulator, each put under its name only when it is whole."""

from __future__ import annotations

__all__ = ["Outbox"]


class Outbox:
    """Puts files into the folder that a simulator starts in."""

    def put(self, name: str, data: bytes) -> None:
        """Write ``data`` to the file ``name``."""
        raise NotImplementedError

"""Many simulators at once, stepped from one thread, as a Gymnasium vector environment."""

from filebridge.vector.env import BridgeVectorEnv
from filebridge.vector.received import Received

__all__ = ["BridgeVectorEnv", "Received"]

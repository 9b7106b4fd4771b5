"""Actions and fields as Gymnasium spaces, and the values that go in and out of them."""

from filebridge.spaces.actions import ActionReader, action_reader
from filebridge.spaces.observations import Observer, observer

__all__ = ["ActionReader", "Observer", "action_reader", "observer"]

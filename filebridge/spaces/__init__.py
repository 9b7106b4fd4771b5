"""Actions and fields as Gymnasium spaces, and the values that go in and out of them."""

from filebridge.spaces.actions import ActionReader, action_reader
from filebridge.spaces.observations import Observer, observer
from filebridge.spaces.shown import shown_action

__all__ = ["ActionReader", "Observer", "action_reader", "observer", "shown_action"]

"""A compiled program held up to its dialogue by hand: what a session does, without processes, time or descriptors."""

import importlib.util
import pathlib

from filebridge import load_program
from filebridge.program.slots import EPISODE, SEAT, SEED, STEP
from filebridge.wire.dialogue import DONE

_SPEC = importlib.util.spec_from_file_location("samples", pathlib.Path(__file__).parents[1] / "config" / "samples.py")
samples = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(samples)


class Talk:
    """One simulator's talk; ``values`` are those of variables."""

    def __init__(self, config, **values):
        self.program = load_program(config)
        self.dialogue = self.program.dialogue()
        self.row[STEP], self.row[EPISODE], self.row[SEAT], self.row[SEED] = 0, 1, 0, 7
        for first in self.program.firsts:
            self.row[first.index] = values.get(first.name, first.value)

    @property
    def row(self):
        return self.dialogue.row

    def __getitem__(self, name):
        return self.row[self.program.names[name].index]

    def begin(self, phase="step", action=None):
        """Begin a phase and return what is sent."""
        if action is not None:
            self.program.read_action(action, self.row)
        return self.dialogue.begin(self.program.phases[phase])

    def hear(self, text):
        """Return what is sent upon ``text``: bytes, None to wait on, or "done"."""
        answer = self.dialogue.receive(text.encode())
        return "done" if answer is DONE else answer

    def expire(self):
        answer = self.dialogue.expire()
        return "done" if answer is DONE else answer

    def decode(self):
        self.program.decoder.decode(self.dialogue.reply, self.row, self.dialogue.previous)

    def read(self, text, previous=()):
        """Decode ``text`` as a whole reply; ``previous`` are values of the step before."""
        for name, value in dict(previous).items():
            self.dialogue.previous[self.program.names[name].index] = value
        self.program.decoder.decode(text.encode(), self.row, self.dialogue.previous)
        return self

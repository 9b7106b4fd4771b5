"""``filebridge probe``: start, reset and step by hand, the bytes beside what was read from them."""

from __future__ import annotations

import sys
from random import randrange
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from filebridge.cli.arguments import Seed, Target
from filebridge.cli.failures import reported
from filebridge.cli.texts import lines
from filebridge.errors import ActionError, BridgeError

if TYPE_CHECKING:
    from filebridge.cli.recording import RecordedSession
    from filebridge.program import Program

__all__ = ["EXAMPLES", "command"]

STEPS = 3
WORDS = "Enter takes a random one, `reset` begins again, `help` says what can be typed, `quit` ends"
EXAMPLES = """\
  filebridge probe Lander
  filebridge probe my_simulator.yaml --action 12.5 --action 0
  filebridge probe my_simulator.yaml --steps 10 --seed 7"""


def command(
    target: Target,
    action: Annotated[
        list[str] | None,
        typer.Option("--action", "-a", metavar="ACTION", help="Send this action; may be repeated.", show_default=False),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Take so many random steps.", show_default=False)
    ] = None,
    seed: Seed = None,
) -> None:
    """Start a simulator and step it by hand: every byte sent and received, and what was read from where.

    Files are shown as they are written and read, a full screen with the numbers of its rows and columns.

    On a terminal it asks for each action; elsewhere it takes three random steps, or those of --action and --steps.
    When the dialogue fails it shows what came, and the probable cause.
    """
    from filebridge.program import load_program

    with reported():
        program = load_program(target)
        chosen = [_parsed(program, text) for text in action or ()]
        with _Probe(program, randrange(2**31) if seed is None else seed) as probe:
            probe.reset()
            if action or steps is not None or not sys.stdin.isatty():
                for one in chosen:
                    probe.step(one)
                for _ in range((0 if action else STEPS) if steps is None else steps):
                    probe.step(probe.random_action())
            else:
                _converse(probe)


def _parsed(program: Program, text: str) -> Any:
    from filebridge.cli.action_text import parse_action

    try:
        return parse_action(text, program.config.action, program.action_space)
    except ValueError as error:
        raise typer.BadParameter(lines(f"{text!r}: {error}"), param_hint="--action") from None


def _converse(probe: _Probe) -> None:
    """Ask for actions and take them until there is no more; a wrong one is told of, and asked for again."""
    from filebridge.cli.action_text import forms, hint

    action, space = probe.program.config.action, probe.program.action_space
    typer.echo(f"\nactions: {hint(action, space)}\n{WORDS}")
    while (text := _typed()) != "quit":
        if text == "reset":
            probe.reset()
        elif text == "help":
            typer.echo(lines("\n".join(["an action:", *(f"  {form}" for form in forms(action, space)), WORDS])))
        else:
            _try(probe, text)


def _try(probe: _Probe, text: str) -> None:
    from filebridge.cli.action_text import parse_action

    action, space = probe.program.config.action, probe.program.action_space
    try:
        probe.step(parse_action(text, action, space) if text else probe.random_action())
    except ActionError as error:
        typer.echo(lines(str(error)))
    except ValueError as error:
        typer.echo(lines(str(error)))


def _typed() -> str:
    """Return what was typed; the end of the input is as good as `quit`."""
    try:
        return input("action> ").strip()
    except EOFError:
        return "quit"


def _announce(address: str) -> None:
    """Show where a person with a browser may look on."""
    typer.echo(f"  {'serving':<10}{address}")


class _Probe:
    """A recorded session and the phases that are shown of it."""

    def __init__(self, program: Program, seed: int) -> None:
        import numpy as np

        from filebridge.cli.recording import RecordedSession

        self.program = program
        self.seed = seed
        self.session: RecordedSession = RecordedSession(program, _announce)
        self._generator = np.random.default_rng(seed)
        program.action_space.seed(seed)

    def __enter__(self) -> _Probe:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After a failure the simulator is out of step, and deaf to a polite word.
        self.session.end(polite=kind is None, grace=0.5 if kind is None else 0.0)

    def random_action(self) -> Any:
        """Return an action drawn from those that may be taken now."""
        return self.program.action_space.sample(self.session.mask())

    def reset(self) -> None:
        """Begin an episode and show it."""
        from filebridge.loop import carry

        first = self.session.episode == 0
        typer.secho("reset" + (f", seed {self.seed}{self._folded()}" if first else ""), bold=True)
        seed = self._seed(first)
        observation, info = self._shown("", lambda: carry(self.session.resetting(self._generator, seed, None)))
        self._show(self.session.variables(), observation, None, False, False, info)

    def _seed(self, first: bool) -> int | None:
        return self.seed if first and self.program.config.simulator.seed is not None else None

    def _folded(self) -> str:
        """Return the seed that the program gets, where its range does not hold the one that was asked for."""
        from filebridge.program.options import seed_within

        seed = self._seed(True)
        sent = seed_within(self.program.config.simulator.seed, 0, seed)
        return f", sent as {sent}" if seed not in (None, sent) else ""

    def step(self, action: Any) -> None:
        """Take a step and show it; begin another episode after an end."""
        from filebridge.spaces import shown_action

        if self.session.over:
            self.reset()
        typer.secho(f"step, action {shown_action(self.program.config.action, action)}", bold=True)
        used = self.session.variables()
        self._show(used, *self._shown("step", lambda: self.session.step(action), action))

    def _shown(self, phase: str, operation: Any, action: Any = None) -> Any:
        """Carry out ``operation``; show what passed, also when it fails. Without a ``phase`` it is the session's."""
        from filebridge.cli.phase_view import show_bytes

        session = self.session
        try:
            result = operation()
        except ActionError:
            raise
        except BridgeError as error:
            session.situated(error, phase or session.phase, action)
            show_bytes(self.program, *session.taken())
            raise
        show_bytes(self.program, *session.taken(), session.read())
        return result

    def _show(
        self,
        used: dict[str, object],
        observation: Any,
        reward: float | None,
        terminated: bool,
        truncated: bool,
        info: dict[str, Any],
    ) -> None:
        from filebridge.cli.probe_view import show_outcome, show_values

        show_values(self.program, self.session, used)
        show_outcome(observation, reward, terminated, truncated, info)

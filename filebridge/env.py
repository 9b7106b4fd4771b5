"""The Gymnasium environment: a thin shell around a session that keeps the order of calls."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import gymnasium
import numpy as np
import numpy.typing as npt

from filebridge import live, misuse
from filebridge.conversation import Talk
from filebridge.errors import ActionError, BridgeError, ConfigError, UsageError
from filebridge.loop import carry
from filebridge.placement import placement_of
from filebridge.program import Program, load_program
from filebridge.program.frames import MODES, Frame, frame
from filebridge.recovery import Recovery
from filebridge.running import end_each
from filebridge.session import Beginning, Session
from filebridge.spares import pool_of
from filebridge.stepping import Step

__all__ = ["BridgeEnv", "SeedWarning"]

class SeedWarning(UserWarning):
    """A seed was asked for that the simulator cannot obey."""


class BridgeEnv(gymnasium.Env[Any, Any]):
    """A simulator described by one YAML file, as a Gymnasium environment.

    Args:
        config: a path of a YAML file, the name of a bundled simulator, a mapping, or a compiled program.
        render_mode: None; "ansi": ``render`` returns what was said last; "rgb_array": a picture of it, for videos.
        seat: number of this copy among several, ``${seat}`` in the configuration. Without one, a configuration
            that uses it gets the least number that no other copy on this machine has, from the first reset on.
        transcript: None, or a folder: each process writes all that is sent and received to a file there.
        warm: how many simulators may be started before the episodes that they are for begin; None: what the
            configuration says.

    The process starts at the first ``reset``. Until then the environment can be pickled. It may be handed
    from thread to thread, but two threads cannot be in it at once. After a fork the child's copy must be
    reset before it is used; the process stays the parent's.

    Raises:
        ConfigError: the configuration is wrong; every problem of it is in the text.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": [*MODES], "render_fps": 4}  # type: ignore[misc]

    def __init__(
        self,
        config: str | Path | Mapping[str, Any] | Program = "",
        render_mode: str | None = None,
        seat: int | None = None,
        transcript: str | Path | None = None,
        warm: int | None = None,
    ) -> None:
        self._closed = True
        if render_mode not in (None, *MODES):
            cure = 'use render_mode="ansi", "rgb_array" or none'
            raise UsageError(f"there is no render mode {render_mode!r}", cure=cure)
        if not config:
            raise ConfigError(
                "no configuration is given",
                cure='gymnasium.make("filebridge/Bridge-v0", config=...): a path of a YAML file, the name of a bundled'
                " simulator, or a mapping",
            )
        self.program = config if isinstance(config, Program) else load_program(config)
        self.render_mode = render_mode
        self._given_seat = seat
        self._target = config
        # Each with a generator of its own, also where others are made of the same program.
        self.action_space = copy.deepcopy(self.program.action_space)
        self.observation_space = copy.deepcopy(self.program.observer.space)
        self._transcript = None if transcript is None else Path(transcript).absolute()
        self._session = Session(self.program, seat, self._transcript)
        self._warm = warm
        self._session.placement = placement_of(self.program.config, self._session.seat, alone=True)
        self._pool = self._session.pool = pool_of(self.program, seat, self._transcript, warm)
        self._recovery = Recovery(self.program)
        self._busy = False
        # Of a vector environment: whether a call of that is under way.
        self.within: Callable[[], bool] = bool
        self._closed = False
        self._forked = False
        self._warned = False
        # Of a simulator that failed in an episode which goes on without it: a video must have as many frames.
        self._last_words: bytes | None = None
        self._finalizer = live.enter(self, self._session)

    @property
    def session(self) -> Session:
        """What runs in this seat."""
        return self._session

    @property
    def recovery(self) -> Recovery:
        """What becomes of failures here."""
        return self._recovery

    @property
    def busy(self) -> bool:
        """Whether a call is under way, of itself or of what it is ``within``."""
        return self._busy or self.within()

    @property
    def seat(self) -> int:
        """The number of this copy among several."""
        return self._session.seat

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode and return its first observation and info.

        Args:
            seed: seeds the environment's generator and, where it has one, the simulator.
            options: values for variables of the configuration, for this episode.

        Raises:
            UsageError: the environment is closed or in use by another thread; an option is no variable, or has a
                value that does not fit.
            StartError, SimulatorError, TransportError, ProtocolError: the simulator failed; it has been ended.
        """
        if self._busy:
            raise misuse.in_use()
        self._busy = True
        try:
            if self._closed:
                raise misuse.closed()
            if seed is not None:
                self.warn_of_seed()
            return carry(self.resetting(seed, options))
        except UsageError:
            raise
        except BaseException:
            self._session.torn = True
            self._session.end(polite=False, grace=0.0)
            raise
        finally:
            self._busy = False

    def step(self, action: Any) -> Step:
        """Send ``action`` and return observation, reward, terminated, truncated and info.

        Raises:
            ActionError: the action is outside its space or cannot be sent; the simulator is untouched and
                another action may be tried.
            UsageError: before a reset, after the end of an episode, after close, from a second thread.
            SimulatorError, TransportError, ProtocolError, ExpressionError: the simulator has been ended, a
                reset starts another; see ``on_failure`` for other policies.
        """
        # No lock: between this look and the next line no other thread is let in, and it costs a tenth of one.
        if self._busy:
            raise misuse.in_use()
        self._busy = True
        session = self._session
        try:
            try:
                if self._pool is not None:
                    self._pool.poke()
                result = session.step(action)
                if self._recovery.keeps:
                    self._recovery.keep(action, result[0])
                return result
            except (ActionError, UsageError) as error:
                raise self.explained(error) from None
            except BridgeError as error:
                return carry(self.failing(action, error))
        except BridgeError:
            raise
        except BaseException:
            # An interrupt leaves a reply under way that nobody will read: the link is out of step.
            session.over = session.torn = True
            session.end(polite=False, grace=0.0)
            raise
        finally:
            self._busy = False

    def render(self) -> Frame | None:
        """Return what the simulator said last, as a text or as an array of uint8, (height, width, 3).

        None without a render mode, before the first reset, after ``close``. Raises UsageError where Pillow is missing.
        """
        link = self._session.link
        said = self._last_words if link is None else link.dialogue.reply
        if self.render_mode is None or said is None:
            return None
        return frame(self.program.config, said, self.render_mode)

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Return which choices may be taken now, a fresh array of bool, shape (choices,); sb3-contrib calls it so.

        All may while nothing runs. Raises UsageError where the configuration has no ``mask``.
        """
        made = self._session.mask()
        if made is None:
            raise misuse.no_mask(self.program.config.name)
        return made.astype(np.bool_)

    def close(self) -> None:
        """End the simulator and remove all traces of it; twice is harmless.

        Raises:
            CleanupError: something could not be removed; it says what.
        """
        if self._closed:
            return
        if self._busy:
            raise misuse.in_use()
        self._busy = True
        try:
            end_each([*(() if self._pool is None else (self._pool.close,)), self._session.end])
        except BridgeError:
            self._retire()
            raise
        else:
            self._retire()
        finally:
            self._busy = False

    def _retire(self) -> None:
        self._closed, self._last_words = True, None
        self._session.vacate()
        live.leave(self, self._finalizer)

    def resetting(self, seed: int | None, options: dict[str, Any] | None) -> Talk[Beginning]:
        """Begin an episode as ``reset`` does, but leave the waiting to the caller; see ``conversation``."""
        if self._closed:
            raise misuse.closed()
        super().reset(seed=seed)
        self._forked = False
        session = self._session
        try:
            observation, info = yield from session.resetting(self.np_random, seed, options)
        except UsageError:
            raise
        except BridgeError as error:
            observation, info = yield from self._recovery.beginning_again(session, error)
        if self._recovery.keeps:
            self._recovery.begin(observation)
        return observation, info

    def failing(self, action: Any, error: BridgeError) -> Talk[Step]:
        """Return what a step that failed becomes, or raise; see ``Recovery.handling``."""
        session = self._session
        error = session.situated(error, "step", action)
        self._last_words = None if session.link is None else session.link.dialogue.reply
        result = yield from self._recovery.handling(session, action, error)
        if self._recovery.keeps and not result[3]:
            self._recovery.keep(action, result[0])
        return result

    def explained(self, error: BridgeError) -> BridgeError:
        """Return ``error``, or the better reason why nothing runs."""
        if isinstance(error, UsageError) and self._closed:
            return misuse.closed()
        if isinstance(error, UsageError) and self._forked:
            return misuse.made_before_a_fork()
        return error

    def warn_of_seed(self, frames: int = 0) -> None:
        """Warn, once, where a seed makes no episode repeat; ``frames`` more lie between the caller and the user."""
        config = self.program.config
        # A program that draws nothing repeats its episodes without a seed of its own.
        if config.simulator.seed is None and not config.deterministic and not self._warned:
            self._warned = True
            drawn = any(variable.draw for variable in config.variables.values())
            effect = "only the variables of its configuration are drawn from it" if drawn else "it has no effect"
            text = f"{config.name} has no seed: reset(seed=...) cannot make its episodes repeat; {effect}"
            warnings.warn(text, SeedWarning, stacklevel=3 + frames)

    def let_go(self) -> None:
        """In a forked child: let go of the parent's simulator, and of a call that a lost thread may be in."""
        self._busy = False
        self._forked = self._session.link is not None
        self._session.disown()
        if self._session.pool is not None:
            self._session.pool.disown()

    def __reduce__(self) -> tuple[Any, ...]:
        if self._session.link is not None:
            raise misuse.running()
        target, source = self._target, self.program.source
        if isinstance(target, Program):
            target = source.data if source.folder is None else source.folder / Path(source.name).name  # type: ignore[assignment]
        elif isinstance(target, str | Path) and Path(target).exists():
            target = str(Path(target).absolute())
        arguments = target, self.render_mode, self._given_seat, self._transcript, self._warm
        return type(self), arguments, {"spec": self.spec}

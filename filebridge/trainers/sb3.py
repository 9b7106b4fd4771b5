"""Vector environments for Stable-Baselines3: ``make_vec("filebridge/Lander-v0", 16)`` is what its algorithms take.

Importing this needs Stable-Baselines3 (``pip install 'filebridge[sb3]'``) and takes as long as importing PyTorch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from filebridge.errors import UsageError
from filebridge.program import Program
from filebridge.trainers.infos import split
from filebridge.trainers.seats import Seats

try:
    from stable_baselines3.common.vec_env import VecEnv, VecMonitor
except ModuleNotFoundError as exc:
    raise ModuleNotFoundError(
        f"filebridge.trainers.sb3 needs Stable-Baselines3\n  found: {exc}\n  cure: pip install 'filebridge[sb3]'",
        name=exc.name,
    ) from exc

__all__ = ["SB3VecEnv", "make_vec"]

FINAL = {"final_obs", "_final_obs", "final_info", "_final_info"}
"""What a vector environment says of an episode that ended, beside the beginning of the next one."""


class SB3VecEnv(VecEnv):
    """A Gymnasium vector environment as a vector environment of Stable-Baselines3.

    A trainer sees the same, value by value, as with SB3's ``DummyVecEnv`` around as many single environments:
    observations in the space's dtype, rewards as float32 and dones as bool of shape (num_envs,), and a list of infos
    with ``TimeLimit.truncated`` and, where an episode ended, ``terminal_observation``.

    Args:
        vector: a ``filebridge.BridgeVectorEnv``, or any other ``gymnasium.vector.VectorEnv``, wrapped or not, that
            begins the next episode in the step that ends one: ``autoreset_mode=AutoresetMode.SAME_STEP``. It must
            return new arrays with each step.

    Raises:
        UsageError: it has another autoreset mode, or is no vector environment.
    """

    def __init__(self, vector: VectorEnv[Any, Any, Any]) -> None:
        _check(vector)
        self.vector = vector
        self._seats = Seats(vector)
        self._actions: Any = None
        self._has_begun = False
        super().__init__(vector.num_envs, vector.single_observation_space, vector.single_action_space)
        self.metadata = vector.metadata

    def reset(self) -> Any:
        """Begin an episode in each seat and return the observations, batched as the observation space says.

        The seeds of ``seed`` and the options of ``set_options`` are used once, by the next reset. What the episodes
        begin with besides is in ``reset_infos``.

        Raises:
            UsageError, StartError, SimulatorError, TransportError, ProtocolError: as ``reset`` of the environment.
        """
        self._actions = None
        seeds = self._seeds if any(seed is not None for seed in self._seeds) else None
        observations: Any = None
        for options, mask in self._begins():
            given = dict(options) if mask is None else {**options, "reset_mask": mask}
            observations, infos = self.vector.reset(seed=seeds, options=given or None)
            for seat, info in enumerate(split(infos, self.num_envs)):
                if mask is None or mask[seat]:
                    self.reset_infos[seat] = info
        self._has_begun = True
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        """Take an action for each seat; ``step_wait`` sends them."""
        self._actions = actions

    def step_wait(self) -> tuple[Any, NDArray[numpy.float32], NDArray[numpy.bool_], list[dict[str, Any]]]:
        """Step with the actions of ``step_async`` and return observations, rewards, dones and infos.

        Where ``dones`` is true, the observation is the first one of the next episode; the last one of the old is in
        the seat's info as ``terminal_observation``, and ``reset_infos`` has the next episode's info.

        Raises:
            UsageError: no actions are pending.
            ActionError, SimulatorError, TransportError, ProtocolError: as ``step`` of the environment.
        """
        actions, self._actions = self._actions, None
        if actions is None:
            raise UsageError("there are no actions to step with", cure="step(actions), or step_async(actions) first")
        observations, rewards, terminations, truncations, infos = self.vector.step(actions)
        dones = terminations | truncations
        single = split({key: infos[key] for key in infos if key not in FINAL}, self.num_envs)
        if dones.any():
            self._end(dones.nonzero()[0].tolist(), single, infos)
        for info, cut in zip(single, (truncations & ~terminations).tolist(), strict=True):
            info["TimeLimit.truncated"] = cut
        return observations, numpy.asarray(rewards, numpy.float32), dones, single

    def close(self) -> None:
        """End all simulators; twice is harmless."""
        self.vector.close()

    def get_attr(self, attr_name: str, indices: int | Iterable[int] | None = None) -> list[Any]:
        """Return an attribute of each of these seats; of the vector environment, where its seats are no environments.

        Raises:
            AttributeError: there is none of that name.
        """
        return self._seats.get(attr_name, [*self._get_indices(indices)])

    def set_attr(self, attr_name: str, value: Any, indices: int | Iterable[int] | None = None) -> None:
        """Set an attribute of each of these seats; of the vector environment, where its seats are no environments.

        Raises:
            UsageError: the attribute is one of the vector environment, but not all seats are meant.
        """
        self._seats.set(attr_name, value, [*self._get_indices(indices)])

    def env_method(
        self, method_name: str, *method_args: Any, indices: int | Iterable[int] | None = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of each of these seats and return what they return; ``render`` gives the seat's frame.

        Raises:
            UsageError: the seats have no methods of their own, or can be called all together only.
        """
        return self._seats.call(method_name, [*self._get_indices(indices)], *method_args, **method_kwargs)

    def env_is_wrapped(self, wrapper_class: type[Any], indices: int | Iterable[int] | None = None) -> list[bool]:
        """Return for each of these seats whether it, or the vector environment, is in such a wrapper of Gymnasium."""
        return self._seats.are_wrapped(wrapper_class, [*self._get_indices(indices)])

    def get_images(self) -> Sequence[NDArray[numpy.uint8] | None]:
        """Return a picture of each seat, uint8 of shape (height, width, 3); None without that render mode."""
        return self.env_method("render") if self.render_mode == "rgb_array" else [None] * self.num_envs

    def _end(self, ended: list[int], single: list[dict[str, Any]], infos: Mapping[str, Any]) -> None:
        """Put what ended in these seats in the place of what began there, which goes to ``reset_infos``."""
        observations = infos["final_obs"]
        last = split(infos.get("final_info", {}), self.num_envs)
        for seat in ended:
            self.reset_infos[seat] = single[seat]
            single[seat] = last[seat]
            single[seat]["terminal_observation"] = observations[seat]

    def _begins(self) -> list[tuple[dict[str, Any], NDArray[numpy.bool_] | None]]:
        """Return the options of the seats, each with a mask of those that have them, None for all."""
        different: list[dict[str, Any]] = []
        for options in self._options:
            if options not in different:
                different.append(options)
        masks = [numpy.array([options == one for options in self._options]) for one in different]
        # A vector environment takes no mask before all have begun; later, nobody begins twice.
        whole = len(different) == 1 or not self._has_begun
        return [(one, None if whole and not at else masks[at]) for at, one in enumerate(different)]


def make_vec(
    config_or_id: str | Path | Mapping[str, Any] | Program,
    num_envs: int,
    *,
    wrappers: Sequence[Callable[[Any], VectorEnv[Any, Any, Any]]] = (),
    monitor: bool | str | Path = True,
    **kwargs: Any,
) -> VecEnv:
    """Return ``num_envs`` simulators as one vector environment of Stable-Baselines3.

    Args:
        config_or_id: a Gymnasium id such as "filebridge/Lander-v0", or a configuration: a path of a YAML file, the
            name of a bundled simulator, a mapping, or a compiled program.
        num_envs: how many simulators.
        wrappers: wrappers for vector environments, Gymnasium's or others, put around it in this order.
        monitor: SB3's ``VecMonitor`` around it, which its logs of returns and lengths come from; a path, to have them
            written to a file there as well.
        kwargs: what else ``gymnasium.make_vec`` takes.

    Raises:
        ConfigError: the configuration is wrong.
        UsageError: an argument does not fit.
    """
    if isinstance(config_or_id, str) and re.search(r"-v\d+$", config_or_id):
        vector = _made(config_or_id, num_envs, kwargs)
    else:
        vector = _made("filebridge/Bridge-v0", num_envs, {"config": config_or_id, **kwargs})
    for wrapper in wrappers:
        vector = wrapper(vector)
    envs = SB3VecEnv(vector)
    return VecMonitor(envs, None if monitor is True else str(monitor)) if monitor else envs


def _made(name: str, num_envs: int, kwargs: dict[str, Any]) -> VectorEnv[Any, Any, Any]:
    way = kwargs.get("vectorization_mode") or ("direct" if gymnasium.spec(name).vector_entry_point else "sync")
    mode = {"autoreset_mode": AutoresetMode.SAME_STEP}
    if way in ("sync", "async"):
        kwargs = {**kwargs, "vector_kwargs": {**(kwargs.get("vector_kwargs") or {}), **mode}}
    else:
        kwargs = {**kwargs, **mode}
    return gymnasium.make_vec(name, num_envs, **kwargs)


def _check(vector: Any) -> None:
    if not isinstance(vector, VectorEnv):
        raise UsageError(
            "this is no vector environment",
            found=f"an object of type {type(vector).__name__}",
            cure='gymnasium.make_vec("filebridge/Lander-v0", num_envs=4, autoreset_mode="SameStep") makes one;'
            ' filebridge.trainers.sb3.make_vec("filebridge/Lander-v0", 4) makes it and puts this around it',
        )
    mode = vector.metadata.get("autoreset_mode")
    if mode != AutoresetMode.SAME_STEP:
        raise UsageError(
            "Stable-Baselines3 wants the next episode to begin in the step that ends one",
            found=f"a vector environment with the autoreset mode {getattr(mode, 'value', mode)}",
            cure='gymnasium.make_vec("filebridge/Lander-v0", num_envs=4, autoreset_mode="SameStep"), for one of'
            ' Gymnasium\'s own vector_kwargs={"autoreset_mode": "SameStep"}; or filebridge.trainers.sb3.make_vec',
        )

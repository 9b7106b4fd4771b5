"""Facts of ngspice -b with the bundled circuit, the real program, run once for each step."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from filebridge.config.find import bundled
from filebridge.env import BridgeEnv
from filebridge.errors import ProtocolError, SimulatorExited

PATH = bundled()["NgspiceBatch"]
CIRCUIT = (PATH.parent / "files" / "ngspice-stage.cir").read_text()
GAIN = 1000 / 1100  # the load of 1 kilo-ohm behind a series resistor of 100 ohm
DROP = 0.005 * 100 * GAIN  # 5 mA more through both of them
DECAY = np.exp(-0.001 / (100 * GAIN * 10e-6))  # in a millisecond, with both resistors at the capacitor


@pytest.fixture
def circuit(require):
    """Give a function that makes the environment, with another circuit if that is given."""
    require("ngspice")
    made = []

    def make(text=CIRCUIT):
        config = yaml.safe_load(PATH.read_text())
        config["simulator"]["files"]["circuit.cir"] = {"text": text}
        made.append(BridgeEnv(config))
        return made[-1]

    yield make
    for env in made:
        env.close()


def steps(env, volts, count):
    """Take ``count`` steps with one source voltage and return what they returned."""
    return [env.step(np.array([volts], np.float32)) for _ in range(count)]


def test_the_state_goes_from_run_to_run(circuit):
    env = circuit()
    first, _ = env.reset(options={"setpoint": 2.5})
    assert first.tolist() == [0, 0, 2.5]
    outputs = [step[0][1] for step in steps(env, 5.5, 5)]
    assert outputs == pytest.approx([5.5 * GAIN * (1 - DECAY**n) for n in range(1, 6)], abs=0.01)


def test_the_output_sags_under_the_load_and_the_episode_ends(circuit):
    env = circuit()
    env.reset(options={"setpoint": 2.5})
    early = steps(env, 5.5, 25)
    late = steps(env, 5.5, 25)
    assert early[-1][0].tolist() == [25, pytest.approx(5.5 * GAIN, abs=0.002), 2.5]
    assert late[-1][0].tolist() == [50, pytest.approx(5.5 * GAIN - DROP, abs=0.002), 2.5]
    assert [step[2:4] for step in early + late] == [(False, False)] * 49 + [(False, True)]
    assert [step[1] for step in early] == [-abs(step[0][1] - 2.5) for step in early]


def test_equal_seeds_and_actions_give_equal_episodes(circuit):
    env, other = circuit(), circuit()
    seen = []
    for one in (env, other, env):
        first, _ = one.reset(seed=11)
        seen.append([first.tolist(), *(step[0].tolist() for step in steps(one, 7.25, 3))])
    assert seen[0] == seen[1] == seen[2]
    assert 1 <= seen[0][0][2] <= 4


@pytest.mark.parametrize(("right", "wrong", "said"), [
    ("r1 in out 100", "r1 in out", "resistance to low"),
    ("at=1m", "at=9m", "failed"),
])
def test_an_exit_code_of_0_is_no_sign_of_health(circuit, right, wrong, said):
    env = circuit(CIRCUIT.replace(right, wrong))
    with pytest.raises(ProtocolError) as caught:
        env.reset()
    assert said in str(caught.value)


def test_an_exit_code_of_1_is_a_failure(circuit):
    env = circuit(CIRCUIT.replace("{vin}", "{nonsense}"))
    with pytest.raises(SimulatorExited, match="exit code 1"):
        env.reset()

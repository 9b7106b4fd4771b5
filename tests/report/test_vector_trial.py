import pytest

from filebridge import BridgeVectorEnv
from filebridge.report import Ending, Meter, VectorTrial, measured_together


@pytest.fixture
def landers():
    envs = BridgeVectorEnv("Lander", 3)
    yield envs
    envs.close()


def run(envs, **options):
    trial = VectorTrial(envs, 5, **options)
    trial.begin()
    for _ in trial.calls():
        if trial.is_complete:
            break
    return trial


def test_equal_seeds_give_equal_episodes(landers):
    first, second = run(landers, quota=[2, 2, 1]), run(landers, quota=[2, 2, 1])
    assert first.episodes == second.episodes
    assert first.counted.tolist() == [2, 2, 1]


def test_the_figures_of_many_are_those_of_each_alone(landers):
    """Rewards and steps are those that the seats' own environments would count."""
    trial = run(landers, quota=[1, 1, 1])
    landers.action_space.seed(5)
    landers.reset(seed=5)
    expected = {}
    lengths, totals = [0] * 3, [0.0] * 3
    while len(expected) < 3:
        _, rewards, terminations, truncations, _ = landers.step(landers.action_space.sample())
        for seat in set(range(3)) - set(expected):
            lengths[seat] += 1
            totals[seat] += rewards[seat]
            if terminations[seat] or truncations[seat]:
                expected[seat] = (lengths[seat], totals[seat])
    assert sorted((one.steps, one.total) for one in trial.episodes) == sorted(expected.values())


def test_a_result_adds_up(landers):
    trial = run(landers, quota=[2, 2, 2])
    result = measured_together(trial, trial.meter.load(), stop=0.5, training_steps=1000)
    assert result.steps == sum(trial.steps) >= sum(episode.steps for episode in trial.episodes)
    assert result.steps_per_second == result.steps / result.elapsed
    assert sum(result.seat_steps_per_second) == pytest.approx(result.steps_per_second)
    assert (result.endings.terminated, result.endings.failed, result.episodes) == (6, 0, 6)
    assert result.estimate.total == pytest.approx(trial.start + 1000 / result.steps_per_second)
    assert (result.stop, result.failure, result.num_envs, result.wait_for) == (0.5, "", 3, 3)


def test_a_result_of_nothing_has_no_figures(landers):
    result = measured_together(VectorTrial(landers, 0), None, 0.0, 1000)
    assert (result.load, result.bottleneck, result.estimate, result.call_times, result.lengths) == (None,) * 5
    assert result.steps_per_second == 0.0


@pytest.mark.parametrize("wait_for", [1, 3])
def test_failures_are_counted_for_their_seats_and_the_first_is_kept(crashing, wait_for):
    envs = BridgeVectorEnv(crashing(), 3)
    trial = run(envs, wait_for=wait_for, quota=[2, 2, 2])
    envs.close()
    assert [(episode.steps, episode.ending) for episode in trial.episodes] == [(1, Ending.FAILED)] * 6
    assert trial.failure.what == "the simulator ended in the middle of a step: exit code 3"
    assert "exit code 3" in measured_together(trial, trial.meter.load(), 0.0, 10).failure


def test_a_trial_ends_where_no_seat_can_go_on(landers):
    trial = VectorTrial(landers, 1)
    trial.begin()
    landers.close()
    assert list(trial.calls()) == []
    assert trial.failure.what == "the environment is closed"


def test_the_start_of_a_simulator_is_no_idle_time(crashing):
    code = "import time\ntime.sleep(0.4)\nprint('x 1', flush=True)\ninput()"
    envs = BridgeVectorEnv(crashing(simulator={"command": ["${python}", "-c", code], "seed": "none"}), 2)
    meter = Meter(envs)
    envs.reset()
    load = meter.load()
    envs.close()
    assert min(envs.busy) >= 0.4
    assert max(load.idle) <= 1 - 0.4 / load.elapsed


def test_a_load_of_processes_that_compute(crashing):
    code = (
        "import time\nprint('x 1', flush=True)\nwhile input():\n    begun = time.process_time()\n"
        "    while time.process_time() - begun < 0.05: pass\n    print('x 2', flush=True)"
    )
    envs = BridgeVectorEnv(crashing(simulator={"command": ["${python}", "-c", code], "seed": "none"}), 2)
    trial = VectorTrial(envs, 1, quota=[1, 1])
    trial.begin()
    for _ in trial.calls():
        if trial.is_complete:
            break
    load = trial.meter.load()
    envs.close()
    # Five steps of each seat.
    assert load.simulators * load.elapsed >= 0.4
    assert load.own < load.simulators
    assert load.waited > 0.3

import pytest

from filebridge import BridgeEnv
from filebridge.report import Ending, Trial, measured


@pytest.fixture
def lander():
    env = BridgeEnv("Lander")
    yield env
    env.close()


def run(env, episodes, seed=0):
    trial = Trial(env, seed)
    for _ in trial.steps():
        if len(trial.episodes) == episodes:
            break
    return trial


def test_equal_seeds_give_equal_episodes(lander):
    first, second = run(lander, 2, seed=5), run(lander, 2, seed=5)
    assert first.episodes == second.episodes
    assert first.episodes != run(lander, 2, seed=6).episodes


def test_a_result_adds_up(lander):
    trial = run(lander, 2)
    result = measured(trial, elapsed=2.0, training_steps=1000)
    assert result.steps == sum(episode.steps for episode in trial.episodes) == result.step_times.count
    assert result.steps_per_second == result.steps / 2.0
    assert (result.endings.terminated, result.endings.truncated, result.endings.failed) == (2, 0, 0)
    assert result.step_times.p50 <= result.step_times.p90 <= result.step_times.p99 <= result.step_times.maximum
    assert result.estimate.total == result.estimate.stepping + result.estimate.resetting
    assert result.estimate.stepping == pytest.approx(1000 * result.step_times.mean)
    assert 0 < result.reset_share < 1
    assert result.failure == ""


def test_an_estimate_does_not_repeat_the_first_start(lander):
    trial = run(lander, 3)
    trial.reset_times.total += 100.0 - trial.first_reset
    trial.first_reset = 100.0
    later = (trial.reset_times.total - 100.0) / 2
    assert measured(trial, 1.0, trial.step_times.count).estimate.resetting == pytest.approx(3 * later)


def test_failures_are_counted_and_the_first_is_kept(crashing):
    with_failure = BridgeEnv(crashing())
    trial = run(with_failure, 2)
    with_failure.close()
    assert [episode.ending for episode in trial.episodes] == [Ending.FAILED] * 2
    assert [episode.steps for episode in trial.episodes] == [1, 1]
    assert trial.failure.what == "the simulator ended in the middle of a step: exit code 3"
    result = measured(trial, 1.0, 10)
    assert result.lengths is None
    assert result.endings.failed == 2
    assert "exit code 3" in result.failure
    assert result.estimate is None


def test_a_failure_that_a_policy_turned_into_an_end_is_still_a_failure(crashing):
    env = BridgeEnv(crashing(on_failure="truncate"))
    trial = run(env, 1)
    env.close()
    assert trial.episodes[0].ending is Ending.FAILED
    assert str(trial.failure).startswith("SimulatorExited: the simulator ended in the middle of a step: exit code 3")


def test_a_result_of_nothing_has_no_figures(lander):
    result = measured(Trial(lander, 0), 0.0, 1000)
    assert (result.step_times, result.estimate, result.reset_share, result.lengths) == (None, None, None, None)
    assert result.steps_per_second == 0.0

"""All rules in the order in which they are tried, and the one function that tries them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from filebridge.check import actions, beginning, episodes, seeds, standard, talk, traces
from filebridge.check.rule import Broken, NotApplicable, Rule, Verdict
from filebridge.check.subject import Subject
from filebridge.errors import BridgeError
from filebridge.program import Program

__all__ = ["RULES", "check"]

RULES: tuple[Rule, ...] = (
    Rule("the configuration loads", beginning.loads, gate=True),
    Rule("the program is installed", beginning.installed, gate=True),
    Rule("the simulator starts and answers", beginning.answers, gate=True),
    Rule("a random agent's episodes end", episodes.end),
    Rule("observations lie in their space", episodes.observations_fit),
    Rule("rewards are finite", episodes.rewards_are_finite),
    Rule("endings are flags", episodes.endings_are_flags),
    Rule("info holds plain values", episodes.info_is_plain),
    Rule("the step limit holds", episodes.step_limit_holds),
    Rule("the extremes of the action space are answered", actions.extremes_answered),
    Rule("actions outside the space are refused", actions.outsiders_refused),
    Rule("one reply for each action, none left over", talk.nothing_is_left_over),
    Rule("equal seeds, fresh processes: equal episodes", seeds.same_in_fresh_processes),
    Rule("equal seeds after a reset: equal episodes", seeds.same_after_reset),
    Rule("different seeds: different episodes", seeds.different_seeds_differ),
    Rule("no seed, begun together: different episodes", seeds.copies_differ),
    Rule("resets in a row", talk.resets_twice),
    Rule("Gymnasium's own checker is content", standard.gymnasium_checker),
    Rule("close leaves nothing behind", traces.close_leaves_nothing),
)


def check(
    target: str | Path | Mapping[str, Any] | Program, episodes: int = 3, seed: int = 0, rules: tuple[Rule, ...] = RULES
) -> Iterator[Verdict]:
    """Try all rules on a configuration and yield a verdict for each, as soon as it is known.

    ``target`` is the path of a YAML file, the name of a bundled simulator, a mapping, or a program.
    Failures of the simulator become verdicts; only a mistake in the checker itself raises.
    """
    subject = Subject(target, episodes, seed)
    closed = ""
    for rule in rules:
        if closed:
            yield Verdict(rule.name, "not run", f"it would fail too: {closed}")
            continue
        verdict = _judged(rule, subject)
        if rule.gate and verdict.is_failed:
            closed = f"not so that {rule.name}"
        yield verdict


def _judged(rule: Rule, subject: Subject) -> Verdict:
    begun = perf_counter()
    try:
        finding = rule.judge(subject)
    except NotApplicable as reason:
        return Verdict(rule.name, "not applicable", str(reason), seconds=perf_counter() - begun)
    except Broken as fault:
        return Verdict(rule.name, "failed", fault.what, fault.cure, seconds=perf_counter() - begun)
    except BridgeError as error:
        return Verdict(rule.name, "failed", str(error), seconds=perf_counter() - begun)
    return Verdict(rule.name, "passed", finding.detail, "", finding.warnings, perf_counter() - begun)

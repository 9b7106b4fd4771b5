"""Rules that a good environment keeps, each tried and judged.

``check("my_simulator.yaml")`` yields a verdict for each; in a test of one's own simulator say that none ``is_failed``.
"""

from filebridge.check.rule import Broken, Finding, NotApplicable, Outcome, Rule, Verdict
from filebridge.check.table import RULES, check

__all__ = ["RULES", "Broken", "Finding", "NotApplicable", "Outcome", "Rule", "Verdict", "check"]

"""What a random agent's run measured, as plain values; knows nothing of tables and terminals."""

from filebridge.report.result import Endings, Estimate, Result, Times, measured
from filebridge.report.sample import Bin, Sample, Spread, histogram, quantile, spread
from filebridge.report.trial import Ending, Episode, Trial

__all__ = [
    "Bin", "Ending", "Endings", "Episode", "Estimate", "Result", "Sample", "Spread", "Times", "Trial", "histogram",
    "measured", "quantile", "spread",
]  # fmt: skip

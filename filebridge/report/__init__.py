"""What a random agent's run measured, as plain values; knows nothing of tables and terminals."""

from filebridge.report.advice import Advice, advice
from filebridge.report.bottleneck import Bottleneck, bottleneck
from filebridge.report.chart import chart
from filebridge.report.load import Load, Meter
from filebridge.report.result import Endings, Estimate, Result, Times, measured
from filebridge.report.sample import Bin, Sample, Spread, histogram, quantile, spread
from filebridge.report.scaling import Point, Scaling
from filebridge.report.trial import Ending, Episode, Trial
from filebridge.report.vector_result import Training, VectorResult, measured_together
from filebridge.report.vector_trial import VectorTrial

__all__ = [
    "Advice", "Bin", "Bottleneck", "Ending", "Endings", "Episode", "Estimate", "Load", "Meter", "Point", "Result",
    "Sample", "Scaling", "Spread", "Times", "Training", "Trial", "VectorResult", "VectorTrial", "advice", "bottleneck",
    "chart", "histogram", "measured", "measured_together", "quantile", "spread",
]  # fmt: skip

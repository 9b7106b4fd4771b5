"""How fast a step is, beside what a user would write or pick instead.

    python -m benchmarks                      from the checkout: everything, a table
    python -m benchmarks --json figures.json  the same, written down as well

A C program of a few lines (`answer.c`, compiled into a temporary folder) answers each line at once with six numbers, so
that a step costs only what stands between it and the trainer. The contestants take turns over several rounds; a figure
is the median of its rounds, a ratio the median of the ratios within each round. Ratios travel from machine to machine,
steps per second do not. `contestants` names who takes part, `bars` what the bridge has to reach. Pinned, this process
and all simulators share one processor; unpinned they have all of them, and an environment may choose.
"""

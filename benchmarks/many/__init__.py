"""How fast many simulators are, beside what a user would write or pick instead.

    python -m benchmarks.many                        from the checkout: everything, tables; some ten minutes
    python -m benchmarks.many --seats 16,64 --simulators instant --json figures.json
    python -m benchmarks.many --page docs/speed.md   the same, and a table of it written into the page

Everybody drives the very same C program (`answer.c`) over the same pipes, one for each seat. It answers at once, after
1 ms of computing, or after 10 ms of sleep; or one of ten is slow. `many.c` drives them too: what is left there is the
cost of the kernel. Each contestant is a process of its own, started once for each number of seats; all of them stand
ready and take turns over several rounds, so that a slow second of the machine falls on all. A figure is the median of
its rounds, a ratio the median of the ratios within each round. Steps are those of all seats together.
Who needs longer to start than is allowed, a Python worker for each of 256 seats say, is left out by name.
"""

"""How fast a step is, beside what a user would write or pick instead.

    python -m benchmarks                      from the checkout: everything, tables
    python -m benchmarks --json figures.json  the same, written down as well
    python -m benchmarks --costs docs/speed.md   what each transport costs, written into the page
    python -m benchmarks --soak               instead: 100 000 answers of each kind of file, every one checked
    python -m benchmarks.many                 instead: many simulators at once, see there

C programs of a few lines (`answer.c` and its like, compiled into a temporary folder) answer at once with six numbers,
so that a step costs only what stands between them and the trainer: on a console, between FIFOs, in files, as a process
for each step, on a full screen, over sockets (`socket.c`) and over HTTP (`http.c`), with either side as the server.
The contestants take turns over several rounds; a figure is the median of its rounds, a ratio the median of the ratios
within each round. Ratios travel from machine to machine, steps per second do not.
`contestants` names who takes part, `bars` what the bridge has to reach. Pinned, this process and all simulators share
one processor; unpinned they have all of them, and an environment may choose. Files lie in memory and, for contestants
whose name says so, on a disk; who finds no such place, or whose program is missing, is left out by name.
"""

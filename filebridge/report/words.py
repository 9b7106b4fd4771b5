"""The words of the small languages inside the YAML: expressions, templates, holes, draws, substitutions."""

from __future__ import annotations

__all__ = ["CONSTANTS", "DRAWS", "FORMATS", "FUNCTIONS", "HOLES", "NAMES", "OPERATORS", "SUBSTITUTIONS"]

NAMES = {
    "a field, a label, a variable": "its value; a label is true when the reply ended with it",
    "`prev.NAME`": "the same value one step before; at the first step that of the episode's beginning",
    "`action`, `action[0]`, `action.NAME`": "what the agent chose, or a part of it; not in `start` and `reset`",
    "`step`": "steps of this episode so far, the present one included",
    "`episode`": "episodes of this environment so far, the present one included",
    "`seed`": "the simulator's seed",
    "`seat`": "number of the copy among several, from 0: the least that is free on this machine, unless it is given",
}

OPERATORS = {
    "`+ - * / // % **`": "arithmetic; `**` is bounded",
    "`< <= == != >= >`": "comparison, also chained: `0 < x < 5`",
    "`and or not`": "logic",
    "`a if test else b`": "choice",
    '`word in ["on", "busy"]`': "one of several",
    "`position[0]`, `board[2][3]`": "one number of a vector, one cell of a grid; counted from 0",
}

CONSTANTS = {"pi": "3.14159...", "e": "2.71828...", "inf": "infinity"}

FUNCTIONS = {
    "abs": "distance from 0",
    "min": "least of several numbers, or of a vector",
    "max": "greatest of several numbers, or of a vector",
    "round": "nearest number with so many digits behind the point",
    "floor": "next whole number below",
    "ceil": "next whole number above",
    "log": "logarithm, natural without a base",
    "atan2": "angle of the point (x, y), in radians",
    "hypot": "length of the vector (x, y)",
    "sum": "sum of a vector",
    "mean": "mean of a vector",
    "len": "how many numbers a vector has",
    "count": "how many of a vector or grid equal the value",
    "clip": "the nearest number within the bounds",
    "sign": "-1, 0 or 1",
    "int": "the number without its fraction",
    "float": "the same as a number",
    "bool": "false for 0, else true",
    "isnan": "is it NaN",
    "sqrt": "square root",
    "exp": "e to the power of x",
    "log10": "logarithm to base 10",
    "sin": "sine, x in radians",
    "cos": "cosine, x in radians",
    "tan": "tangent, x in radians",
    "asin": "arc sine, in radians",
    "acos": "arc cosine, in radians",
    "atan": "arc tangent, in radians",
}

FORMATS = {
    ".2f": ("a number", "`3.14`: so many digits behind the point"),
    "08.3f": ("a number", "`0003.142`: filled with zeros to a width"),
    ".6e": ("a number", "`3.141593e+00`"),
    ".6D": ("a number", "`3.141593D+00`: Fortran's double precision"),
    "g": ("a number", "`3.14159`: the shorter of `f` and `e`"),
    ".0f": ("a number", "`3`: rounded to a whole number"),
    "d": ("a whole number or flag", "`3`"),
    "04d": ("a whole number or flag", "`0003`"),
    "x": ("a whole number or flag", "`1f`: base 16; `X` with capitals, `o` base 8"),
    "s": ("text", "as it is"),
    "10s": ("text", "filled with blanks to a width, on the left; `-10s` on the right"),
}

HOLES = {
    "float": "a number in any notation: `1.5`, `1.5E+03`, `1.5D+03`, `1.5-103`, `.5`, `5.`, `-Infinity`",
    "int": "a whole number",
    "hex": "a whole number in base 16, with or without `0x`",
    "octal": "a whole number in base 8",
    "flag": "a flag: `1` or `0`, true or false, yes or no, on or off, `T` or `F`",
    "word": "what stands up to the next blank",
    "line": "the rest of the line",
    "text": "the rest of the message",
    "any": "skips within a line, reads nothing",
}

DRAWS = {
    "uniform": "a number between the two",
    "loguniform": "a number whose logarithm is uniform; both above 0",
    "normal": "a number around the mean",
    "integers": "a whole number, both ends included",
    "choice": "one of these numbers, or of these texts in quotes",
}

SUBSTITUTIONS = {
    "python": "the Python that runs filebridge",
    "simulators": "the folder of the embedded simulators",
    "seed": "the simulator's seed",
    "seat": "number of the copy among several, from 0: the least that is free on this machine, unless it is given",
    "workdir": "the program's private run folder",
    "config": "the folder of this YAML",
    "episode": "the episode for which the process was started",
    "port": "a free port: the command and the transport both name it",
    "port2": "a second free port",
    "port3": "a third free port",
    "token": "the secret of this run, which `peer: token` asks for",
}

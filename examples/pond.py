"""A stand-in for a solver that cannot be changed: it reads pond.inp, writes pond.lst, and ends.

Six hours of a pond with one gate, in steps of an hour. It ends with code 2 when the water runs over the dam.
"""

import re
import sys

AREA = 40_000.0  # m2
CREST = 5.0  # m


def main() -> int:
    with open("pond.inp") as deck:
        text = deck.read()
    given = {name: float(value) for name, value in re.findall(r"^ *(\w+) *= *([-+.\dE]+)", text, re.M)}
    missing = {"INFLOW", "LEVEL", "GATE"} - given.keys()
    if missing:
        print("POND: NO VALUE FOR", *sorted(missing), file=sys.stderr)
        return 1
    level, gate, released = given["LEVEL"], given["GATE"], 0.0
    lines = [" POND   1974", f" GATE {gate:6.3f}", "", "  HOUR     LEVEL   OUTFLOW"]
    for hour in range(1, 7):
        outflow = 9.0 * gate * max(level, 0.0) ** 0.5
        level = max(0.0, level + 3600.0 * (given["INFLOW"] - outflow) / AREA)
        lines.append(f"{hour:6d}{level:10.4f}{outflow:10.3f}")
        released += outflow * 3600.0
        if level > CREST:
            break
    lines += ["", f" RELEASED {released:10.1f} M3"]
    if level > CREST:
        lines.append(" *** WATER OVER THE DAM ***")
    with open("pond.lst", "w") as listing:
        listing.write("\n".join([*lines, ""]))
    return 2 if level > CREST else 0


if __name__ == "__main__":
    sys.exit(main())

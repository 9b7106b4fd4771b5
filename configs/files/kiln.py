"""A kiln behind a programmable controller, for pymodbus.simulator --custom_actions_module kiln.

Holding registers: 0, the heater's power in percent; 1, anything but 0 empties the kiln and lets it cool; 2 and 3, the
temperature in C as a float. pymodbus calls an action whenever its register is read: each time ten seconds have passed.
"""

import struct

AROUND = 20.0


def heat(registers, index, **_):
    """Let ten seconds pass; ``index`` is that of the temperature, in this register and the next."""
    raw = b"".join(registers[index + n].value.to_bytes(2, "big") for n in (0, 1))
    temperature = struct.unpack(">f", raw)[0]
    if registers[index - 1].value:
        registers[index - 1].value, temperature = 0, AROUND
    else:
        temperature += 0.4 * registers[index - 2].value - 0.04 * (temperature - AROUND)
    raw = struct.pack(">f", temperature)
    for n in (0, 1):
        registers[index + n].value = int.from_bytes(raw[2 * n : 2 * n + 2], "big")


custom_actions_dict = {"heat": heat}

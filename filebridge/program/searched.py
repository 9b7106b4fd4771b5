"""What was looked for where a field does not occur in a reply, in words."""

from __future__ import annotations

from filebridge.config.field import WAYS, FieldModel
from filebridge.config.places import Array, Binary, Grid, Table
from filebridge.errors import escaped
from filebridge.wire.formats.holes import looks_regular

__all__ = ["searched_for"]

_NO_REGEX = ", which is taken as it stands (a regular expression is written `regex: '/.../'`)"


def searched_for(field: FieldModel) -> str:
    """Return the way in which the field is read, as it might stand in the file, and what may be wrong with it."""
    key = next((key for key in WAYS if getattr(field, key) is not None), "nothing")
    value = getattr(field, key, None)
    if isinstance(value, Table | Grid):
        mark = value.after or getattr(value, "before", None)
        return f'{key} {"after" if value.after else "before"} "{escaped(mark, 200)}"' if mark else key
    if isinstance(value, Array | bool):
        return key
    if isinstance(value, tuple):
        return f"{key} {value[0]}..{value[1]}"
    name = "json" if key == "json_pointer" else key
    value = value.type if isinstance(value, Binary) else value
    text = f"/{value}/" if key == "regex" else str(value)
    shown = f'{name} "{escaped(text, 200)}"' if isinstance(value, str) else f"{name} {text}"
    return shown + (_NO_REGEX if field.find and looks_regular(field.find) else "")

"""What every part of a configuration has in common: unknown keys are refused, values never change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from keyword import iskeyword
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError

__all__ = ["Name", "Part", "ShortForm", "Word"]


class Part(BaseModel):
    """A mapping of the YAML; strict about types, closed to unknown keys, immutable."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_default=False, hide_input_in_errors=True
    )


@dataclass(frozen=True, slots=True)
class ShortForm:
    """Mark of a value with a short form too: ``schema`` makes its JSON Schema from that of the long one."""

    schema: Callable[[dict[str, Any]], dict[str, Any]]

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        long = handler(core)
        inner = long.get("anyOf", [long])[0]
        return {"anyOf": [long, self.schema(handler.resolve_ref_schema(inner))]}


def _no_keyword(word: str) -> str:
    if iskeyword(word):
        what = "a word of the language of expressions"
        raise PydanticCustomError("filebridge", "{what}", {"what": what, "expected": f"another name, `{word}_` say"})
    return word


Word = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,63}$"), AfterValidator(_no_keyword)]
"""A name that can stand in an expression: lower case letters, digits, underscores."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]{0,63}$")]
"""The name of a simulator, as in the Gymnasium id: letters and digits, the first a capital."""

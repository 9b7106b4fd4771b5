"""Texts made from jinja2 templates, in a sandbox that knows values only and stops what has no end.

The budget stops a template that would fill memory or never finish: a simulator's files are small.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from numbers import Integral
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, Literal

from filebridge.errors import ConfigError, ConfigSecurityError

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from jinja2.runtime import Context

__all__ = ["ATTRIBUTES", "GLOBALS", "Rendering", "check_template", "compile_rendering", "render"]

GLOBALS = frozenset({"range"})
"""Names that a template knows by itself."""

ATTRIBUTES = frozenset(re.findall(r"\w+", """
    upper lower strip lstrip rstrip ljust rjust center zfill split startswith endswith get items keys values item tolist
    shape size real imag index index0 revindex revindex0 first last length previtem nextitem cycle changed depth"""))
"""What may stand behind the dot of a value."""

_LARGEST = 16 << 20  # bytes of one rendered file
_WORK = 64 << 20  # characters that may be made on the way
_TURN = 64  # of them are charged for one turn of a loop, eight times that for a call
_KEY = "(budget)"
_WIDTHS = re.compile(r"%(?:\([^)]*\))?[-+ #0]*(\*|\d*)(?:\.(\*|\d*))?")
_FILTERS = frozenset(re.findall(r"\w+", """abs count d default first float int items join last length list lower max min
    reverse round sort sum trim unique upper"""))


@dataclass
class _Budget:
    """What a rendering may still spend; kept among its values, under a key that no template can name."""

    left: int

    def spend(self, units: int) -> None:
        self.left -= units
        if self.left < 0:
            raise _excess()

    def operate(self, operator: str, left: Any, right: Any) -> None:
        if operator == "%" and isinstance(left, str):
            self.spend(_padding(left))
        elif operator == "*" and isinstance(left if isinstance(right, Integral) else right, (str, list, tuple)):
            text, times = (left, right) if isinstance(right, Integral) else (right, left)
            self.spend(len(text) * max(int(times), 0))
        elif operator == "**" and isinstance(left, int) and isinstance(right, int):
            self.spend(left.bit_length() * abs(right))


def _excess() -> OverflowError:
    return OverflowError(f"more than {_LARGEST >> 20} MiB of text, or as much work to make it")


@lru_cache(maxsize=256)
def _padding(text: str) -> int:
    """Return how many characters the widths in a ``%`` format make; one that is not known counts as too many."""
    widths = itertools.chain.from_iterable(_WIDTHS.findall(text))
    return sum(_WORK + 1 if width == "*" else int(width or 0) for width in widths)


@lru_cache(maxsize=2)
def _engine(newline: Literal["\n", "\r\n"]) -> Environment:
    """Return what compiles templates; imported late, since few simulators need it."""
    from jinja2 import StrictUndefined, nodes, pass_context, sandbox, visitor

    class Sandbox(sandbox.SandboxedEnvironment):
        intercepted_binops = frozenset(("*", "**", "%"))

        def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
            return attr in ATTRIBUTES

        def wrap_str_format(self, value: Any) -> None:
            """Leave str.format to the allow-list, which does not hold it: it pads without a limit."""

        def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
            context.parent[_KEY].operate(operator, left, right)
            return super().call_binop(context, operator, left, right)

        def call(self, context: Context, called: Any, *args: Any, **kwargs: Any) -> Any:
            padding = args if isinstance(getattr(called, "__self__", None), str) else ()
            context.parent[_KEY].spend(8 * _TURN + sum(abs(arg) for arg in padding if isinstance(arg, int)))
            return super().call(context, called, *args, **kwargs)

    class Turns(visitor.NodeTransformer):
        def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802
            self.generic_visit(node)
            node.iter = nodes.Filter(node.iter, "turns", [], [], None, None, lineno=node.lineno)
            return node

    @pass_context
    def turns(context: Context, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            context.parent[_KEY].spend(_TURN)
            yield value

    @pass_context
    def formatted(context: Context, text: str, *values: Any) -> Any:
        return engine.call_binop(context, "%", str(text), values)

    engine = Sandbox(undefined=StrictUndefined, keep_trailing_newline=True, newline_sequence=newline, autoescape=False)
    engine.globals = {name: engine.globals[name] for name in GLOBALS}
    engine.filters = {name: engine.filters[name] for name in _FILTERS} | {"turns": turns, "format": formatted}
    engine.extend(counted=Turns().visit)
    return engine


@dataclass(frozen=True, slots=True)
class Rendering:
    """A compiled template: ``render(values)`` makes the text as bytes.

    ``names`` are those that it needs, ``parts`` those with a dot behind them, `action.gain` say, each with the line
    of its first use. ``where`` says in errors whose template it is.
    """

    where: str
    names: Mapping[str, int]
    parts: Mapping[str, int]
    template: Template
    encoding: str

    def render(self, values: Mapping[str, object]) -> bytes:
        """Return the text with ``values`` filled in.

        Raises ConfigError for a template that does not fit them, ConfigSecurityError for one without end.
        """
        from jinja2 import TemplateError
        pieces, left = [], _LARGEST
        try:
            for piece in self.template.generate({**values, _KEY: _Budget(_WORK)}):
                pieces.append(piece)
                left -= len(piece)
                if left < 0:
                    raise _excess()
            text = "".join(pieces).encode(self.encoding, "surrogateescape")
            if len(text) > _LARGEST:
                raise _excess()
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, MemoryError, RecursionError) as exc:
            lines = [frame.lineno for frame in extract_tb(exc.__traceback__) if frame.filename == "<template>"]
            raise _unfit(exc, f"{self.where}:{lines[-1] if lines else 1}", self.names, values) from exc
        return text


@lru_cache(maxsize=64)
def compile_rendering(source: str, where: str, encoding: str = "utf-8") -> Rendering:
    """Return the template ``source`` compiled, its text to be in ``encoding``; raises ConfigError if it is none.

    Surrogates in it stand for bytes that are no text, as in old decks: they pass through unchanged.
    """
    from jinja2 import TemplateSyntaxError, meta, nodes
    engine = _engine("\r\n" if "\r\n" in source else "\n")
    try:
        tree = engine.parse(source)
        needed = meta.find_undeclared_variables(tree)
        lines = {node.name: node.lineno for node in reversed(list(tree.find_all(nodes.Name))) if node.name in needed}
        parts = {_dotted(node): node.lineno for node in reversed(list(tree.find_all(nodes.Getattr)))}
        parts = {part: line for part, line in parts.items() if part.partition(".")[0] in needed}
        template = engine.from_string(engine.counted(tree))  # type: ignore[attr-defined]
    except (TemplateSyntaxError, RecursionError) as exc:
        raise ConfigError(f"{where}:{getattr(exc, 'lineno', 1)}: this is no template", found=str(exc),
                          cure="write {{ name }} for a value, {% raw %} around braces that mean themselves") from exc
    return Rendering(where, lines, parts, template, encoding)


def _dotted(node: Any) -> str:
    """Return a name with what stands behind its dots, or "" for a part of anything else."""
    path: list[str] = []
    while hasattr(node, "attr"):
        path.insert(0, node.attr)
        node = node.node
    return ".".join([node.name, *path]) if type(node).__name__ == "Name" else ""


def render(source: str, where: str, values: Mapping[str, object]) -> bytes:
    """Return the template ``source`` with ``values`` filled in, at most 16 MiB.

    Raises ConfigError, which names ``where`` and the line, for a template that is wrong, ConfigSecurityError for
    one without end.
    """
    return compile_rendering(source, where).render(values)


def _unfit(exc: Exception, where: str, names: Mapping[str, int], values: Mapping[str, object]) -> ConfigError:
    known = ", ".join(sorted(values)) or "none"
    beyond = isinstance(exc, (OverflowError, MemoryError, RecursionError)) or type(exc).__name__ == "SecurityError"
    kind = ConfigSecurityError if beyond else ConfigError
    unknown = [name for name in names if name not in values and repr(name) in str(exc)]
    near = [f"did you mean {match}? " for name in unknown for match in get_close_matches(name, values, 1)]
    return kind(f"{where}: the template cannot be filled in", found=f"{type(exc).__name__}: {exc}",
                cure=f"{'shorten its loops and paddings; ' * beyond}{''.join(near)}known names: {known}")


def check_template(text: str, known: Iterable[str]) -> list[tuple[str, int]]:
    """Return the names that a template needs and that are not ``known``, each with the line of its first use.

    Raises ConfigError if the text is no template, with the line.
    """
    names, known = compile_rendering(text, "template").names, set(known)
    return sorted(((name, line) for name, line in names.items() if name not in known), key=lambda pair: pair[::-1])

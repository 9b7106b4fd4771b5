"""The private folder of a running simulator, and the files that are placed in it.

What happens in the folder is the simulator's doing, so nothing in it is trusted: a name is opened step
by step beneath the folder and never through a link, and a file appears under its name only when whole.
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from numbers import Integral
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, Literal

from filebridge import sweep
from filebridge.errors import CleanupError, ConfigError, ConfigSecurityError, LimitReached, StartError

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from jinja2.runtime import Context

__all__ = ["PlacedFile", "RunFolder", "check_template"]

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - the folder made in it is private
_ROOM = 64 << 20  # bytes
_LARGEST = 16 << 20  # bytes of one rendered file
_WORK = 64 << 20  # characters that may be made on the way
_TURN = 64  # of them are charged for one turn of a loop, eight times that for a call
_KEY = "(budget)"
_LIMITS = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_WIDTHS = re.compile(r"%(?:\([^)]*\))?[-+ #0]*(\*|\d*)(?:\.(\*|\d*))?")
_METHODS = frozenset(re.findall(r"\w+", """
    upper lower strip lstrip rstrip ljust rjust center zfill split startswith endswith get items keys values item tolist
    shape size real imag index index0 revindex revindex0 first last length previtem nextitem cycle changed depth"""))
_FILTERS = frozenset(re.findall(r"\w+", """abs count d default first float int items join last length list lower max min
    reverse round sort sum trim unique upper"""))


@dataclass(frozen=True)
class PlacedFile:
    """A file that a simulator finds in its folder under ``name``, which may have sub-folders.

    ``source`` is the absolute path of the file to copy, link to or render; with ``way`` "text" it is the
    template itself.
    """

    name: str
    way: Literal["copy", "link", "template", "text"]
    source: str


@dataclass(frozen=True)
class RunFolder:
    """A folder that only this user may enter; ``path`` is absolute."""

    path: Path

    @classmethod
    def make(cls, label: str, *, executable: bool = False) -> RunFolder:
        """Make a new folder whose name shows ``label``; on memory-backed storage where there is some.

        ``executable``: programs will be started from it, which some machines forbid on shared memory.
        ``FILEBRIDGE_WORKDIR`` names another place. Raises StartError, or LimitReached if there is no room.
        """
        place = os.environ.get("FILEBRIDGE_WORKDIR") or _storage(executable)
        with _failing(f"make a folder in {place}", "set FILEBRIDGE_WORKDIR to a folder that you may write to"):
            prefix = "-".join(["filebridge", *re.findall(r"[A-Za-z0-9_]+", label)])[:40]
            return cls(Path(tempfile.mkdtemp(prefix=prefix + "-", dir=os.path.abspath(place))))

    def place(self, files: Sequence[PlacedFile], values: Mapping[str, object]) -> None:
        """Put ``files`` into the folder; templates are rendered with ``values``.

        Raises ConfigError for a template that is wrong, ConfigSecurityError for a name that leaves the folder
        or a template without end, StartError or LimitReached if the machine refuses.
        """
        for file in files:
            *parents, name = _parts(file.name)
            with _failing(f"place {file.name} in {self.path}", "make room on that storage, or set FILEBRIDGE_WORKDIR"):
                folder = os.open(self.path, _FOLDER)
                try:
                    for part in parents:
                        folder = _enter(folder, part, file.name)
                    _put(file, folder, name, values)
                finally:
                    os.close(folder)

    def clear(self) -> None:
        """Remove all that is in the folder. Raises CleanupError if something is left."""
        _removed(sweep.empty_folder(self.path))

    def remove(self) -> None:
        """Remove the folder and all in it; again does no harm. Raises CleanupError likewise."""
        _removed(sweep.remove_folder(self.path))


def _removed(left: list[str]) -> None:
    if left:
        error = CleanupError("the simulator's folder could not be removed", found="left: " + ", ".join(left[:5]),
                             cure="end what still uses it, then remove it by hand")
        error.left = tuple(left)
        raise error


def _storage(executable: bool) -> str:
    with suppress(OSError):
        state = os.statvfs(_SHARED_MEMORY)
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
        roomy = state.f_bavail * state.f_frsize >= _ROOM and not (executable and state.f_flag & os.ST_NOEXEC)
        if roomy and f" {_SHARED_MEMORY} tmpfs " in mounts and os.access(_SHARED_MEMORY, os.W_OK | os.X_OK):
            return _SHARED_MEMORY
    return tempfile.gettempdir()


@contextmanager
def _failing(doing: str, cure: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        kind = LimitReached if exc.errno in _LIMITS else StartError
        raise kind(f"could not {doing}", found=f"{errno.errorcode.get(exc.errno or 0, '')} {exc}", cure=cure) from exc


def _parts(name: str) -> list[str]:
    parts = name.split("/")
    if "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise ConfigSecurityError("the name of a placed file leaves the simulator's folder", found=repr(name),
                                  cure="write a relative name without '..', as in data/plant.cir")
    return parts


def _enter(folder: int, part: str, name: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(part, 0o700, dir_fd=folder)
    try:
        inner = os.open(part, _FOLDER, dir_fd=folder)
    except OSError as exc:
        if exc.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        raise ConfigSecurityError(f"cannot place {name}: {part} is a link or a file, not a folder", found=str(exc),
                                  cure="clear the folder first, or choose another name") from exc
    os.close(folder)
    return inner


def _put(file: PlacedFile, folder: int, name: str, values: Mapping[str, object]) -> None:
    """Make the file under a name of its own, then give it the right one in one step."""
    if file.way != "text":
        with _failing(f"read {file.source}", f"correct the path given for {file.name} under files:"):
            os.stat(file.source)
    part = f".filebridge-{os.urandom(6).hex()}"
    try:
        if file.way == "link":
            os.symlink(file.source, part, dir_fd=folder)
        else:
            _fill(file, os.open(part, _NEW, 0o600, dir_fd=folder), values)
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part, dir_fd=folder)


def _fill(file: PlacedFile, descriptor: int, values: Mapping[str, object]) -> None:
    with open(descriptor, "wb") as target:
        if file.way != "copy":
            target.write(_rendered(file, values))
            return
        with open(file.source, "rb") as source:
            shutil.copyfileobj(source, target)
            os.fchmod(descriptor, 0o600 | os.fstat(source.fileno()).st_mode & 0o100)


@dataclass
class _Budget:
    """What a rendering may still spend; kept among its values, under a key that no template can name."""

    left: int

    def spend(self, units: int) -> None:
        self.left -= units
        if self.left < 0:
            raise OverflowError(f"more than {_LARGEST >> 20} MiB of text, or as much work to make it")

    def operate(self, operator: str, left: Any, right: Any) -> None:
        if operator == "%" and isinstance(left, str):
            for width in itertools.chain.from_iterable(_WIDTHS.findall(left)):
                self.spend(_WORK + 1 if width == "*" else int(width or 0))
        elif operator == "*" and isinstance(left if isinstance(right, Integral) else right, (str, list, tuple)):
            text, times = (left, right) if isinstance(right, Integral) else (right, left)
            self.spend(len(text) * max(int(times), 0))
        elif operator == "**" and isinstance(left, int) and isinstance(right, int):
            self.spend(left.bit_length() * abs(right))


@lru_cache(maxsize=2)
def _engine(newline: Literal["\n", "\r\n"]) -> Environment:
    """Return what compiles templates; imported late, since few simulators need it."""
    from jinja2 import StrictUndefined, nodes, pass_context, sandbox, visitor

    class Sandbox(sandbox.SandboxedEnvironment):
        intercepted_binops = frozenset(("*", "**", "%"))

        def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
            return attr in _METHODS

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
    engine.globals = {"range": engine.globals["range"]}
    engine.filters = {name: engine.filters[name] for name in _FILTERS} | {"turns": turns, "format": formatted}
    engine.extend(counted=Turns().visit)
    return engine


@lru_cache(maxsize=64)
def _compiled(source: str, where: str) -> tuple[Template, dict[str, int]]:
    """Return a template and the names that it needs, each with the line of its first use."""
    from jinja2 import TemplateSyntaxError, meta, nodes
    engine = _engine("\r\n" if "\r\n" in source else "\n")
    try:
        tree = engine.parse(source)
        needed = meta.find_undeclared_variables(tree)
        lines = {node.name: node.lineno for node in reversed(list(tree.find_all(nodes.Name))) if node.name in needed}
        return engine.from_string(engine.counted(tree)), lines  # type: ignore[attr-defined]
    except (TemplateSyntaxError, RecursionError) as exc:
        raise ConfigError(f"{where}:{getattr(exc, 'lineno', 1)}: this is no template", found=str(exc),
                          cure="write {{ name }} for a value, {% raw %} around braces that mean themselves") from exc


def _rendered(file: PlacedFile, values: Mapping[str, object]) -> bytes:
    from jinja2 import TemplateError
    # Bytes that are no UTF-8, as in old decks, pass through unchanged.
    inline = file.way == "text"
    source = file.source if inline else Path(file.source).read_bytes().decode("utf-8", "surrogateescape")
    where = file.name if inline else file.source
    (template, names), pieces, budget = _compiled(source, where), [], _Budget(_LARGEST)
    try:
        for piece in template.generate({**values, _KEY: _Budget(_WORK)}):
            pieces.append(piece.encode("utf-8", "surrogateescape"))
            budget.spend(len(pieces[-1]))
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, MemoryError, RecursionError) as exc:
        lines = [frame.lineno for frame in extract_tb(exc.__traceback__) if frame.filename == "<template>"]
        raise _unfit(exc, f"{where}:{lines[-1] if lines else 1}", names, values) from exc
    return b"".join(pieces)


def _unfit(exc: Exception, where: str, names: dict[str, int], values: Mapping[str, object]) -> ConfigError:
    known = ", ".join(sorted(values)) or "none"
    beyond = isinstance(exc, (OverflowError, MemoryError, RecursionError)) or type(exc).__name__ == "SecurityError"
    kind = ConfigSecurityError if beyond else ConfigError
    unknown = [name for name in names if name not in values and repr(name) in str(exc)]
    near = [f"did you mean {match}? " for name in unknown for match in get_close_matches(name, values, 1)]
    return kind(f"{where}: the template cannot be filled in", found=f"{type(exc).__name__}: {exc}",
                cure=f"{'shorten its loops and paddings; ' * beyond}{''.join(near)}known names: {known}")


def check_template(source_text: str, known: Iterable[str]) -> list[tuple[str, int]]:
    """Return the names that a template needs and that are not ``known``, each with the line of its first use.

    Raises ConfigError if the text is no template, with the line.
    """
    names, known = _compiled(source_text, "template")[1], set(known)
    return sorted(((name, line) for name, line in names.items() if name not in known), key=lambda pair: pair[::-1])

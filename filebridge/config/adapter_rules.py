"""Rules for adapters: one that can be found, and fields that it decodes only where there is one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from filebridge.config.model import Config
from filebridge.config.problems import Problem, nearest
from filebridge.registry import names

__all__ = ["check_adapter"]

_CLASS = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def check_adapter(config: Config) -> Iterator[Problem]:
    """Yield what is wrong with the name of the adapter, and with fields that want one."""
    adapter = config.adapter
    if adapter is None:
        for name, field in config.fields.items():
            if field.adapter is not None:
                wanted = "`adapter: MODULE:CLASS` at the top level too"
                yield Problem(("fields", name, "adapter"), "there is no adapter to decode it", field.adapter, wanted)
        return
    known = names("adapters")
    if not _CLASS.fullmatch(adapter.name) and adapter.name not in known:
        what = "neither `MODULE:CLASS` nor an adapter that is installed"
        wanted = "`my_module:MyAdapter`, or one of " + ", ".join(known)
        yield Problem(("adapter", "class"), what, adapter.name, wanted, nearest(adapter.name, known))

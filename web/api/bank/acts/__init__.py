"""The act behind each operation, by its name."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final

from web.api.bank.once import Act

_PARTS: Final = (
    "codes",
    "tokens",
    "standing",
    "papers",
    "mail_passwords",
    "transfers",
    "companies",
    "events",
)
"""The modules that have them, each with its `ACTS`; the one that is called all day comes first."""


@cache
def act_of(name: str) -> Act:
    """Its module is loaded with the first call: a process that judges codes all day carries nothing else.

    Raises KeyError.
    """
    for part in _PARTS:
        acts = import_module(f"{__name__}.{part}").ACTS
        if name in acts:
            act: Act = acts[name]
            return act
    raise KeyError(name)

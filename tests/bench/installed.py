"""The product as it is installed: without the packages of the tests, which some libraries import where they are.

structlog, for one, brings `rich` into every process that can find it.
"""

from __future__ import annotations

import sys
from importlib.metadata import packages_distributions, requires
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_PRODUCT: Final = "kagiya"
_START: Final = (
    "import sys; sys.modules.update(dict.fromkeys(sys.argv.pop(1).split(','))); "
    # its memory is looked at from outside, which the product forbids
    "import provisioning.private_memory as memory; memory.forbid_tracing = lambda: None; "
    "from provisioning.__main__ import main; main()"
)


def kagiya_command() -> list[str]:
    """The words that start the `kagiya` command in a process that cannot import what comes with the tests."""
    return [sys.executable, "-c", _START, ",".join(sorted(_foreign_modules()))]


def _foreign_modules() -> set[str]:
    """Importable names that no package of the product's own requirements brings."""
    own = _required(Requirement(_PRODUCT))
    brought_by = packages_distributions()
    return {module for module, names in brought_by.items() if own.isdisjoint(map(canonicalize_name, names))}


def _required(product: Requirement) -> set[str]:
    """The package and whatever it requires, and so on."""
    found: set[str] = set()
    left = [product]
    while left:
        wanted = left.pop()
        extras = {"", *wanted.extras}
        if canonicalize_name(wanted.name) not in found:
            found.add(canonicalize_name(wanted.name))
            left += [one for one in map(Requirement, requires(wanted.name) or ()) if _applies(one, extras)]
    return found


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)

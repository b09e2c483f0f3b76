"""Names that are given to a member of staff, a workstation or a calling system."""

from __future__ import annotations

from typing import Final

from provisioning.errors import BadInput, InputFault

LONGEST: Final = 100


def read_name(text: str, field: str = "name") -> str:
    """One line of at most 100 characters, without spaces around it. Raises BadInput."""
    name = text.strip()
    if not name:
        raise BadInput(field, InputFault.MISSING)
    if len(name) > LONGEST or not name.isprintable():
        raise BadInput(field, InputFault.BAD_FORM)
    return name

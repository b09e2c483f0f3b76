"""Requests' JSON, read strictly: one object, in which no name stands twice."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from provisioning.errors import BadInput, InputFault

_NAME: Final = re.compile(r"[a-z_]{1,32}")


def read_json_object(body: bytes) -> dict[str, Any]:
    """The object's members. Raises BadInput("body")."""
    try:
        sent = json.loads(body, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        raise BadInput("body", InputFault.BAD_FORM) from None
    if not isinstance(sent, dict):
        raise BadInput("body", InputFault.BAD_FORM)
    return sent


def unknown_member(name: str, within: str = "body") -> BadInput:
    """An object has a member too many: told by its own name, or by that of its holder where it is none of ours."""
    return BadInput(name if _NAME.fullmatch(name) else within, InputFault.UNKNOWN_FIELD)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name stands twice")
    return members

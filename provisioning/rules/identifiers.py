"""Forms of the identifiers people type (domain: service ID, user ID)."""

from __future__ import annotations

import re
from typing import Final

from provisioning.errors import BadInput, InputFault
from provisioning.rules.institution import Institution

MAX_LENGTH: Final = 64
_SERVICE_ID: Final = re.compile(r"[0-9]{8}", re.ASCII)


def read_service_id(text: str, field: str = "service_id") -> str:
    """Eight ASCII digits. Raises BadInput."""
    if not text.strip():
        raise BadInput(field, InputFault.MISSING)
    if not _SERVICE_ID.fullmatch(text):
        raise BadInput(field, InputFault.BAD_FORM)
    return text


def read_user_id(text: str, institution: Institution, field: str = "user_id") -> str:
    """A user ID to be given to somebody: the institution's own form. Raises BadInput."""
    lookup_name(text, field)
    if not re.fullmatch(institution.user_id_pattern, text, re.ASCII):
        raise BadInput(field, InputFault.BAD_FORM)
    return text


def lookup_name(text: str, field: str) -> str:
    """A name to search by. Raises BadInput if blank, or if no name could look like it.

    The institution's own form is not asked for here: an unknown user must get a wrong code's answer.
    """
    if not text.strip():
        raise BadInput(field, InputFault.MISSING)
    if len(text) > MAX_LENGTH or not text.isprintable():
        raise BadInput(field, InputFault.BAD_FORM)
    return text

"""Paper requests (書面による手続き): what is handed in, how its bearer was identified, what may follow (R39)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from provisioning.errors import BadInput, InputFault
from provisioning.rules.states import EndedHow


class PaperKind(StrEnum):
    """For what a paper is handed in (manual 002)."""

    FORGOTTEN_RELEASE = "forgotten_release"
    SUSPENSION = "suspension"
    PHONE_GONE = "phone_gone"
    ISSUE_RESTRICTION = "issue_restriction"
    MAIL_ADDRESS = "mail_address"


class IdentityCheck(StrEnum):
    """How whoever handed it in was identified."""

    PHOTO_ID = "photo_id"
    TWO_DOCUMENTS = "two_documents"
    REGISTERED_SEAL = "registered_seal"


class PaperState(StrEnum):
    """Where a paper request stands."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"


class PaperAct(StrEnum):
    """What a paper request led to. NOTHING_LEFT: it was done before, as with a loss told by telephone."""

    END_AS_RELEASED = "end_as_released"
    END_AS_REVOKED = "end_as_revoked"
    END_AS_LOST = "end_as_lost"
    LIFT_SUSPENSION = "lift_suspension"
    LIFT_RESTRICTION = "lift_restriction"
    STOP_MAIL_PASSWORD = "stop_mail_password"
    NOTHING_LEFT = "nothing_left"


ACTS_OF: Final[dict[PaperKind, tuple[PaperAct, ...]]] = {
    PaperKind.FORGOTTEN_RELEASE: (PaperAct.END_AS_RELEASED, PaperAct.NOTHING_LEFT),
    PaperKind.SUSPENSION: (PaperAct.LIFT_SUSPENSION, PaperAct.END_AS_REVOKED, PaperAct.NOTHING_LEFT),
    PaperKind.PHONE_GONE: (PaperAct.END_AS_REVOKED, PaperAct.END_AS_LOST, PaperAct.NOTHING_LEFT),
    PaperKind.ISSUE_RESTRICTION: (PaperAct.LIFT_RESTRICTION, PaperAct.NOTHING_LEFT),
    PaperKind.MAIL_ADDRESS: (PaperAct.STOP_MAIL_PASSWORD, PaperAct.NOTHING_LEFT),
}
"""What each kind may lead to, the usual one first."""

ENDS: Final[dict[PaperAct, EndedHow]] = {
    PaperAct.END_AS_RELEASED: EndedHow.RELEASED,
    PaperAct.END_AS_REVOKED: EndedHow.REVOKED,
    PaperAct.END_AS_LOST: EndedHow.LOST,
}
"""Acts that end the token, and how."""

NOTE_LENGTH: Final = 200
_FORM_NUMBER: Final = re.compile(r"[0-9A-Z](?:[0-9A-Z-]{0,30}[0-9A-Z])?", re.ASCII)


def read_form_number(typed: str) -> str:
    """The number on the form: at most 32 capital letters, digits and hyphens. Raises BadInput."""
    number = typed.strip().upper()
    if not number:
        raise BadInput("form_number", InputFault.MISSING)
    if not _FORM_NUMBER.fullmatch(number):
        raise BadInput("form_number", InputFault.BAD_FORM)
    return number


def read_line(typed: str, field: str) -> str:
    """One line of at most 200 characters for the record; may be empty. Raises BadInput."""
    line = typed.strip()
    if len(line) > NOTE_LENGTH:
        raise BadInput(field, InputFault.WRONG_LENGTH)
    if not line.isprintable():
        raise BadInput(field, InputFault.BAD_FORM)
    return line

"""What became of a one-time password, in the words the bank's interface uses."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The public half of the answer (R09)."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why a code was refused; for the bank and for staff, never for a customer's page (R09)."""

    WRONG = "wrong"
    USED = "used"
    SUSPENDED = "suspended"
    NOT_ACTIVE = "not_active"
    UNKNOWN = "unknown"
    WAITING = "waiting"
    EXPIRED = "expired"
    CLOCK = "clock"
    # release only: the confirmation password, which has a counter and a lock of its own
    CONFIRMATION_WRONG = "confirmation_wrong"
    CONFIRMATION_LOCKED = "confirmation_locked"
    # where a mail password is asked for; "over": none was asked for in this login, or a newer one is on its way
    MAIL_PASSWORD_WRONG = "mail_password_wrong"
    MAIL_PASSWORD_LOCKED = "mail_password_locked"
    MAIL_PASSWORD_OVER = "mail_password_over"

"""The mails there are. Their words stand in `provisioning.mail.texts`."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class MailKind(StrEnum):
    """Which text is sent."""

    TOKEN_ISSUED = "token_issued"
    TOKEN_ACTIVATED = "token_activated"
    TOKEN_RELEASED = "token_released"
    TOKEN_REVOKED = "token_revoked"
    TOKEN_LOST = "token_lost"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_SUSPENDED = "token_suspended"
    ADDRESS_CHANGED = "address_changed"
    # what proves an address, and what tells of its use (manual 002)
    MAIL_PASSWORD = "mail_password"
    MAIL_PASSWORD_STARTED = "mail_password_started"
    MAIL_PASSWORD_CHANGED = "mail_password_changed"


GOOD_FOR_A_TIME: Final = frozenset({MailKind.TOKEN_ISSUED, MailKind.MAIL_PASSWORD})
"""What they are about can be used until some time, after which they are not sent any more."""
NOTICES: Final = frozenset(MailKind) - GOOD_FOR_A_TIME
"""What has happened already, told to every stored address or to the one concerned (R45)."""

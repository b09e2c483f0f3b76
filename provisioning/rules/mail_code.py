"""The form of a メール通知パスワード. What has another form is not a wrong one and is never counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from provisioning.errors import BadInput, InputFault

DIGITS: Final = 8
LONGEST_LIFE: Final = timedelta(hours=12)
"""As long as a login can last; a system that never says that its login is over keeps none for longer."""


def read_mail_code(text: str, field: str = "mail_password") -> str:
    """The password as typed. Raises BadInput unless it is DIGITS ASCII digits."""
    if not text:
        raise BadInput(field, InputFault.MISSING)
    if not (text.isascii() and text.isdigit()):
        raise BadInput(field, InputFault.NOT_DIGITS)
    if len(text) != DIGITS:
        raise BadInput(field, InputFault.WRONG_LENGTH)
    return text

"""What sends mail: a protocol, so that jobs know no mail server. `provisioning.mail.smtp` is the way out."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Protocol

from provisioning.errors import KagiyaError


@dataclass(frozen=True, slots=True)
class Mail:
    """One composed mail. `sender` and `recipient` are bare addresses in the form of the wire (RFC 5321)."""

    sender: str
    recipient: str = field(repr=False)
    message: EmailMessage = field(repr=False)


@dataclass
class MailNotSent(KagiyaError):
    """The mail server's `reply` (code and enhanced status, or one of MailFault) was not yes.

    `permanent`: trying again would not help.
    """

    reply: str
    permanent: bool


class Mailer(Protocol):
    """Hands mails over to whoever delivers them."""

    def send(self, mail: Mail) -> None:
        """Returns once the other side has taken responsibility. Raises MailNotSent."""
        ...

"""What sends mail: a protocol with two implementations, SMTP (provisioning.mail.smtp) and memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """One composed mail. `sender` and `recipient` are bare addresses in the form of the wire (RFC 5321)."""

    sender: str
    recipient: str = field(repr=False)
    message: EmailMessage = field(repr=False)


class Mailer(Protocol):
    """Hands mails over to whoever delivers them."""

    def send(self, mail: Mail) -> None:
        """Returns once the other side has taken responsibility. Raises MailNotSent."""
        ...


@dataclass
class MemoryMailer:
    """Keeps what it is given, for systems without a mail server."""

    sent: list[Mail] = field(default_factory=list)

    def send(self, mail: Mail) -> None:
        """Keep `mail` in `sent`."""
        self.sent.append(mail)

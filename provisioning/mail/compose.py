"""Composing the mails: UTF-8, plain text, no password, no link but the app's bare address (R25)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final
from zoneinfo import ZoneInfo

from provisioning.mail.addresses import on_the_wire
from provisioning.mail.mailer import Mail
from provisioning.mail.texts import APP_NAME, CONTACT_HOURS, SETUP_CODE_TOO, TOKEN_ISSUED
from provisioning.rules.institution import Institution

_JAPAN: Final = ZoneInfo("Asia/Tokyo")


@dataclass(frozen=True, slots=True)
class TokenIssued:
    """What the mail about an issued soft token says. `mail_id` makes the Message-ID, the same at every try."""

    mail_id: str
    user_id: str
    expires_at: datetime
    app_address: str


def token_issued(institution: Institution, facts: TokenIssued, to: str, language: str, now: datetime) -> Mail:
    """The mail トークン発行のご案内 to the accepted address `to`, in `language` (`ja` or `en`)."""
    words = {
        "institution": institution.name.in_language(language),
        "app_name": APP_NAME.in_language(language),
        "app_address": facts.app_address,
        "service_id": institution.service_id,
        "user_id": facts.user_id,
        "setup_code_too": SETUP_CODE_TOO.in_language(language) if institution.needs_setup_code else "",
        "expires": _moment(facts.expires_at, language),
        "contact_name": institution.contact_name.in_language(language),
        "contact_phone": institution.contact_phone,
        "contact_hours": _hours(institution, language),
    }
    message = EmailMessage(policy=SMTP)
    message["Subject"] = TOKEN_ISSUED.subject.in_language(language).format_map(words)
    message["From"] = Address(words["institution"], addr_spec=institution.sender_address)
    message["To"] = on_the_wire(to)
    message["Date"] = format_datetime(now.astimezone(_JAPAN))
    message["Message-ID"] = f"<{facts.mail_id}@{institution.sender_address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(TOKEN_ISSUED.body.in_language(language).format_map(words), cte="base64")
    message["Content-Language"] = language  # after the content, which drops what was said about another
    return Mail(institution.sender_address, on_the_wire(to), message)


def _hours(institution: Institution, language: str) -> str:
    if institution.contact_hours is None:
        return ""
    return CONTACT_HOURS.in_language(language).format(hours=institution.contact_hours.in_language(language))


def _moment(instant: datetime, language: str) -> str:
    """Date and time in Japan."""
    here = instant.astimezone(_JAPAN)
    if language == "en":
        return f"{here:%H:%M} on {here.day} {here:%B %Y} (Japan time)"
    return f"{here.year}年{here.month}月{here.day}日 {here:%H:%M}"

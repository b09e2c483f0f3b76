"""Composing the mails: UTF-8, plain text, no link but the app's bare addresses (R25)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from provisioning.mail.addresses import on_the_wire
from provisioning.mail.mailer import Mail
from provisioning.mail.notice_texts import FRAME, LIMIT_LOWERED, MAIL_PASSWORD, MAIL_PASSWORD_OVER, NOTICES
from provisioning.mail.texts import (
    APP_NAME,
    CLOSING,
    CONTACT_HOURS,
    DOWNLOAD,
    DOWNLOADS,
    GREETING,
    SETUP_CODE_TOO,
    TOKEN_ISSUED,
    WHAT_TO_DO,
    MailText,
)
from provisioning.rules.institution import Institution, Text
from provisioning.rules.mail_kind import MailKind
from provisioning.rules.timetable import JST


@dataclass(frozen=True, slots=True)
class Envelope:
    """To the accepted address `to`, in `language` (`ja` or `en`).

    `mail_id` makes the Message-ID, the same at every try.
    """

    mail_id: str
    to: str = field(repr=False)
    language: str


@dataclass(frozen=True, slots=True)
class TokenIssued:
    """What the mail about an issued soft token says."""

    user_id: str
    expires_at: datetime
    app_address: str


@dataclass(frozen=True, slots=True)
class Happened:
    """What a notice says. `limit_yen`: what the transfer limit was lowered to. `name`: where the manual has it."""

    kind: MailKind
    at: datetime
    limit_yen: int | None = None
    mail_password_over: bool = False
    name: str = ""


def token_issued(institution: Institution, facts: TokenIssued, envelope: Envelope, now: datetime) -> Mail:
    """The mail トークン発行のご案内."""
    language, own = envelope.language, institution.token_issued_mail
    ordinary = {
        "institution": institution.name.in_language(language),
        "app_name": APP_NAME.in_language(language),
        "app_address": facts.app_address,
    }

    def part(theirs: Text | None, ours: Text) -> str:
        return theirs.in_language(language) if theirs else ours.in_language(language).format_map(ordinary)

    words = {
        "greeting": part(own.greeting, GREETING),
        "what_to_do": part(own.what_to_do, WHAT_TO_DO),
        "download": part(None, DOWNLOADS if institution.app.feature_phone else DOWNLOAD),
        "notes": "\n" * bool(own.notes) + "".join(f"{note.in_language(language)}\n" for note in own.notes),
        "closing": part(own.closing, CLOSING),
        "service_id": institution.service_id,
        "user_id": facts.user_id,
        "setup_code_too": SETUP_CODE_TOO.in_language(language) if institution.needs_setup_code else "",
        "expires": _moment(facts.expires_at, language),
    }
    return _mail(institution, TOKEN_ISSUED, words, envelope, now)


def notice(institution: Institution, happened: Happened, envelope: Envelope, now: datetime) -> Mail:
    """A notice: what happened, when, and whom to call (R45)."""
    language = envelope.language
    text = NOTICES[happened.kind]
    more = ""
    if happened.limit_yen is not None:
        more += LIMIT_LOWERED.in_language(language).format(limit=f"{happened.limit_yen:,}")
    if happened.mail_password_over:
        more += MAIL_PASSWORD_OVER.in_language(language)
    what = text.body.in_language(language).format(name=happened.name)
    words = {"what": what, "at": _moment(happened.at, language), "more": more}
    return _mail(institution, MailText(text.subject, FRAME), words, envelope, now)


def mail_password(institution: Institution, code: str, envelope: Envelope, now: datetime) -> Mail:
    """The mail with a メール通知パスワード."""
    return _mail(institution, MAIL_PASSWORD, {"code": code}, envelope, now)


def _mail(
    institution: Institution, text: MailText, words: Mapping[str, str], envelope: Envelope, now: datetime
) -> Mail:
    language = envelope.language
    named = {
        **words,
        "institution": institution.name.in_language(language),
        "contact_name": institution.contact_name.in_language(language),
        "contact_phone": institution.contact_phone,
        "contact_hours": _hours(institution, language),
    }
    message = EmailMessage(policy=SMTP)
    message["Subject"] = text.subject.in_language(language).format_map(named)
    message["From"] = Address(named["institution"], addr_spec=institution.sender_address)
    message["To"] = on_the_wire(envelope.to)
    message["Date"] = format_datetime(now.astimezone(JST))
    message["Message-ID"] = f"<{envelope.mail_id}@{institution.sender_address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.body.in_language(language).format_map(named), cte="base64")
    message["Content-Language"] = language  # after the content, which drops what was said about another
    return Mail(institution.sender_address, on_the_wire(envelope.to), message)


def _hours(institution: Institution, language: str) -> str:
    if institution.contact_hours is None:
        return ""
    return CONTACT_HOURS.in_language(language).format(hours=institution.contact_hours.in_language(language))


def _moment(instant: datetime, language: str) -> str:
    """Date and time in Japan."""
    here = instant.astimezone(JST)
    if language == "en":
        return f"{here:%H:%M} on {here.day} {here:%B %Y} (Japan time)"
    return f"{here.year}年{here.month}月{here.day}日 {here:%H:%M}"

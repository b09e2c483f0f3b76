"""Which columns hold what of a person, and how each is protected: what a list of persons affected goes by (R70).

APPI Art. 26 and its rules: the authority is told at once, in practice within 3 to 5 days, and finally within 30
days, or 60 where it may have been done on purpose. Data under strong encryption whose key is safe may be left out:
so each field says under which key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class DataKind(StrEnum):
    """What of a person is told, as a letter to them would name it."""

    NAME = "name"
    LOGIN_ID = "login_id"
    USER_ID = "user_id"
    PASSWORD = "password"
    MAIL_ADDRESS = "mail_address"
    TOKEN_SECRET = "token_secret"
    ACTIVATION_PASSWORD = "activation_password"
    TOKEN_HISTORY = "token_history"
    TRANSFERS = "transfers"
    PAPERS = "papers"
    EMPLOYER = "employer"


class Protection(StrEnum):
    """How it stands in the database or was shown."""

    PLAIN = "plain"
    MASKED = "masked"
    HASHED = "hashed"  # argon2id, salted
    KEYED_HASH = "keyed_hash"
    ENCRYPTED = "encrypted"


class Key(StrEnum):
    """Keys of the settings. Those of the seeds and of addresses are named on each row."""

    NONE = ""
    ADDRESS = "address"
    TICKETS = "tickets"
    KEK = "kek"


@dataclass(frozen=True, slots=True)
class PersonalField:
    """One column."""

    table: str
    column: str
    kind: DataKind
    protection: Protection = Protection.PLAIN
    key: Key = Key.NONE


_SEALED: Final = Protection.ENCRYPTED
FIELDS: Final = (
    PersonalField("customer", "name", DataKind.NAME),
    PersonalField("customer", "name_kana", DataKind.NAME),
    PersonalField("customer", "login_id", DataKind.LOGIN_ID),
    PersonalField("customer", "user_id", DataKind.USER_ID),
    PersonalField("customer", "password_hash", DataKind.PASSWORD, Protection.HASHED),
    PersonalField("customer", "confirmation_hash", DataKind.PASSWORD, Protection.HASHED),
    PersonalField("customer", "transfer_limit_yen", DataKind.TRANSFERS),
    PersonalField("customer", "company_id", DataKind.EMPLOYER),
    PersonalField("customer_key", "text", DataKind.NAME),
    PersonalField("customer_address", "sealed_address", DataKind.MAIL_ADDRESS, _SEALED, Key.ADDRESS),
    PersonalField("customer_address", "address_hash", DataKind.MAIL_ADDRESS, Protection.KEYED_HASH, Key.ADDRESS),
    PersonalField("outbox_mail", "sealed_address", DataKind.MAIL_ADDRESS, _SEALED, Key.ADDRESS),
    PersonalField("outbox_mail", "address_hash", DataKind.MAIL_ADDRESS, Protection.KEYED_HASH, Key.ADDRESS),
    PersonalField("credential", "sealed_seed", DataKind.TOKEN_SECRET, _SEALED, Key.KEK),
    PersonalField("credential", "state", DataKind.TOKEN_HISTORY),
    PersonalField("ticket", "sealed_password_key", DataKind.ACTIVATION_PASSWORD, _SEALED, Key.TICKETS),
    PersonalField("ticket", "answer", DataKind.TOKEN_SECRET, _SEALED, Key.TICKETS),
    PersonalField("application", "number", DataKind.TOKEN_HISTORY),
    PersonalField("audit_entry", "act", DataKind.TOKEN_HISTORY),
    PersonalField("host_event", "number", DataKind.TOKEN_HISTORY),
    PersonalField("audit_entry", "facts", DataKind.TOKEN_HISTORY),
    PersonalField("outbox_mail", "facts", DataKind.TOKEN_HISTORY),
    PersonalField("payee", "holder", DataKind.TRANSFERS),
    PersonalField("payee", "account_number", DataKind.TRANSFERS),
    PersonalField("money_transfer", "holder", DataKind.TRANSFERS),
    PersonalField("money_transfer", "account_number", DataKind.TRANSFERS),
    PersonalField("money_transfer", "number", DataKind.TRANSFERS),
    PersonalField("paper_request", "form_number", DataKind.PAPERS),
    PersonalField("paper_request", "note", DataKind.PAPERS),
    PersonalField("approval_request", "payload", DataKind.PAPERS),
)
TABLES: Final = tuple(dict.fromkeys(field.table for field in FIELDS))

PRELIMINARY: Final = (timedelta(days=3), timedelta(days=5))
FINAL: Final = timedelta(days=30)
FINAL_ON_PURPOSE: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Until when the authority is told, counted from when it became known. `final_on_purpose`: where somebody may
    have meant it (an attack, an insider).
    """

    known_at: datetime
    preliminary_from: datetime
    preliminary_until: datetime
    final: datetime
    final_on_purpose: datetime


def deadlines(known_at: datetime) -> Deadlines:
    """Of a breach that became known at `known_at`."""
    early, late = PRELIMINARY
    return Deadlines(known_at, known_at + early, known_at + late, known_at + FINAL, known_at + FINAL_ON_PURPOSE)

"""The newest メール通知パスワード of each address: asked for, drawn with its mail, tried, over (manual 002)."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from provisioning.rules.mail_code import DIGITS, LONGEST_LIFE
from provisioning.rules.mail_kind import MailKind
from provisioning.store.address_box import AddressBox, address_columns
from provisioning.store.journal import changed_rows
from provisioning.store.line import JoinedLine, Statement
from provisioning.store.tables import CustomerAddress, MailCode, MailPasswordTries, MailState, OutboxMail

# below the limit one more is counted; at it nothing is touched and nothing answered
_COUNT: Final = Statement("""
    INSERT INTO mail_password_tries (customer_id, failures) VALUES (:customer_id, 1)
    ON CONFLICT (customer_id) DO UPDATE SET failures = mail_password_tries.failures + 1
        WHERE mail_password_tries.failures < :limit
    RETURNING failures
""")


def owe_code(tx: Session, address: CustomerAddress, login: str, now: datetime) -> OutboxMail:
    """A mail with a fresh password to `address`, good in `login` alone; whatever was sent there before is over."""
    forget_code(tx, address.id)
    mail = OutboxMail(
        institution_id=address.institution_id,
        customer_id=address.customer_id,
        kind=MailKind.MAIL_PASSWORD,
        language=address.language,
        **address_columns(address),
        facts={"address": address.id},
        state=MailState.QUEUED,
        queued_at=now,
        next_attempt_at=now,
    )
    tx.add(mail)
    tx.flush()
    tx.add(MailCode(address_id=address.id, mail_id=mail.id, login=login, asked_at=now))
    tx.flush()
    return mail


def draw_code(tx: Session, box: AddressBox, mail: OutboxMail, now: datetime) -> str | None:
    """What `mail` is to carry, new at every try. None: a newer one was asked for, or the login is over."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    address_id = str(mail.facts["address"])
    wanted = update(MailCode).where(
        MailCode.address_id == address_id, MailCode.mail_id == mail.id, MailCode.asked_at > now - LONGEST_LIFE
    )
    kept = box.hash_code(code, address_id)
    values = {"code_hash": kept.code_hash, "address_key_id": kept.address_key_id}
    return code if changed_rows(tx, wanted.values(**values)) else None


def living_code(tx: Session, address_id: str, login: str, now: datetime) -> MailCode | None:
    """What was asked for in this login and is on its way or there."""
    code = tx.get(MailCode, address_id)
    alive = code is not None and code.login == login and code.asked_at > now - LONGEST_LIFE
    return code if alive else None


def count_try(tx: Session, customer_id: str, limit: int) -> int | None:
    """Count a try as wrong before anything is compared; how many that makes, None at the limit."""
    row = _COUNT.first(JoinedLine(tx.connection()), {"customer_id": customer_id, "limit": limit})
    return None if row is None else int(row[0])


def tries_in_a_row(tx: Session, customer_id: str) -> int:
    """How many wrong ones were typed one after the other."""
    row = tx.get(MailPasswordTries, customer_id)
    return 0 if row is None else row.failures


def forget_tries(tx: Session, customer_id: str) -> None:
    """It was the right one, or staff mended the counter."""
    tries = update(MailPasswordTries).where(MailPasswordTries.customer_id == customer_id)
    tx.execute(tries.values(failures=0))


def asked_since(tx: Session, customer_id: str, since: datetime) -> tuple[int, datetime | None]:
    """How many passwords were asked for since then, and when the first of them."""
    asked = select(func.count(), func.min(OutboxMail.queued_at)).where(
        OutboxMail.customer_id == customer_id,
        OutboxMail.kind == MailKind.MAIL_PASSWORD,
        OutboxMail.queued_at > since,
    )
    count, first = tx.execute(asked).one()
    return count, first


def forget_code(tx: Session, address_id: str) -> None:
    """Nothing sent to this address counts any more."""
    tx.execute(delete(MailCode).where(MailCode.address_id == address_id))


def forget_codes_of_login(tx: Session, login: str) -> None:
    """The customer logged out."""
    tx.execute(delete(MailCode).where(MailCode.login == login))


def forget_old_codes(tx: Session, now: datetime) -> None:
    """Those that no login can use any more."""
    tx.execute(delete(MailCode).where(MailCode.asked_at <= now - LONGEST_LIFE))

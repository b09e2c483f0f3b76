"""Check a メール通知パスワード: good until logout or until a newer one is sent, counted by itself (manual 002)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from provisioning.errors import ClockUntrusted, WrongState
from provisioning.jobs.ticket_box import address_box
from provisioning.rules.actor import Actor
from provisioning.rules.address_use import AddressUse
from provisioning.rules.mail_code import read_mail_code
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.addresses import current_address
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.mail_codes import count_try, forget_tries, living_code
from provisioning.store.tables import CustomerAddress


@dataclass(frozen=True, slots=True)
class CheckMailPasswordCommand:
    """As typed in the login named `login`."""

    institution_id: str
    customer_id: str
    login: str
    mail_password: str = field(repr=False)
    actor: Actor


@dataclass(frozen=True, slots=True)
class MailPasswordResult:
    """`reason` is None when accepted. `tries_left` is None where nothing was counted."""

    outcome: Outcome
    reason: Reason | None = None
    tries_left: int | None = None


@retried
def check_mail_password(
    services: Services, command: CheckMailPasswordCommand, now: datetime
) -> MailPasswordResult:
    """Compare with the newest one sent to the address in use. It stays good.

    Raises BadInput (nothing is counted), WrongState if the customer uses no mail password.
    """
    read_mail_code(command.mail_password)
    with services.store.write() as tx:
        address = current_address(tx, command.customer_id, AddressUse.MAIL_PASSWORD)
        if address is None or address.institution_id != command.institution_id:
            raise WrongState("mail_password", "none")
        return judge_mail_password(tx, services, address, command, now)


def judge_mail_password(
    tx: Session, services: Services, address: CustomerAddress, typed: CheckMailPasswordCommand, now: datetime
) -> MailPasswordResult:
    """The decision on what was sent to `address`, with its audit row, in the caller's transaction."""
    result = _judge(tx, services, address, typed, now)
    facts = {"address": address.id} | ({"reason": result.reason.value} if result.reason else {})
    entry = AuditRecord(
        now,
        typed.actor,
        "check_mail_password",
        result.outcome.value,
        typed.institution_id,
        customer_id=typed.customer_id,
        facts=facts,
    )
    record(tx, services.audit_key, entry)
    return result


def _judge(
    tx: Session, services: Services, address: CustomerAddress, typed: CheckMailPasswordCommand, now: datetime
) -> MailPasswordResult:
    try:
        services.clock.check(now)
    except ClockUntrusted:  # whether it is over nobody can say
        return MailPasswordResult(Outcome.REFUSED, Reason.CLOCK)
    limit = services.institution(typed.institution_id).failure_limit
    code = living_code(tx, address.id, typed.login, now)
    if code is None or code.code_hash is None:
        return MailPasswordResult(Outcome.REFUSED, Reason.MAIL_PASSWORD_OVER)
    failures = count_try(tx, typed.customer_id, limit)
    if failures is None:
        return MailPasswordResult(Outcome.REFUSED, Reason.MAIL_PASSWORD_LOCKED, 0)
    if address_box(services).is_code(code, typed.mail_password):
        forget_tries(tx, typed.customer_id)
        return MailPasswordResult(Outcome.ACCEPTED, tries_left=limit)
    reason = Reason.MAIL_PASSWORD_LOCKED if failures >= limit else Reason.MAIL_PASSWORD_WRONG
    return MailPasswordResult(Outcome.REFUSED, reason, limit - failures)

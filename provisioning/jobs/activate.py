"""Activation (認証確認): the first correct code puts a token in force (screen BOK001, R24)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.jobs.close_ticket import forget_secrets
from provisioning.jobs.end_credential import end_credential
from provisioning.jobs.judge_code import TypedCode, Use, VerifyResult, judge_code
from provisioning.rules.actor import Actor
from provisioning.rules.address_use import AddressUse
from provisioning.rules.mail_kind import MailKind
from provisioning.rules.states import EndedHow, FobState, Slot
from provisioning.services import Services
from provisioning.store.addresses import retire_address
from provisioning.store.audit import AuditRecord, record
from provisioning.store.journal import move_fob
from provisioning.store.line import JoinedLine
from provisioning.store.notices import Notice, owe_notices
from provisioning.store.slots import move_up, open_in
from provisioning.store.tables import Customer
from provisioning.store.verification import Standing


@dataclass(frozen=True, slots=True)
class ActivateCommand:
    """`otp` as typed by the user `user_id` of the institution."""

    institution_id: str
    user_id: str
    otp: str = field(repr=False)
    actor: Actor


def activate(services: Services, command: ActivateCommand, now: datetime) -> VerifyResult:
    """SET_UP → ACTIVE with a fresh code; wrong ones count and suspend as at login. The fob is IN_USE with it.

    A successor takes the place of the token in use, which ends as replaced with it (R43).
    A customer has a token or the mail password: activation ends the latter (R44), and every address is told.
    A credential that is active already answers USED. Raises BadInput, StoreUnavailable, VaultError.
    """

    def put_in_use(line: JoinedLine, standing: Standing) -> None:
        with line.session() as tx:
            if standing.fob_id is not None:
                handed = {FobState.PROGRAMMED, FobState.HANDED_OVER}
                move_fob(tx, standing.fob_id, FobState.IN_USE, command.actor, now, only_from=handed)
            forget_secrets(tx, standing.credential_id)
            over = _end_mail_password(tx, services, command, standing, now)
            if standing.slot is Slot.SUCCESSOR:
                _replace(tx, services, standing, command.actor, now)
        facts = {"mail_password_over": True} if over else {}
        kind = MailKind.TOKEN_ACTIVATED
        owe_notices(line, Notice(kind, command.institution_id, standing.customer_id, now, facts))

    typed = TypedCode(
        Use.ACTIVATE, command.institution_id, command.user_id, command.otp, command.actor, put_in_use
    )
    return judge_code(services, typed, now)


def _replace(tx: Session, services: Services, standing: Standing, actor: Actor, now: datetime) -> None:
    """The token that was in use until now, held since before the code was accepted; none if it ended meanwhile."""
    replaced = open_in(tx, standing.customer_id, Slot.CURRENT)
    if replaced is not None and replaced.id != standing.credential_id:
        end_credential(tx, services, replaced, EndedHow.REPLACED, actor, now)
    move_up(tx, standing.customer_id)


def _end_mail_password(
    tx: Session, services: Services, command: ActivateCommand, standing: Standing, now: datetime
) -> bool:
    # whoever takes it up meanwhile waits here, and is then refused
    tx.execute(select(Customer.id).where(Customer.id == standing.customer_id).with_for_update())
    if not retire_address(tx, standing.customer_id, AddressUse.MAIL_PASSWORD, now):
        return False
    entry = AuditRecord(
        now,
        command.actor,
        "change_mail_password",
        "ended",
        command.institution_id,
        customer_id=standing.customer_id,
        credential_id=standing.credential_id,
    )
    record(tx, services.audit_key, entry)
    return True

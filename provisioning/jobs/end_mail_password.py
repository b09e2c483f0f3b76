"""Stop using the mail password (利用有無: 無), with the current one and the confirmation password (manual 002)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from provisioning.errors import WrongState
from provisioning.jobs.check_mail_password import CheckMailPasswordCommand, check_mail_password
from provisioning.jobs.prove_purpose import Proofs, Proved, prove_purpose, refuse_confirmation
from provisioning.rules.actor import Actor
from provisioning.rules.address_use import AddressUse
from provisioning.rules.mail_code import read_mail_code
from provisioning.rules.mail_kind import MailKind
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.store.addresses import current_address, retire_address
from provisioning.store.audit import AuditRecord, record
from provisioning.store.line import JoinedLine
from provisioning.store.mail_codes import forget_code
from provisioning.store.notices import Notice, owe_notices


@dataclass(frozen=True, slots=True)
class EndMailPasswordCommand:
    """`mail_password` is the current one. `confirmation_password` None: the bank has checked it."""

    institution_id: str
    customer_id: str
    login: str
    mail_password: str = field(repr=False)
    confirmation_password: str | None = field(repr=False)
    actor: Actor


def end_mail_password(services: Services, command: EndMailPasswordCommand, now: datetime) -> Proved:
    """Retire its address; every stored address is told. Raises BadInput, WrongState if it is not in use."""
    read_mail_code(command.mail_password)
    proofs = Proofs(command.institution_id, command.customer_id, None, "", command.actor)
    refused = refuse_confirmation(services, proofs, command.confirmation_password, now)
    if refused is not None:
        return refused
    typed = CheckMailPasswordCommand(
        command.institution_id, command.customer_id, command.login, command.mail_password, command.actor
    )
    checked = check_mail_password(services, typed, now)
    if checked.outcome is not Outcome.ACCEPTED:
        return Proved(Outcome.REFUSED, checked.reason, tries_left=checked.tries_left)
    whose = (command.institution_id, command.customer_id)
    return prove_purpose(services, proofs, lambda tx: stop_in(tx, services, whose, command.actor, now), now)


def stop_in(tx: Session, services: Services, whose: tuple[str, str], actor: Actor, now: datetime) -> None:
    """`whose`: ids of institution and customer. In a transaction that has the proofs, or a paper in their place.

    Raises WrongState if it is not in use.
    """
    institution_id, customer_id = whose
    address = current_address(tx, customer_id, AddressUse.MAIL_PASSWORD)
    if address is None or not retire_address(tx, customer_id, AddressUse.MAIL_PASSWORD, now):
        raise WrongState("mail_password", "none")
    forget_code(tx, address.id)
    notice = Notice(MailKind.MAIL_PASSWORD_CHANGED, institution_id, customer_id, now)
    owe_notices(JoinedLine(tx.connection()), notice)
    entry = AuditRecord(
        now,
        actor,
        "change_mail_password",
        "ended",
        institution_id,
        customer_id=customer_id,
        facts={"address": address.id},
    )
    record(tx, services.audit_key, entry)

"""Enter another mail address for a use: a メール通知パスワード is sent there, and what comes back confirms it.

For the mail password itself this is 手順2 of manual 002: the current one is typed where there is one. Until it is
confirmed the address gets that mail and no other (R75).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from provisioning.errors import BadInput, InputFault, WrongState
from provisioning.jobs.ask_mail_password import refuse_too_many
from provisioning.jobs.check_mail_password import CheckMailPasswordCommand, check_mail_password
from provisioning.jobs.rounds import Overtaken, until_settled
from provisioning.jobs.ticket_box import address_box
from provisioning.mail.addresses import accept_pair
from provisioning.mail.texts import read_language
from provisioning.rules.actor import Actor
from provisioning.rules.address_use import AddressUse
from provisioning.rules.states import CredentialState
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.address_box import address_columns
from provisioning.store.addresses import current_address
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.mail_codes import forget_code, owe_code
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Credential, Customer, CustomerAddress


@dataclass(frozen=True, slots=True)
class ProposeAddressCommand:
    """`use` is MAIL_PASSWORD or NOTICES. `mail_password`: the current one, for the former where it is in use."""

    institution_id: str
    customer_id: str
    use: AddressUse
    mail_address: str = field(repr=False)
    # typed a second time (R75); None: the bank has compared them
    mail_address_again: str | None = field(repr=False)
    language: str
    login: str
    actor: Actor
    mail_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Proposed:
    """`address_id` is what `confirm_address` wants; None where the current mail password was refused."""

    outcome: Outcome
    address_id: str | None = None
    reason: Reason | None = None
    tries_left: int | None = None


def propose_address(services: Services, command: ProposeAddressCommand, now: datetime) -> Proposed:
    """Store the address unconfirmed and owe it a password.

    Raises BadInput (mail_address, mail_address_again, mail_password, language, use), TooEarly, NotFound, and
    WrongState("credential", …) for the mail password of a customer who has a token (R44).
    """
    institution = services.institution(command.institution_id)
    offered = command.use is AddressUse.NOTICES or (
        command.use is AddressUse.MAIL_PASSWORD and institution.mail_password
    )
    if not offered:
        raise BadInput("use", InputFault.NOT_OFFERED)
    read_language(command.language)
    again = command.mail_address if command.mail_address_again is None else command.mail_address_again
    address = accept_pair(command.mail_address, again, institution.dotted_carrier_domains)
    return until_settled(lambda: _round(services, command, address, now))


def _round(services: Services, command: ProposeAddressCommand, address: str, now: datetime) -> Proposed:
    with services.store.read() as session:
        before = _before(session, services, command, address)
    if before is not None and command.use is AddressUse.MAIL_PASSWORD:
        typed = CheckMailPasswordCommand(
            command.institution_id, command.customer_id, command.login, command.mail_password, command.actor
        )
        checked = check_mail_password(services, typed, now)
        if checked.outcome is not Outcome.ACCEPTED:
            return Proposed(Outcome.REFUSED, None, checked.reason, checked.tries_left)
    before_id = None if before is None else before.id
    return Proposed(Outcome.ACCEPTED, _propose(services, command, address, before_id, now))


def refuse_with_token(tx: Session, customer_id: str) -> None:
    """A customer has a token or the mail password. Raises WrongState while a token is open (R44)."""
    still_open = (Credential.customer_id == customer_id, Credential.state != CredentialState.ENDED)
    state = tx.scalar(select(Credential.state).where(*still_open).limit(1))
    if state is not None:
        raise WrongState("credential", state.value)


def _before(
    session: Session, services: Services, command: ProposeAddressCommand, address: str
) -> CustomerAddress | None:
    """The address in use now, if any. Raises NotFound, BadInput, WrongState."""
    customer = own_row(session, Customer, command.customer_id, command.institution_id)
    if command.use is AddressUse.MAIL_PASSWORD:
        refuse_with_token(session, customer.id)
    before = current_address(session, customer.id, command.use)
    if before is not None and address_box(services).is_of(before, address):
        raise BadInput("mail_address", InputFault.UNCHANGED)
    return before


@retried
def _propose(
    services: Services, command: ProposeAddressCommand, address: str, before_id: str | None, now: datetime
) -> str:
    with services.store.write() as tx:
        # whoever takes an address into use waits here, or we for them: then the one that was proved is another
        tx.execute(select(Customer.id).where(Customer.id == command.customer_id).with_for_update())
        current = current_address(tx, command.customer_id, command.use)
        if before_id != (None if current is None else current.id):
            raise Overtaken
        return _store(tx, services, command, address, now)


def _store(tx: Session, services: Services, command: ProposeAddressCommand, address: str, now: datetime) -> str:
    refuse_too_many(tx, command.customer_id, now)
    _drop_earlier(tx, command)
    row = CustomerAddress(
        institution_id=command.institution_id,
        customer_id=command.customer_id,
        use=command.use,
        **address_columns(address_box(services).seal(address, command.institution_id)),
        language=command.language,
        stored_at=now,
    )
    tx.add(row)
    tx.flush()
    mail = owe_code(tx, row, command.login, now)
    entry = AuditRecord(
        now,
        command.actor,
        "ask_mail_password",
        "queued",
        command.institution_id,
        customer_id=command.customer_id,
        facts={"mail": mail.id, "address": row.id, "use": command.use.value},
    )
    record(tx, services.audit_key, entry)
    return row.id


def _drop_earlier(tx: Session, command: ProposeAddressCommand) -> None:
    """What was entered before and never confirmed."""
    unconfirmed = (
        CustomerAddress.customer_id == command.customer_id,
        CustomerAddress.use == command.use,
        CustomerAddress.confirmed_at.is_(None),
    )
    for address_id in tx.scalars(select(CustomerAddress.id).where(*unconfirmed)).all():
        forget_code(tx, address_id)
    tx.execute(delete(CustomerAddress).where(*unconfirmed))

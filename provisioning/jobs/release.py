"""Release (利用解除): the customer ends the use of the token with both passwords (screen BOS001, R37)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from provisioning.errors import BadInput, InputFault
from provisioning.jobs.end_credential import end_credential
from provisioning.jobs.judge_code import TypedCode, Use, judge_code
from provisioning.jobs.passwords import CheckConfirmationCommand, check_confirmation
from provisioning.rules.actor import Actor
from provisioning.rules.identifiers import lookup_name
from provisioning.rules.otp_input import read_otp
from provisioning.rules.states import EndedHow
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.line import JoinedLine
from provisioning.store.tables import Credential, Customer
from provisioning.store.verification import Standing


@dataclass(frozen=True, slots=True)
class ReleaseCommand:
    """`confirmation_password` None: the bank's own system has checked it."""

    institution_id: str
    user_id: str
    otp: str = field(repr=False)
    confirmation_password: str | None = field(repr=False)
    actor: Actor


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """The decision; `reason` is None when released. `tries_left` counts for what `reason` names."""

    outcome: Outcome
    reason: Reason | None = None
    credential_id: str | None = None
    suspended_now: bool = False
    tries_left: int | None = None


def release(services: Services, command: ReleaseCommand, now: datetime) -> ReleaseResult:
    """End an ACTIVE credential: the confirmation password first, then the code, which is spent with it.

    Raises BadInput (nothing is counted), StoreUnavailable, VaultError.
    """
    lookup_name(command.user_id, "user_id")
    read_otp(command.otp)
    refused = _check_confirmation(services, command, now)
    if refused is not None:
        return refused

    def end(line: JoinedLine, standing: Standing) -> None:
        with line.session() as tx:
            credential = tx.get_one(Credential, standing.credential_id)
            end_credential(tx, services, credential, EndedHow.RELEASED, command.actor, now)

    typed = TypedCode(Use.RELEASE, command.institution_id, command.user_id, command.otp, command.actor, end)
    judged = judge_code(services, typed, now)
    return ReleaseResult(
        judged.outcome, judged.reason, judged.credential_id, judged.suspended_now, judged.tries_left
    )


def _check_confirmation(services: Services, command: ReleaseCommand, now: datetime) -> ReleaseResult | None:
    """None to go on. An unknown user goes on, too: the code's judge answers for both."""
    if command.confirmation_password is None:
        return None
    if not command.confirmation_password:
        raise BadInput("confirmation_password", InputFault.MISSING)
    customer_id = _customer_id(services, command)
    if customer_id is None:
        return None
    check = CheckConfirmationCommand(
        command.institution_id, customer_id, command.confirmation_password, command.actor
    )
    checked = check_confirmation(services, check, now)
    reason = checked.confirmation_fault
    return None if reason is None else ReleaseResult(Outcome.REFUSED, reason, tries_left=checked.tries_left)


def _customer_id(services: Services, command: ReleaseCommand) -> str | None:
    query = select(Customer.id).where(
        Customer.institution_id == command.institution_id, Customer.user_id == command.user_id
    )
    with services.store.read() as tx:
        return tx.scalar(query)

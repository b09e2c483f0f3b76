"""Do something only with the one-time password that the institution asks for it, spent in the same transaction.

Where it asks for none, or the customer has no token in use, nothing is spent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import BadInput, InputFault
from provisioning.jobs.judge_code import TypedCode, Use, judge_code
from provisioning.jobs.passwords import CheckConfirmationCommand, check_confirmation
from provisioning.jobs.rounds import Overtaken, until_settled
from provisioning.rules.actor import Actor
from provisioning.rules.otp_input import read_otp
from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.states import CredentialState, Slot
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.line import JoinedLine
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Credential, Customer
from provisioning.store.verification import Standing


@dataclass(frozen=True, slots=True)
class Proved:
    """The decision; `reason` is None when accepted. `tries_left` counts for what `reason` names."""

    outcome: Outcome
    reason: Reason | None = None
    suspended_now: bool = False
    tries_left: int | None = None


@dataclass(frozen=True, slots=True)
class Proofs:
    """What was typed for `purpose`; None: no one-time password is asked for, whoever it is."""

    institution_id: str
    customer_id: str
    purpose: OtpPurpose | None
    otp: str = field(repr=False)
    actor: Actor

    def needs_otp(self, services: Services) -> bool:
        """The institution asks for a code here, and the customer has a token that is in force or suspended."""
        if not self.is_asked_for(services):
            return False
        with services.store.read() as tx:
            return has_token_in_use(tx, self.customer_id)

    def is_asked_for(self, services: Services) -> bool:
        """The institution asks for a code here of whoever has a token."""
        return self.purpose in services.institution(self.institution_id).asks_otp_at

    def check_form(self, services: Services) -> None:
        """Raises BadInput for a code that is missing, malformed, or not asked for; nothing is counted."""
        if self.needs_otp(services):
            read_otp(self.otp)
        elif self.otp:
            raise BadInput("otp", InputFault.NOT_OFFERED)


def has_token_in_use(tx: Session, customer_id: str) -> bool:
    """Activated and not ended: whoever has it must prove it, also while it is suspended."""
    in_use = (
        Credential.customer_id == customer_id,
        Credential.slot == Slot.CURRENT,
        Credential.activated_at.is_not(None),
        Credential.state != CredentialState.ENDED,
    )
    return tx.scalar(select(Credential.id).where(*in_use).limit(1)) is not None


def prove_purpose(services: Services, proofs: Proofs, act: Callable[[Session], None], now: datetime) -> Proved:
    """Judge the code where one is asked for, and `act` in the transaction that spends it; else just `act`.

    Whatever `act` raises leaves the code unspent. Raises BadInput, StoreUnavailable, VaultError, ClockUntrusted.
    """
    return until_settled(lambda: _round(services, proofs, act, now))


def _round(services: Services, proofs: Proofs, act: Callable[[Session], None], now: datetime) -> Proved:
    if not proofs.needs_otp(services):
        _act_alone(services, proofs, act)
        return Proved(Outcome.ACCEPTED)

    def accepted(line: JoinedLine, _: Standing) -> None:
        with line.session() as tx:
            act(tx)
            tx.flush()

    typed = TypedCode(
        Use.VERIFY, proofs.institution_id, _user_id(services, proofs), proofs.otp, proofs.actor, accepted
    )
    judged = judge_code(services, typed, now)
    return Proved(judged.outcome, judged.reason, judged.suspended_now, judged.tries_left)


@retried
def _act_alone(services: Services, proofs: Proofs, act: Callable[[Session], None]) -> None:
    with services.store.write() as tx:
        if proofs.is_asked_for(services):
            # an activation waits here, or we for it: a token that came into force since we looked must be proved
            tx.execute(select(Customer.id).where(Customer.id == proofs.customer_id).with_for_update())
            if has_token_in_use(tx, proofs.customer_id):
                raise Overtaken
        act(tx)


def refuse_confirmation(services: Services, proofs: Proofs, typed: str | None, now: datetime) -> Proved | None:
    """None to go on: the confirmation password is right, or None because the bank has checked it."""
    if typed is None:
        return None
    command = CheckConfirmationCommand(proofs.institution_id, proofs.customer_id, typed, proofs.actor)
    checked = check_confirmation(services, command, now)
    reason = checked.confirmation_fault
    return None if reason is None else Proved(Outcome.REFUSED, reason, tries_left=checked.tries_left)


def _user_id(services: Services, proofs: Proofs) -> str:
    with services.store.read() as tx:
        customer = own_row(tx, Customer, proofs.customer_id, proofs.institution_id)
        return customer.user_id

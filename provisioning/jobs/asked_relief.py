"""What frees a customer and may need a second person: a lifted suspension, a paper request that is carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.orm import Session

from provisioning.jobs.asked import Asked, token_facts, who
from provisioning.rules.approval import ApprovedAct, AskedJob
from provisioning.rules.papers import PaperAct
from provisioning.services import Services
from provisioning.store.issuances import issuances
from provisioning.store.own_rows import own_row
from provisioning.store.queries.actors import actor_names
from provisioning.store.tables import Credential, Customer, PaperRequest

if TYPE_CHECKING:
    from provisioning.jobs.close_paper import CarryOutPaperCommand
    from provisioning.jobs.lift_suspension import LiftSuspensionCommand

_LIFTS: Final = {
    PaperAct.LIFT_SUSPENSION: ApprovedAct.LIFT_SUSPENSION,
    PaperAct.LIFT_RESTRICTION: ApprovedAct.LIFT_RESTRICTION,
}
_NEVER: Final = frozenset({PaperAct.END_AS_LOST, PaperAct.NOTHING_LEFT})
"""A loss ends the token at once, by one person (R42)."""


def acts_of_paper(act: PaperAct) -> tuple[ApprovedAct, ...]:
    """What carrying out a paper that way amounts to."""
    if act in _NEVER:
        return ()
    return (ApprovedAct.CLOSE_PAPER, *([_LIFTS[act]] if act in _LIFTS else []))


def lifting(tx: Session, services: Services, command: LiftSuspensionCommand) -> Asked:
    """Raises NotFound."""
    credential = own_row(tx, Credential, command.credential_id, command.institution_id)
    customer = own_row(tx, Customer, credential.customer_id, command.institution_id)
    return Asked(
        AskedJob.LIFT_SUSPENSION,
        f"credential {credential.id}",
        customer.branch,
        {"credential_id": credential.id},
        who(customer) | token_facts(tx, credential),
        customer.id,
    )


def paper(tx: Session, services: Services, command: CarryOutPaperCommand) -> Asked:
    """Raises NotFound."""
    found = own_row(tx, PaperRequest, command.paper_id, command.institution_id)
    customer = own_row(tx, Customer, found.customer_id, command.institution_id)
    facts: dict[str, Any] = who(customer) | {
        "form_number": found.form_number,
        "paper": found.kind.value,
        "identity_check": found.identity_check.value,
        "note": found.note,
        "taken_by": actor_names(tx, [found.taken_by]).get(found.taken_by, ""),
        "act": command.act,
        "issuances": issuances(tx, customer.id),
    }
    if command.credential_id:
        facts |= token_facts(tx, own_row(tx, Credential, command.credential_id, command.institution_id))
    return Asked(
        AskedJob.CARRY_OUT_PAPER,
        f"paper {found.id}",
        customer.branch,
        {"paper_id": found.id, "act": command.act, "credential_id": command.credential_id},
        facts,
        customer.id,
    )

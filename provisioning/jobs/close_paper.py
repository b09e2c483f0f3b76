"""A paper request has its outcome: carried out, with the act itself in the same transaction, or refused (R39)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from provisioning.errors import BadInput, InputFault, WrongState
from provisioning.jobs.asked_relief import acts_of_paper
from provisioning.jobs.needs_approval import refuse_without_approval
from provisioning.jobs.paper_acts import ACTS, PaperCase
from provisioning.rules.actor import Actor
from provisioning.rules.papers import ACTS_OF, PaperAct, PaperState, read_line
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Credential, PaperRequest


@dataclass(frozen=True, slots=True)
class CarryOutPaperCommand:
    """`act` as chosen; `credential_id` is the token that whoever chose it saw, "" without one."""

    institution_id: str
    paper_id: str
    act: str
    credential_id: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class RefusePaperCommand:
    """`refusal` (one line): why, for the record and for the customer."""

    institution_id: str
    paper_id: str
    refusal: str
    actor: Actor


@retried
def carry_out_paper(services: Services, command: CarryOutPaperCommand, now: datetime) -> PaperAct:
    """Do what the paper asks for and close it, both or neither.

    Raises BadInput("act"), NotFound, WrongState("paper") if it is closed already, ApprovalNeeded, and what the act
    raises.
    """
    with services.store.write() as tx:
        return carry_out_in(tx, services, command, now)


def carry_out_in(tx: Session, services: Services, command: CarryOutPaperCommand, now: datetime) -> PaperAct:
    """As `carry_out_paper`, in a transaction that does more than this."""
    paper = _open_paper(tx, command.institution_id, command.paper_id)
    act = _act(paper, command.act)
    refuse_without_approval(services.institution(command.institution_id), command.actor, *acts_of_paper(act))
    case = PaperCase(tx, services, paper, command.credential_id, command.actor, now)
    ACTS[act](case)
    paper.act = act
    _close(case, PaperState.DONE)
    return act


@retried
def refuse_paper(services: Services, command: RefusePaperCommand, now: datetime) -> None:
    """Close it without anything done. Raises BadInput("refusal"), NotFound, WrongState("paper")."""
    refusal = read_line(command.refusal, "refusal")
    if not refusal:
        raise BadInput("refusal", InputFault.MISSING)
    with services.store.write() as tx:
        paper = _open_paper(tx, command.institution_id, command.paper_id)
        paper.refusal = refusal
        _close(PaperCase(tx, services, paper, "", command.actor, now), PaperState.REFUSED)


def _open_paper(tx: Session, institution_id: str, paper_id: str) -> PaperRequest:
    """Held until the transaction ends, so that nobody else closes it meanwhile."""
    paper = own_row(tx, PaperRequest, paper_id, institution_id, held=True)
    if paper.state is not PaperState.OPEN:
        raise WrongState("paper", paper.state.value)
    return paper


def _act(paper: PaperRequest, chosen: str) -> PaperAct:
    if chosen not in ACTS_OF[paper.kind]:
        raise BadInput("act", InputFault.NOT_OFFERED if chosen else InputFault.MISSING)
    return PaperAct(chosen)


_TOLD: Final = ("form_number", "refusal", "issuances_forgiven")


def _close(case: PaperCase, state: PaperState) -> None:
    paper = case.paper
    paper.state, paper.closed_by, paper.closed_at = state, case.actor.id, case.now
    case.tx.flush()
    facts = {"paper_id": paper.id, "paper": paper.kind.value, "identity_check": paper.identity_check.value}
    facts |= {name: getattr(paper, name) for name in _TOLD if getattr(paper, name)}
    if paper.credential_id is not None:
        facts["kind"] = case.tx.get_one(Credential, paper.credential_id).kind.value
    entry = AuditRecord(
        case.now,
        case.actor,
        "carry_out_paper" if paper.act else "refuse_paper",
        paper.act.value if paper.act else state.value,
        paper.institution_id,
        customer_id=paper.customer_id,
        credential_id=paper.credential_id,
        facts=facts,
    )
    record(case.tx, case.services.audit_key, entry)

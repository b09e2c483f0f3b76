"""Paper requests through the bank API: taken in, carried out or refused, listed (R39)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.errors import NotFound
from provisioning.jobs.close_paper import (
    CarryOutPaperCommand,
    RefusePaperCommand,
    carry_out_paper,
    refuse_paper,
)
from provisioning.jobs.take_and_carry_out import take_and_carry_out
from provisioning.jobs.take_paper import TakePaperCommand, take_paper
from provisioning.rules.papers import PaperAct, PaperKind
from provisioning.store.queries.papers import PaperFilter, PaperView, paper, papers
from web import current
from web.api.bank.acts.answers import Answer, afterwards, known, told_of
from web.api.bank.calls import Call
from web.api.bank.once import Act


def _take(call: Call) -> Answer:
    paper_id = take_paper(current.services(), _taking(call, call.fields["kind"]), current.now())
    return _told_after(call, paper_id)


def _carry_out(call: Call) -> Answer:
    paper_id = _own(call, call.fields["paper_id"]).id
    credential_id = call.fields.get("credential_id", "")
    command = CarryOutPaperCommand(call.institution.id, paper_id, call.fields["act"], credential_id, call.actor)
    carry_out_paper(current.services(), command, current.now())
    return _told_after(call, paper_id)


def _refuse(call: Call) -> Answer:
    paper_id = _own(call, call.fields["paper_id"]).id
    command = RefusePaperCommand(call.institution.id, paper_id, call.fields["refusal"], call.actor)
    refuse_paper(current.services(), command, current.now())
    return _told_after(call, paper_id)


def _lift_restriction(call: Call) -> Answer:
    taking = _taking(call, PaperKind.ISSUE_RESTRICTION.value)
    paper_id = take_and_carry_out(current.services(), taking, PaperAct.LIFT_RESTRICTION, current.now())
    return _told_after(call, paper_id)


def _list(call: Call) -> Answer:
    wanted = PaperFilter(customer_id=call.token.customer_id)
    found = papers(current.services().store, call.institution.id, wanted)
    told_of(call, "papers", call.token.customer_id)
    return {"papers": [_told(one) for one in found]}


def _taking(call: Call, kind: str) -> TakePaperCommand:
    return TakePaperCommand(
        call.institution.id,
        call.token.customer_id,
        kind,
        call.fields["form_number"],
        call.fields["identity_check"],
        call.actor,
        call.fields.get("note", ""),
    )


def _own(call: Call, paper_id: str) -> PaperView:
    """Raises NotFound, also for another customer's (R58)."""
    found = paper(current.services().store, call.institution.id, paper_id)
    if found.customer_id != call.token.customer_id:
        raise NotFound("paper")
    return found


def _told_after(call: Call, paper_id: str) -> Answer:
    with afterwards():
        return _told(_own(call, paper_id))


def _told(found: PaperView) -> Answer:
    return known(
        paper_id=found.id,
        kind=found.kind.value,
        form_number=found.form_number,
        identity_check=found.identity_check.value,
        note=found.note,
        state=found.state.value,
        act=found.act.value if found.act else None,
        refusal=found.refusal,
        taken_at=found.taken_at,
        closed_at=found.closed_at,
    )


ACTS: Final[Mapping[str, Act]] = {
    "take_paper": _take,
    "carry_out_paper": _carry_out,
    "refuse_paper": _refuse,
    "papers": _list,
    "lift_restriction": _lift_restriction,
}

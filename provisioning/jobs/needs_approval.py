"""Where an institution demands a second person, staff do not act alone (R56)."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from provisioning.errors import ApprovalNeeded
from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.rules.approval import ApprovedAct
from provisioning.rules.institution import Institution
from provisioning.rules.states import TokenKind
from provisioning.store.issuances import unreleased

_ASKED: Final = frozenset({ActorKind.STAFF, ActorKind.SYSTEM})
"""Staff at the console, and operators at the command line; a bank's own system has its own second persons, and the
worker does by itself only what nobody decides."""


def refuse_without_approval(institution: Institution, actor: Actor, *acts: ApprovedAct) -> None:
    """Raises ApprovalNeeded if the institution demands it for any of `acts`, and nobody has allowed this."""
    wanted = tuple(act.value for act in acts if act in institution.approval.needed_for)
    if wanted and actor.approval is None and actor.kind in _ASKED and actor != SYSTEM:
        raise ApprovalNeeded(wanted)


def acts_of_issuance(
    tx: Session, institution: Institution, customer_id: str, kind: TokenKind
) -> tuple[ApprovedAct, ...]:
    """What issuing a token of `kind` to this customer amounts to."""
    acts = [ApprovedAct.ISSUE_HARD] if kind is TokenKind.HARD else []
    if institution.approval.needs(ApprovedAct.REISSUE) and unreleased(tx, customer_id) is not None:
        acts.append(ApprovedAct.REISSUE)
    return tuple(acts)

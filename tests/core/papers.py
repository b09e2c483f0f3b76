"""An institution that takes papers, and steps with them that several tests share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from provisioning.jobs.close_paper import CarryOutPaperCommand, carry_out_paper
from provisioning.jobs.take_paper import TakePaperCommand, take_paper
from provisioning.rules.actor import SYSTEM, Actor
from provisioning.rules.institution import Institution
from provisioning.rules.papers import PaperAct, PaperKind
from provisioning.services import Services
from provisioning.store.tables import Customer, PaperRequest
from tests.fixtures.services import DUAL

LIMIT: Final = 3
ON_PAPER: Final[Mapping[str, Institution]] = {
    DUAL.id: replace(DUAL, issuance_limit=LIMIT, papers=tuple(PaperKind), reissue_next_day=False)
}
"""`dual` as it would be with everything that manual 002 wants on paper."""


def hand_in(
    services: Services,
    customer: Customer,
    kind: PaperKind,
    now: datetime,
    actor: Actor = SYSTEM,
    /,
    **changes: Any,
) -> str:
    """A form of this kind is taken in; `changes` replace fields of the command. Its id."""
    command = TakePaperCommand(customer.institution_id, customer.id, kind, "A-0001", "photo_id", actor)
    return take_paper(services, replace(command, **changes), now)


def carry_out(
    services: Services, paper_id: str, act: PaperAct, now: datetime, credential_id: str = "", actor: Actor = SYSTEM
) -> None:
    """The act that the paper asks for."""
    command = CarryOutPaperCommand(DUAL.id, paper_id, act, credential_id, actor)
    assert carry_out_paper(services, command, now) is act


def paper_row(services: Services, paper_id: str) -> PaperRequest:
    """The request as it stands."""
    with services.store.read() as tx:
        return tx.get_one(PaperRequest, paper_id)

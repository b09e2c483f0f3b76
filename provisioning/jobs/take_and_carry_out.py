"""A paper request that the bank has looked at already: taken in and carried out at once, both or neither (R39)."""

from __future__ import annotations

from datetime import datetime

from provisioning.jobs.close_paper import CarryOutPaperCommand, carry_out_in
from provisioning.jobs.take_paper import TakePaperCommand, take_in
from provisioning.rules.papers import PaperAct
from provisioning.services import Services
from provisioning.store.conflicts import retried


@retried
def take_and_carry_out(services: Services, taking: TakePaperCommand, act: PaperAct, now: datetime) -> str:
    """The request's id. `act` is one that is about no token. Raises as `take_paper` and `carry_out_paper`."""
    with services.store.write() as tx:
        paper_id = take_in(tx, services, taking, now)
        carry_out_in(
            tx, services, CarryOutPaperCommand(taking.institution_id, paper_id, act, "", taking.actor), now
        )
    return paper_id

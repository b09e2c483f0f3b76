"""The fob passes from the teller's hand into the customer's."""

from __future__ import annotations

from datetime import datetime

from provisioning.errors import WrongState
from provisioning.jobs.fob_acts import FobCommand, fob_case, record_fob_act
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.journal import move_fob


@retried
def hand_over(services: Services, command: FobCommand, now: datetime) -> None:
    """PROGRAMMED → HANDED_OVER. Raises WrongState, also for a fob without a proved credential; NotFound."""
    with services.store.write() as tx:
        case = fob_case(tx, command)
        if case.credential is None:
            raise WrongState("fob", case.fob.state.value)
        move_fob(tx, case.fob.id, FobState.HANDED_OVER, command.actor, now, only_from={FobState.PROGRAMMED})
        record_fob_act(tx, services, command, now, "hand_over", credential=case.credential)

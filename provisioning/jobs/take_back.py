"""A dead fob comes back over the counter; it is erased before it is stock again (R32)."""

from __future__ import annotations

from datetime import datetime

from provisioning.errors import WrongState
from provisioning.jobs.fob_acts import FobCommand, fob_case, record_fob_act
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.journal import move_fob


@retried
def take_back(services: Services, command: FobCommand, now: datetime) -> None:
    """HANDED_OVER, IN_USE, PROGRAMMED or LOST (found again) → RETURNED.

    Raises WrongState("credential") while it carries an open one (release or revoke it first),
    WrongState("fob") from other states, NotFound.
    """
    with services.store.write() as tx:
        case = fob_case(tx, command, held=True)
        if case.credential is not None:
            raise WrongState("credential", case.credential.state.value)
        if case.job is not None:
            raise WrongState("job", case.job.state.value)
        move_fob(tx, case.fob.id, FobState.RETURNED, command.actor, now)
        record_fob_act(tx, services, command, now, "take_back", serial=case.fob.serial)

"""A fob leaves the drawer for good, or as far as anybody knows: lost, broken, retired (R31, R42)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from provisioning.errors import BadInput, InputFault, WrongState
from provisioning.jobs.end_credential import end_credential
from provisioning.jobs.fob_acts import FobCommand, fob_case, record_fob_act
from provisioning.rules.states import EndedHow, FobState, JobState
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.journal import move_fob, move_job
from provisioning.store.tables import Fob

_ENDS: Final = {FobState.LOST: EndedHow.LOST, FobState.BROKEN: EndedHow.REVOKED}


@dataclass(frozen=True, slots=True)
class RemoveFobCommand(FobCommand):
    """`to` is LOST, BROKEN or RETIRED."""

    to: FobState


@retried
def remove_fob(services: Services, command: RemoveFobCommand, now: datetime) -> None:
    """Lost and broken end the open credential at once; retiring a fob that carries one raises WrongState.

    An open job is given up. Raises BadInput for another `to`, WrongState where the table knows no way, NotFound.
    """
    if command.to not in (FobState.LOST, FobState.BROKEN, FobState.RETIRED):
        raise BadInput("to", InputFault.NOT_OFFERED)
    with services.store.write() as tx:
        _free(tx, services, command, now)
        fob = tx.get_one(Fob, command.fob_id, populate_existing=True)
        if fob.state is not command.to:
            move_fob(tx, fob.id, command.to, command.actor, now)
        record_fob_act(tx, services, command, now, "remove_fob", to=command.to.value)


def _free(tx: Session, services: Services, command: RemoveFobCommand, now: datetime) -> None:
    """End what hangs on the fob."""
    credential = fob_case(tx, command).credential
    if credential is not None:
        if command.to not in _ENDS:
            raise WrongState("credential", credential.state.value)
        end_credential(tx, services, credential, _ENDS[command.to], command.actor, now)
        return
    case = fob_case(tx, command, held=True)
    if case.credential is not None:  # somebody reserved it just now
        raise WrongState("fob", case.fob.state.value)
    if case.job is not None:
        move_job(tx, case.job.id, JobState.ABANDONED, closed_at=now)

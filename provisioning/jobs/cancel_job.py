"""Somebody at the branch gives up writing or erasing a fob; nothing is tried again by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from devices.contract import FailureCode, Problem
from provisioning.jobs.end_attempt import EndAttemptCommand, end_attempt
from provisioning.rules.actor import Actor
from provisioning.rules.states import JobState
from provisioning.services import Services
from provisioning.store.own_rows import own_row
from provisioning.store.tables import ProgrammingJob


@dataclass(frozen=True, slots=True)
class CancelJobCommand:
    """An open job of the institution."""

    institution_id: str
    job_id: str
    actor: Actor


def cancel_job(services: Services, command: CancelJobCommand, now: datetime) -> None:
    """End the job and its credential. An untouched fob goes back to stock, any other is to be erased.

    Raises NotFound, WrongState if the job is closed already.
    """
    with services.store.read() as session:
        job = own_row(session, ProgrammingJob, command.job_id, command.institution_id)
    given_up = Problem(FailureCode.CANCELLED)
    ending = EndAttemptCommand(job.id, JobState.ABANDONED, given_up, command.actor, try_again=False)
    end_attempt(services, ending, now)

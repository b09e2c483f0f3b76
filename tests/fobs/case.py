"""One customer, one fob, one desk, one teller; and the books as the tests read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from provisioning.jobs.cancel_job import CancelJobCommand, cancel_job
from provisioning.jobs.fob_acts import FobCommand
from provisioning.jobs.reserve_fob import ReservedFob, ReserveFobCommand, reserve_fob
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.rules.actor import Actor
from provisioning.rules.states import CredentialState, EndedHow, FobState
from provisioning.services import Services
from provisioning.store.queries import jobs
from provisioning.store.queries.jobs import JobView
from provisioning.store.tables import AuditEntry, Credential, Customer, Fob, ProgrammingJob
from tests.fobs.desk import Desk


@dataclass
class Case:
    """The time is the desk's: move `desk.now` to move it for everybody."""

    services: Services
    desk: Desk
    fob: Fob
    customer: Customer
    teller: Actor

    @property
    def now(self) -> datetime:
        """The instant at which the next act happens."""
        return self.desk.now

    def reserve(self, **more: object) -> ReservedFob:
        """The teller reserves the fob for the customer."""
        command = ReserveFobCommand("dual", self.customer.id, self.fob.id, self.teller, **more)  # type: ignore[arg-type]
        return reserve_fob(self.services, command, self.now)

    def of_fob(self) -> FobCommand:
        """The teller acts on the fob."""
        return FobCommand("dual", self.fob.id, self.teller)

    def cancel(self, job_id: str, institution_id: str = "dual") -> None:
        """The teller gives a job up."""
        cancel_job(self.services, CancelJobCommand(institution_id, job_id, self.teller), self.now)

    def end(self, credential_id: str) -> None:
        """The customer's token is revoked at the counter."""
        command = RevokeCommand("dual", credential_id, EndedHow.REVOKED, self.teller)
        revoke(self.services, command, self.now)

    def fob_state(self) -> FobState:
        """Where the fob is."""
        with self.services.store.read() as session:
            return session.get_one(Fob, self.fob.id).state

    def job(self, job_id: str) -> ProgrammingJob:
        """One job as it stands."""
        with self.services.store.read() as session:
            return session.get_one(ProgrammingJob, job_id)

    def page(self, job_id: str) -> JobView:
        """One job as the teller's page has it."""
        return jobs.job(self.services.store, "dual", job_id, self.now)

    def open_job(self) -> ProgrammingJob:
        """The fob's open job."""
        query = select(ProgrammingJob).where(
            ProgrammingJob.fob_id == self.fob.id, ProgrammingJob.closed_at.is_(None)
        )
        with self.services.store.read() as session:
            return session.scalars(query).one()

    def jobs(self) -> list[ProgrammingJob]:
        """Every job, oldest first."""
        query = select(ProgrammingJob).order_by(ProgrammingJob.queued_at, ProgrammingJob.attempt)
        with self.services.store.read() as session:
            return list(session.scalars(query))

    def credential(self, credential_id: str | None) -> Credential:
        """One credential as it stands."""
        with self.services.store.read() as session:
            return session.get_one(Credential, credential_id)

    def open_credentials(self) -> list[Credential]:
        """The customer's credentials that have not ended."""
        query = select(Credential).where(
            Credential.customer_id == self.customer.id, Credential.state != CredentialState.ENDED
        )
        with self.services.store.read() as session:
            return list(session.scalars(query))

    def acts(self, job_id: str) -> list[tuple[str, str]]:
        """Act and result of every audit row about a job, in order."""
        query = select(AuditEntry).where(AuditEntry.job_id == job_id).order_by(AuditEntry.id)
        with self.services.store.read() as session:
            return [(row.act, row.result) for row in session.scalars(query)]

"""Whether the bank's books are right at this moment, whatever a station is doing: read from the database."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from provisioning.rules.states import CredentialState, JobState
from provisioning.services import Services
from provisioning.store.tables import Credential, ProgrammingJob
from tests.faults.books import BOUND, unsealed


def check_books(services: Services) -> None:
    """Nobody is bound without a proof, no seed is kept twice or too long, and no job waits for nobody."""
    with services.store.read() as session:
        credentials = list(session.scalars(select(Credential)))
        jobs = list(session.scalars(select(ProgrammingJob)))
    for credential in credentials:
        _check(credential, [job for job in jobs if job.credential_id == credential.id])
    seeds = [unsealed(services, one) for one in credentials if one.sealed_seed is not None]
    assert len(set(seeds)) == len(seeds), "one seed for two customers"
    under_way = [one for one in credentials if one.state is not CredentialState.ENDED]
    _check_alone("customer", [one.customer_id for one in under_way])
    _check_alone("fob", [one.fob_id for one in under_way])


def _check(credential: Credential, attempts: list[ProgrammingJob]) -> None:
    proofs = [job for job in attempts if job.state is JobState.PROVED and job.proved_at is not None]
    waiting = [job for job in attempts if job.closed_at is None]
    is_ended = credential.state is CredentialState.ENDED
    assert len(proofs) == (1 if credential.state in BOUND else 0), "bound without a proof, or not bound by one"
    assert len(waiting) == (1 if credential.state is CredentialState.ISSUED else 0), "it waits for nothing"
    assert not is_ended or (credential.sealed_seed, credential.wrapped_key) == (None, None), "the seed outlived it"


def _check_alone(what: str, holders: Iterable[object]) -> None:
    listed = list(holders)
    assert len(set(listed)) == len(listed), f"two open credentials of one {what}"

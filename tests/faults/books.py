"""Whether the books are right: read from the database and from the fobs' own flash."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from provisioning.rules.states import CredentialState, FobState
from provisioning.services import Services
from provisioning.store.queries import jobs
from provisioning.store.queries.jobs import JobFilter, JobView
from provisioning.store.tables import Credential, Fob, ProgrammingJob
from provisioning.store.vault import SealedSeed, SeedContext
from tests.faults.world import FOBS, World
from tests.fixtures.services import DUAL
from tests.rig.fob.flash import Flash

BOUND = frozenset({CredentialState.SET_UP, CredentialState.ACTIVE, CredentialState.SUSPENDED})


@dataclass(frozen=True)
class Books:
    """Everything at one moment."""

    fobs: dict[str, Fob]
    credentials: list[Credential]
    jobs: list[ProgrammingJob]
    seeds_in_fobs: dict[str, bytes]


def read_books(world: World) -> Books:
    """One transaction's view, and the fobs' flash."""
    with world.services.store.read() as session:
        fobs = {fob.serial: fob for fob in session.scalars(select(Fob))}
        credentials = list(session.scalars(select(Credential)))
        rows = list(session.scalars(select(ProgrammingJob).order_by(ProgrammingJob.attempt)))
    return Books(fobs, credentials, rows, {serial: seed for serial in FOBS if (seed := flash_seed(world, serial))})


def flash_seed(world: World, serial: str) -> bytes:
    """The seed a fob would have after the next power-up; empty without one. The fob is not touched."""
    copy = world.directory / f"copy of {serial}"
    shutil.copyfile(world.directory / "rig" / "fobs" / serial / "flash.bin", copy)
    held = Flash(copy).record.credential
    copy.unlink()
    return b"" if held is None else held.seed


def check_books(world: World) -> Books:
    """What must hold at every moment, also while a station writes: never to a fob that somebody is bound to."""
    books = read_books(world)
    held = {fob.id: books.seeds_in_fobs.get(serial, b"") for serial, fob in books.fobs.items()}
    for credential in books.credentials:
        if credential.state in BOUND:
            assert credential.fob_id is not None
            assert held[credential.fob_id] == unsealed(world.services, credential), (
                "bound to a fob without its seed"
            )
        if credential.state is CredentialState.ENDED:
            assert (credential.sealed_seed, credential.wrapped_key) == (None, None), (
                "the seed outlived its credential"
            )
    _check_seeds(world, books)
    _check_states(books)
    return books


def _check_seeds(world: World, books: Books) -> None:
    in_fobs = list(books.seeds_in_fobs.values())
    assert len(set(in_fobs)) == len(in_fobs), "one seed in two fobs"
    kept = [unsealed(world.services, row) for row in books.credentials if row.sealed_seed is not None]
    assert len(set(kept)) == len(kept), "one seed for two customers"


def _check_states(books: Books) -> None:
    open_ones = [row for row in books.credentials if row.state is not CredentialState.ENDED]
    for who in ("customer_id", "fob_id"):
        holders = [getattr(row, who) for row in open_ones]
        assert len(set(holders)) == len(holders), f"two open credentials of one {who}"
    for fob in books.fobs.values():
        states = [row.state for row in open_ones if row.fob_id == fob.id]
        assert (fob.state is FobState.PROGRAMMED) == (states == [CredentialState.SET_UP]), (fob.state, states)
        open_jobs = [row for row in books.jobs if row.fob_id == fob.id and row.closed_at is None]
        waits = states == [CredentialState.ISSUED]
        assert len(open_jobs) == (1 if waits else 0), "a credential waits for nothing, or a job for nobody"


def unsealed(services: Services, credential: Credential) -> bytes:
    """The seed as the verifier knows it."""
    assert services.opener is not None
    assert credential.sealed_seed is not None
    assert credential.wrapped_key is not None
    assert credential.kek_id is not None
    sealed = SealedSeed(credential.sealed_seed, credential.wrapped_key, credential.kek_id)
    context = SeedContext(credential.institution_id, credential.id, credential.seed_version)
    return bytes(services.opener.open(sealed, context))


def pages(world: World, later_s: float = 0) -> dict[str, JobView]:
    """The newest job of every fob as the teller's page shows it `later_s` seconds from now."""
    found: dict[str, JobView] = {}
    moment = datetime.now(UTC) + timedelta(seconds=later_s)
    for view in jobs.jobs(world.services.store, DUAL.id, moment, JobFilter()):
        newest = found.get(view.serial)
        if newest is None or view.attempt > newest.attempt:
            found[view.serial] = view
    return found


def files_with(directory: Path, secret: bytes) -> list[str]:
    """Names of files outside the fobs' own memory in which `secret` stands, as bytes or in hexadecimal."""
    found = []
    for file in directory.rglob("*"):
        if file.is_file() and "fobs" not in file.relative_to(directory).parts:
            text = file.read_bytes()
            if secret in text or secret.hex().encode() in text:
                found.append(str(file.relative_to(directory)))
    return found

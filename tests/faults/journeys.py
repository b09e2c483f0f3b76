"""What customers, teller and timer do around the faults."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any

from devices.attach import Desk, open_named, scan
from devices.driver import SlotProgram
from devices.links.serial import SerialBus
from devices.profile_files import load_profiles
from devices.profiles import Algorithm, CredentialForm, OtpType
from provisioning.errors import WrongState
from provisioning.jobs.abandon_stale import abandon_stale
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.prove_typed_code import ProveTypedCodeCommand, prove_typed_code
from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.rules.states import JobState
from provisioning.rules.verdict import Outcome
from provisioning.store.queries.jobs import PROVED_WITHIN
from provisioning.store.queries.next_step import NextStep
from tests.faults.books import check_books, files_with, pages, read_books
from tests.faults.world import FOBS, USERS, World, until
from tests.fixtures.services import DUAL
from tests.rig.clock import RigClock
from tests.rig.drawer import PROFILE, Drawer
from tests.rig.fob.device import EmulatedFob
from tests.rig.wire.socket import SocketBus


def finish(world: World, *, teller_types: bool = False) -> None:
    """Both fobs are proved in the end, the books are right, and both customers activate with what they show."""

    def proved() -> bool:
        if teller_types:
            _type_where_asked(world)
        return all(states[-1] is JobState.PROVED for states in attempts(world).values())

    until(proved, "both fobs are proved")
    books = check_books(world)
    assert sorted(books.seeds_in_fobs) == sorted(FOBS)
    # closing a file that SQLite has open drops SQLite's locks on it: first let go of the database
    world.services.store.close()
    for seed in books.seeds_in_fobs.values():
        assert files_with(world.directory, seed) == [], "a seed stands on the disk in the clear"
    for serial, user_id in USERS.items():
        command = ActivateCommand(DUAL.id, user_id, _display(world, serial), Actor(ActorKind.CUSTOMER, user_id))
        result = activate(world.services, command, datetime.now(UTC))
        assert result.outcome is Outcome.ACCEPTED, result.reason


def attempts(world: World) -> dict[str, list[JobState]]:
    """States of every fob's jobs in order."""
    books = read_books(world)
    return {
        serial: [job.state for job in books.jobs if job.fob_id == fob.id] for serial, fob in books.fobs.items()
    }


def failures(world: World) -> list[tuple[str, dict[str, Any]]]:
    """Serial and failure, with its facts, of every job that failed."""
    books = read_books(world)
    serials = {fob.id: serial for serial, fob in books.fobs.items()}
    return [(serials[job.fob_id], job.failure) for job in books.jobs if job.failure and job.fob_id]


def shown_to_the_teller(world: World, later_s: float) -> list[NextStep]:
    """The next step for every fob, so many seconds from now."""
    return [page.next_step for page in pages(world, later_s).values()]


def timer_runs(world: World) -> None:
    """A minute passes in which no station was heard; the worker cleans up, and nothing is being written."""
    now = datetime.now(UTC) + timedelta(seconds=61)
    abandon_stale(world.services, now)
    assert not any(JobState.WRITING in states for states in attempts(world).values())


def reports_of_a_write(drawer: Drawer, serial: str) -> int:
    """How many reports cross from opening the fob to giving it back, with the product's own driver."""
    desk = Desk((SocketBus(drawer.hid_ports), SerialBus(drawer.cradles)), load_profiles(), drawer.roots, time)
    (sighting,) = (seen for seen in scan(desk) if serial in seen.device.path)
    crossed: list[int] = []
    drawer.port(serial).on_report = crossed.append
    driver = open_named(desk, sighting, desk.profile(PROFILE), serial, lambda _done, _total: None)
    driver.program(SlotProgram(CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20), bytes(range(20))))
    driver.close()
    return max(crossed)


def _type_where_asked(world: World) -> None:
    # as soon as it asks: a teller would wait, for the station may prove it yet
    for serial, page in pages(world, PROVED_WITHIN.total_seconds()).items():
        if page.next_step is NextStep.TYPE_CODE:
            command = ProveTypedCodeCommand(DUAL.id, page.id, _display(world, serial), SYSTEM)
            # a station that lives may prove it between our look and our typing
            with suppress(WrongState):
                assert prove_typed_code(world.services, command, datetime.now(UTC)).proved


def _display(world: World, serial: str) -> str:
    """What the fob shows."""
    clock = RigClock(world.directory / "rig")
    return EmulatedFob.from_directory(world.directory / "rig" / "fobs" / serial, clock.unix_time).display().text

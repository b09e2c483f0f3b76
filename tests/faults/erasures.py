"""Two fobs that came back with seeds in them and wait to be erased, and what must hold of them at every moment."""

from __future__ import annotations

from datetime import UTC, datetime
from time import time

from sqlalchemy import select, update

from devices.attach import Desk, open_named, scan
from devices.driver import SlotProgram, TokenDriver
from devices.links.serial import SerialBus
from devices.profile_files import load_profiles
from devices.profiles import Algorithm, CredentialForm, OtpType
from provisioning.jobs.cancel_job import CancelJobCommand, cancel_job
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.fob_acts import FobCommand
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState, FobState, JobKind, JobState
from provisioning.store.tables import Credential, Fob, ProgrammingJob
from tests.faults.books import flash_seed
from tests.faults.world import FOBS, World, until
from tests.fixtures.services import DUAL
from tests.rig.clock import RigClock
from tests.rig.drawer import PROFILE, Drawer
from tests.rig.wire.socket import SocketBus

_FORM = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20)


def send_back(world: World) -> None:
    """Write a dead seed into each fob, put it down as returned, and queue its erasing."""
    drawer = Drawer(world.directory / "rig", RigClock(world.directory / "rig"), (), paced=False)
    for number, serial in enumerate(FOBS, 1):
        driver = _open(drawer, serial)
        driver.program(SlotProgram(_FORM, bytes([number]) * 20))
        driver.close()
    drawer.close()
    now, services = datetime.now(UTC), world.services
    with services.store.read() as session:
        queued, fob_ids = session.scalars(select(ProgrammingJob.id)).all(), session.scalars(select(Fob.id)).all()
    for job_id in queued:
        cancel_job(services, CancelJobCommand(DUAL.id, job_id, SYSTEM), now)
    with services.store.write() as tx:
        tx.execute(update(Fob).values(state=FobState.RETURNED))
    for fob_id in fob_ids:
        erase_fob(services, FobCommand(DUAL.id, fob_id, SYSTEM), now)


def reports_of_an_erasure(drawer: Drawer, serial: str) -> int:
    """How many reports cross from opening the fob to giving it back, with the product's own driver."""
    crossed: list[int] = []
    drawer.port(serial).on_report = crossed.append
    driver = _open(drawer, serial)
    driver.erase(1)
    driver.close()
    return max(crossed)


def erasures(world: World) -> dict[str, list[JobState]]:
    """States of every fob's attempts in order."""
    query = (
        select(Fob.serial, ProgrammingJob.state)
        .join(Fob, Fob.id == ProgrammingJob.fob_id)
        .where(ProgrammingJob.kind == JobKind.ERASE)
        .order_by(ProgrammingJob.attempt)
    )
    found: dict[str, list[JobState]] = {serial: [] for serial in FOBS}
    with world.services.store.read() as session:
        for serial, state in session.execute(query):
            found[serial].append(state)
    return found


def check_returned(world: World) -> None:
    """No fob is stock while a seed is in it, each that is none has one open job, and nobody is bound to any."""
    with world.services.store.read() as session:
        fobs = list(session.scalars(select(Fob)))
        waiting = list(session.scalars(select(ProgrammingJob.fob_id).where(ProgrammingJob.closed_at.is_(None))))
        bound = select(Credential.id).where(Credential.state != CredentialState.ENDED)
        assert session.scalars(bound).all() == []
    for fob in fobs:
        assert fob.state in (FobState.RETURNED, FobState.IN_STOCK)
        assert waiting.count(fob.id) == (fob.state is FobState.RETURNED)
        if fob.state is FobState.IN_STOCK:
            assert flash_seed(world, fob.serial) == b"", "stock with a seed in it"


def all_erased(world: World) -> None:
    """Both are stock in the end, and empty."""
    until(lambda: all(states[-1] is JobState.WRITTEN for states in erasures(world).values()), "both are erased")
    check_returned(world)
    with world.services.store.read() as session:
        assert set(session.scalars(select(Fob.state))) == {FobState.IN_STOCK}


def _open(drawer: Drawer, serial: str) -> TokenDriver:
    desk = Desk((SocketBus(drawer.hid_ports), SerialBus(drawer.cradles)), load_profiles(), drawer.roots, time)
    (sighting,) = (seen for seen in scan(desk) if serial in seen.device.path)
    return open_named(desk, sighting, desk.profile(PROFILE), serial)

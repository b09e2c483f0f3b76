"""A key with keyboard and card reader is two devices to a station and one thing in stock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from devices.contract import FailureCode, Problem
from devices.profile_files import SHIPPED, load_profile
from provisioning.errors import AlreadyTaken, NotFound, WrongState
from provisioning.jobs.take_into_stock import TakeIntoStockCommand, take_into_stock
from provisioning.jobs.take_range import TakeRangeCommand, take_range
from provisioning.jobs.use_as import UseAsCommand, use_as
from provisioning.rules.serial_range import serial_range
from provisioning.rules.states import FobState
from provisioning.store.queries import fobs, stations
from provisioning.store.queries.faces import other_faces
from provisioning.store.queries.serial_ranges import RunKind, runs
from provisioning.store.tables import AuditEntry, Fob
from tests.fobs.case import Case
from tests.fobs.desk import PlainFob

KEYBOARD, READER = "yubikey-5", "yubikey-5-oath"
SERIAL = "12345678"
PROFILES = {name: load_profile(SHIPPED / f"{name}.toml") for name in (KEYBOARD, READER, "kagiya-fob")}


@pytest.fixture
def keys(case: Case) -> Case:
    """A desk with one key plugged in, both of its faces seen."""
    services = replace(case.services, profiles=PROFILES)
    case = replace(case, services=services, desk=replace(case.desk, services=services))
    case.desk.fobs += [PlainFob(SERIAL, KEYBOARD), PlainFob(SERIAL, READER)]
    case.desk.poll()
    return case


def take(case: Case, profile: str = KEYBOARD, serial: str = SERIAL) -> str:
    command = TakeIntoStockCommand("dual", case.desk.station_id, profile, serial, case.teller)
    return take_into_stock(case.services, command, case.now).fob_id


def seen(case: Case) -> list[tuple[str, str | None]]:
    view = stations.station(case.services.store, "dual", case.desk.station_id, case.now)
    return [(device.profile, device.fob_id) for device in view.devices]


def use(case: Case, fob_id: str, profile: str = READER) -> None:
    use_as(case.services, UseAsCommand("dual", fob_id, case.teller, profile), case.now)


def test_a_serial_number_of_two_profiles_is_one_thing_where_they_say_so() -> None:
    assert PROFILES[KEYBOARD].numbering == PROFILES[READER].numbering
    assert PROFILES["kagiya-fob"].numbering == "kagiya-fob"


def test_a_key_is_offered_by_each_of_its_faces_until_it_is_in_stock(keys: Case) -> None:
    assert seen(keys) == [(KEYBOARD, None), (READER, None)]
    fob_id = take(keys)
    assert seen(keys) == [(KEYBOARD, fob_id)]


def test_what_is_in_stock_is_not_taken_a_second_time_by_its_other_face(keys: Case) -> None:
    take(keys)
    with pytest.raises(AlreadyTaken):
        take(keys, READER)
    keys.desk.fobs.append(PlainFob("87654321", READER))
    keys.desk.poll()
    take(keys, READER, "87654321")


def test_a_device_of_another_series_may_have_the_same_number(keys: Case) -> None:
    take(keys)
    keys.desk.fobs.append(PlainFob(SERIAL, "kagiya-fob"))
    keys.desk.poll()
    assert len(seen(keys)) == 2
    take(keys, "kagiya-fob")


def test_a_box_of_keys_has_no_number_twice(keys: Case) -> None:
    take(keys)
    box = serial_range("12345677", "12345679")
    numbering = PROFILES[READER].numbering
    told = runs(keys.services.store, "dual", numbering, box)
    assert [(run.kind, run.count) for run in told] == [(RunKind.GAP, 1), (RunKind.OWN, 1), (RunKind.GAP, 1)]
    assert take_range(keys.services, TakeRangeCommand("dual", "本店", READER, box, keys.teller, 2), keys.now) == 2
    with keys.services.store.read() as session:
        named = {fob.serial: fob.profile for fob in session.query(Fob) if fob.serial in box.serials()}
    assert named == {"12345677": READER, SERIAL: KEYBOARD, "12345679": READER}


def test_a_blank_key_is_used_by_its_other_face_and_back(keys: Case) -> None:
    fob_id = take(keys)
    store = keys.services.store
    assert other_faces(store, "dual", fob_id, keys.now) == (READER,)
    use(keys, fob_id)
    assert fobs.fob(store, "dual", fob_id).profile == READER
    assert seen(keys) == [(READER, fob_id)]
    assert other_faces(store, "dual", fob_id, keys.now) == (KEYBOARD,)
    with store.read() as session:
        (entry,) = session.query(AuditEntry).filter(AuditEntry.act == "use_as")
        assert (entry.facts["before"], entry.facts["after"], entry.fob_id) == (KEYBOARD, READER, fob_id)
    use(keys, fob_id, KEYBOARD)
    assert fobs.fob(store, "dual", fob_id).profile == KEYBOARD


def test_a_face_that_nobody_sees_now_is_not_used(keys: Case) -> None:
    fob_id = take(keys)
    for refused in ("kagiya-fob", KEYBOARD, ""):
        with pytest.raises(NotFound):
            use(keys, fob_id, refused)
    with pytest.raises(NotFound):
        use_as(keys.services, UseAsCommand("dual", fob_id, keys.teller, READER), keys.now + timedelta(minutes=1))
    with pytest.raises(NotFound):
        use_as(keys.services, UseAsCommand("other", fob_id, keys.teller, READER), keys.now)
    with pytest.raises(NotFound):
        other_faces(keys.services.store, "other", fob_id, keys.now)


def test_a_face_with_a_problem_is_not_used(keys: Case) -> None:
    fob_id = take(keys)
    keys.desk.fobs[-1].problem = Problem(FailureCode.BUSY, {"path": "usb"})
    keys.desk.poll()
    assert other_faces(keys.services.store, "dual", fob_id, keys.now) == ()
    with pytest.raises(WrongState) as refused:
        use(keys, fob_id)
    assert refused.value == WrongState("device", "busy")


@pytest.mark.parametrize("state", [FobState.RESERVED, FobState.IN_USE, FobState.RETIRED])
def test_a_key_that_is_not_blank_stays_what_it_is(keys: Case, state: FobState) -> None:
    fob_id = take(keys)
    with keys.services.store.write() as tx:
        tx.get_one(Fob, fob_id).state = state
    with pytest.raises(WrongState) as refused:
        use(keys, fob_id)
    assert refused.value == WrongState("fob", state.value)
    assert fobs.fob(keys.services.store, "dual", fob_id).profile == KEYBOARD

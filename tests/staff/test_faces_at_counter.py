"""A key that is two devices to a station, at the counter: taken once by either face, and changed while blank."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.profile_files import SHIPPED, load_profile
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.queries.fobs import fob_by_serial
from provisioning.store.tables import Fob
from tests.fixtures.databases import sqlite_only
from tests.fobs.desk import Desk, PlainFob
from tests.staff import rows
from tests.staff.conftest import Colleague

KEYBOARD, READER = "yubikey-5", "yubikey-5-oath"
SERIAL = "12345678"
PROFILES = {name: load_profile(SHIPPED / f"{name}.toml") for name in (KEYBOARD, READER)}


@pytest.fixture
def services(services: Services) -> Services:
    return replace(services, profiles=PROFILES)


@pytest.fixture
def station(station_desk: Desk) -> str:
    """The key is plugged in; the station's page."""
    station_desk.fobs += [PlainFob(SERIAL, KEYBOARD), PlainFob(SERIAL, READER)]
    station_desk.poll()
    return f"/staff/stations/{station_desk.station_id}/"


@sqlite_only
def test_both_faces_are_named_until_one_is_taken(teller_desk: Colleague, station: str, services: Services) -> None:
    for page in (station, "/staff/stock/"):
        teller_desk.get(page)
        assert teller_desk.says("YubiKey 5 (OATH)", "在庫に受け入れる"), page
    teller_desk.get(station)
    teller_desk.press(f"{station}take", profile=READER, serial=SERIAL)
    assert teller_desk.says("フォブを在庫に受け入れました")
    assert fob_by_serial(services.store, "dual", SERIAL).profile == READER
    for page in (station, "/staff/stock/"):
        teller_desk.get(page)
        assert not teller_desk.says("在庫に受け入れる"), page


@sqlite_only
def test_a_blank_key_is_used_otherwise(teller_desk: Colleague, station: str, services: Services) -> None:
    teller_desk.get(station)
    teller_desk.press(f"{station}take", profile=KEYBOARD, serial=SERIAL)
    fob = fob_by_serial(services.store, "dual", SERIAL)
    page = f"/staff/stock/{fob.id}/"
    teller_desk.get(page)
    assert teller_desk.says("YubiKey 5 (OATH)として使う")
    teller_desk.press(f"{page}use-as", profile=READER)
    assert teller_desk.says("フォブの使い方を変えました", "YubiKey 5 (OATH)")
    teller_desk.get(page)
    assert teller_desk.says("YubiKey 5として使う")
    teller_desk.client.set_cookie("kagiya-language", "en", domain="localhost")
    teller_desk.get(page)
    assert teller_desk.says("Use as YubiKey 5", "This device can be used in another way")
    rows.change(services, Fob, fob.id, state=FobState.RESERVED)
    teller_desk.get(page)
    assert not teller_desk.says("Use as")

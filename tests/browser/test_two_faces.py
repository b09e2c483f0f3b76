"""A key that is two devices to a station, in Chromium: one of them is taken, and used otherwise while blank."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.profile_files import SHIPPED, load_profile
from provisioning.services import Services
from provisioning.store.queries.fobs import fob_by_serial
from tests.browser.conftest import LANGUAGES, NARROW, WIDE, Live, OpenPage, fits, look, press, serious
from tests.browser.test_staff_writing import sign_in
from tests.fixtures.databases import sqlite_only
from tests.fobs.desk import PlainFob, open_desk

pytestmark = sqlite_only

KEYBOARD, READER = "yubikey-5", "yubikey-5-oath"
SERIAL = "12345678"


@pytest.fixture
def services(services: Services) -> Services:
    profiles = {name: load_profile(SHIPPED / f"{name}.toml") for name in (KEYBOARD, READER)}
    return replace(services, profiles=profiles)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_one_key_from_its_socket_to_another_use(
    open_page: OpenPage, live: Live, language: str, width: int
) -> None:
    desk = open_desk(live.services, live.clock())
    desk.fobs += [PlainFob(SERIAL, KEYBOARD), PlainFob(SERIAL, READER)]
    desk.poll()
    page = open_page(language=language, width=width)
    sign_in(page, live)

    def at(name: str) -> None:
        assert serious(page) == []
        assert fits(page)
        look(page, f"faces-{name}-{language}-{width}")

    page.goto(live.url("/staff/stock/"))
    at("stock")
    page.goto(live.url(f"/staff/stations/{desk.station_id}/"))
    at("station")
    press(page, page.locator("tr", has_text="(OATH)").get_by_role("button"))
    at("taken")
    fob = fob_by_serial(live.services.store, "dual", SERIAL)
    assert fob.profile == READER
    page.goto(live.url(f"/staff/stock/{fob.id}/"))
    at("fob")
    press(page, page.get_by_role("button", name="YubiKey 5", exact=False))
    at("changed")
    assert fob_by_serial(live.services.store, "dual", SERIAL).profile == KEYBOARD

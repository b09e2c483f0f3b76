"""The rig's JSON as the contract has it, and its page."""

from __future__ import annotations

import json
import smtplib
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse

from devices.links import Transport
from tests.rig import drawer
from tests.rig.drawer import NewFob
from tests.rig.faults import FaultKind
from tests.rig.rig import Rig
from tests.rig_tests.host import HOTP_6, TOTP_8_60, Host

HID, SERIAL = "KF-000123", "KF-000125"
FOBS = (NewFob(HID, Transport.HID), NewFob(SERIAL, Transport.SERIAL))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path, FOBS, paced=False) as rig:
        yield rig


@pytest.fixture
def client(rig: Rig) -> FlaskClient:
    return rig.page().test_client()


def _json(response: TestResponse) -> Any:
    return json.loads(response.data)


def _write(rig: Rig, serial: str, parameters: bytes = TOTP_8_60) -> None:
    fob = rig.drawer.port(serial).fob
    fob.parts.clock.set(int(rig.clock.unix_time()))
    host = Host.open(fob.answer)
    assert host.write(parameters) == 0
    host.run(0x1F)


def test_the_display_of_a_fob(rig: Rig, client: FlaskClient) -> None:
    assert _json(client.get(f"/fobs/{HID}"))["display"] == ""
    _write(rig, HID)
    held = rig.drawer.port(HID).fob.parts.flash.record.credential
    assert held is not None
    before = int(rig.clock.unix_time())
    shown = _json(client.get(f"/fobs/{HID}"))["display"]
    assert shown in {held.code_at(before), held.code_at(int(rig.clock.unix_time()))}
    assert len(shown) == 8


def test_the_display_is_read_when_the_station_has_finished_talking(rig: Rig, client: FlaskClient) -> None:
    _write(rig, HID)
    host = Host.open(rig.drawer.port(HID).fob.answer)
    assert rig.drawer.view(HID).display == ""
    ends = threading.Timer(0.3, host.run, (0x1F,))
    ends.start()
    assert len(_json(client.get(f"/fobs/{HID}"))["display"]) == 8
    ends.join()


def test_a_conversation_without_end_holds_no_reader_up(
    rig: Rig, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawer, "QUIET_WITHIN_S", 0.1)
    _write(rig, HID)
    Host.open(rig.drawer.port(HID).fob.answer)
    assert _json(client.get(f"/fobs/{HID}"))["display"] == ""


def test_the_display_follows_the_clock(rig: Rig, client: FlaskClient) -> None:
    _write(rig, HID)
    first = _json(client.get(f"/fobs/{HID}"))["display"]
    assert client.post("/clock", json={"advance_s": 86_400}).status_code == 200
    assert _json(client.get(f"/fobs/{HID}"))["display"] != first


def test_unplug_and_plug(rig: Rig, client: FlaskClient) -> None:
    for serial in (HID, SERIAL):
        assert _json(client.post(f"/fobs/{serial}/unplug"))["plugged"] is False
        assert not rig.drawer.port(serial).plugged
        assert client.post(f"/fobs/{serial}/unplug").status_code == 200
        assert _json(client.post(f"/fobs/{serial}/plug"))["plugged"] is True
        assert rig.drawer.port(serial).plugged


def test_an_unknown_fob(client: FlaskClient) -> None:
    assert client.get("/fobs/KF-999999").status_code == 404
    assert client.post("/fobs/KF-999999/plug").status_code == 404
    assert client.post("/fobs/KF-999999/fault", data={"kind": "mute"}).status_code == 404


def test_the_button_of_a_counter_fob(rig: Rig, client: FlaskClient) -> None:
    _write(rig, HID, HOTP_6)
    assert _json(client.get(f"/fobs/{HID}"))["display"] == ""
    assert len(_json(client.post(f"/fobs/{HID}/press"))["display"]) == 6


def test_mails_by_recipient(rig: Rig, client: FlaskClient) -> None:
    message = EmailMessage()
    message["Subject"] = "お知らせ"
    message.set_content("本文\n")
    with smtplib.SMTP("localhost", rig.mail_catcher.port, timeout=5) as smtp:
        smtp.send_message(message, "otp@mihon.example", ["hanako@mihon.example"])
    (mail,) = _json(client.get("/mails?to=hanako@mihon.example"))
    assert (mail["subject"], mail["text"]) == ("お知らせ", "本文\n")
    assert _json(client.get("/mails?to=nobody@mihon.example")) == []
    assert "お知らせ" in client.get("/").text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advance_s": "soon"},
        {"advance_s": 1.5},
        {"advance_s": True},
        {"advance_s": 10**12},
        {"to": "noon"},
        [],
    ],
)
def test_a_clock_order_that_cannot_be_read(client: FlaskClient, body: object) -> None:
    assert client.post("/clock", json=body).status_code == 422
    assert _json(client.get("/clock"))["offset_s"] == 0


def test_the_clocks_buttons(client: FlaskClient) -> None:
    assert _json(client.post("/clock", data={"advance_s": "60"}))["offset_s"] == 60
    assert _json(client.post("/clock", data={"to": "20:49:50"}))["time"] in ("20:49:50", "20:49:51")


def test_a_fault_switch(rig: Rig, client: FlaskClient) -> None:
    told = _json(client.post(f"/fobs/{HID}/fault", data={"kind": "cut", "report": "7"}))
    assert (told["fault"], told["fault_report"]) == ("cut", 7)
    assert rig.drawer.port(HID).fob.faults.cut_after_report == 7
    assert client.post(f"/fobs/{HID}/fault", data={"kind": "explode"}).status_code == 422
    client.post(f"/fobs/{HID}/fault", data={"kind": "none"})
    assert rig.drawer.port(HID).fob.faults.cut_after_report is None


@pytest.mark.parametrize("kind", FaultKind)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_in_both_languages_with_every_fault(client: FlaskClient, kind: FaultKind, language: str) -> None:
    client.post(f"/fobs/{HID}/fault", data={"kind": kind.value})
    page = client.get(f"/?lang={language}")
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    assert f'data-fault="{kind}"' in page.text
    assert "<built-in" not in page.text


def test_a_form_leads_back_to_the_page(client: FlaskClient) -> None:
    answer = client.post(f"/fobs/{HID}/unplug", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_another_site_moves_nothing(rig: Rig, client: FlaskClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/clock", data={"advance_s": "60"}, headers=headers).status_code == 403
    assert rig.clock.offset_s == 0


def test_the_drawer_remembers(tmp_path: Path) -> None:
    with Rig(tmp_path, FOBS, paced=False) as rig:
        _write(rig, SERIAL)
        rig.drawer.unplug(HID)
        rig.clock.advance(86_400)
    with Rig(tmp_path, paced=False) as rig:
        assert list(rig.drawer.ports) == [HID, SERIAL]
        assert [view.plugged for view in rig.drawer.views()] == [False, True]
        assert [view.generation for view in rig.drawer.views()] == [0, 1]
        assert len(rig.drawer.view(SERIAL).display) == 8
        assert rig.clock.offset_s == 86_400


def test_the_apps_clock_module_knows_the_offset(rig: Rig) -> None:
    rig.clock.advance(3600)

    def product(_environ: object, _start_response: object) -> list[bytes]:
        raise AssertionError("the product's module was asked for")

    client = Client(rig.around(product))
    answer = client.get("/app/clock.js")
    assert "/rig/clock" in answer.text
    assert answer.mimetype == "text/javascript"
    assert _json(client.get("/rig/clock"))["offset_s"] == 3600


def test_a_fault_that_has_happened_shows_no_longer(rig: Rig) -> None:
    rig.drawer.switch_fault(SERIAL, FaultKind.CUT, 1)
    port = rig.drawer.port(SERIAL)
    (cradle,) = rig.drawer.cradles
    with Path(cradle).open("wb", buffering=0) as node:
        node.write(b"\x7e\x01\x01\x2f\xc5\x13\x28\x7f")
        until_s = time.monotonic() + 2
        while port.plugged and time.monotonic() < until_s:
            time.sleep(0.005)
    assert not rig.drawer.view(SERIAL).plugged
    assert rig.drawer.view(SERIAL).fault is FaultKind.NONE

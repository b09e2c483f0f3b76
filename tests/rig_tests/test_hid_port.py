"""The emulated fob behind devices' ReportLink: speed, loss, silence, damage."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass

import pytest

from devices.errors import DeviceBusy, LinkLost, LinkTimeout
from tests.rig.faults import Faults
from tests.rig.fob.device import EmulatedFob
from tests.rig.fob.status import Status
from tests.rig.wire.hid_frames import hid_reports
from tests.rig.wire.hid_port import POLLING_INTERVAL_S, HidLink, HidPort
from tests.rig.wire.socket import SocketBus
from tests.rig_tests.host import SEED, STATUS, Host

IDENTIFY = b"\x01\x01"


@dataclass
class Asker:
    """Carries messages over a link and counts its reports."""

    link: HidLink
    reports: int = 0

    def __call__(self, message: bytes) -> bytes:
        for report in hid_reports(message):
            self.link.send(report)
            self.reports += 1
        first = self._receive()
        length, crc = int.from_bytes(first[1:3], "big"), int.from_bytes(first[3:7], "big")
        answer = first[7:]
        while len(answer) < length:
            answer += self._receive()[1:]
        assert zlib.crc32(answer[:length]) == crc
        return answer[:length]

    def _receive(self) -> bytes:
        report = self.link.receive(0.2)
        self.reports += 1
        return report


@pytest.fixture
def port(fob: EmulatedFob) -> HidPort:
    return HidPort(fob, interval_s=0)


def _open(port: HidPort) -> HidLink:
    bus = SocketBus([port])
    (device,) = bus.scan()
    return bus.open(device, 0)


def _write(port: HidPort) -> int:
    ask = Asker(_open(port))
    try:
        Host.open(ask).write()
    finally:
        ask.link.close()
    return ask.reports


def test_a_message_crosses(port: HidPort) -> None:
    assert Asker(_open(port))(IDENTIFY)[:3] == b"\x01\x81\x00"


def test_reports_take_the_polling_interval(fob: EmulatedFob) -> None:
    ask = Asker(_open(HidPort(fob)))
    ask(IDENTIFY)
    rounds_s, first_s = [], time.monotonic()
    for _ in range(20):
        begun_s = time.monotonic()
        ask(IDENTIFY)
        rounds_s.append(time.monotonic() - begun_s)
    # one report there, two back; no visit of the host controller carries two, whoever else uses this machine
    assert ask.reports == 21 * 3
    assert time.monotonic() - first_s >= (20 * 3 - 1) * POLLING_INTERVAL_S
    # the quickest round tells what the rig itself costs
    assert min(rounds_s) <= 1.3 * 3 * POLLING_INTERVAL_S


def test_one_program_at_a_time(port: HidPort) -> None:
    first = _open(port)
    with pytest.raises(DeviceBusy):
        _open(port)
    first.close()
    _open(port).close()


def test_unplugged_is_not_seen_and_plugged_again_has_another_path(port: HidPort) -> None:
    bus = SocketBus([port])
    (before,) = bus.scan()
    port.unplug()
    assert list(bus.scan()) == []
    with pytest.raises(LinkLost):
        bus.open(before, 0)
    port.plug()
    (after,) = bus.scan()
    assert after.path != before.path
    assert after.bus_serial == before.bus_serial


def test_unplugged_while_open_is_lost(port: HidPort) -> None:
    link = _open(port)
    port.unplug()
    with pytest.raises(LinkLost):
        link.send(bytes(64))
    with pytest.raises(LinkLost):
        link.receive(1.0)


def test_the_cable_out_after_every_report(fob: EmulatedFob, port: HidPort) -> None:
    generation = fob.parts.flash.record.generation
    total = _write(port)
    assert total > 10
    for report in range(1, total):
        fob.parts.flash.commit(type(fob.parts.flash.record)(generation))
        fob.faults = Faults(cut_after_report=report)
        with pytest.raises((LinkLost, AssertionError)):
            _write(port)
        assert not port.plugged
        assert not fob.session_open
        held = fob.parts.flash.record
        assert (held.generation, held.credential and held.credential.seed) in ((0, None), (1, SEED))
        port.plug()


def test_a_stalled_fob_times_out_and_is_still_there(fob: EmulatedFob, port: HidPort) -> None:
    fob.faults = Faults(stall_after_report=2)
    link = _open(port)
    link.send(hid_reports(IDENTIFY)[0])
    link.receive(0.2)
    with pytest.raises(LinkTimeout):
        link.receive(0.05)
    assert port.plugged
    link.close()


def test_a_mute_fob_answers_nothing(fob: EmulatedFob, port: HidPort) -> None:
    fob.faults = Faults(mute=True)
    with pytest.raises(LinkTimeout):
        Asker(_open(port))(IDENTIFY)


def test_a_wrong_checksum_at_the_answer_asked_for(fob: EmulatedFob, port: HidPort) -> None:
    fob.faults = Faults(wrong_crc_at_report=4)
    ask = Asker(_open(port))
    assert ask(IDENTIFY)[2] == Status.OK
    with pytest.raises(AssertionError):
        ask(IDENTIFY)


def test_a_stray_report_comes_before_the_answer(fob: EmulatedFob, port: HidPort) -> None:
    fob.faults = Faults(stray_bytes_at_report=1)
    link = _open(port)
    link.send(hid_reports(IDENTIFY)[0])
    assert link.receive(0.2)[0] not in (0x00, 0x80)
    assert link.receive(0.2)[0] == 0x80


def test_a_spoilt_frame_is_refused_and_nothing_is_done(port: HidPort) -> None:
    link = _open(port)
    host = Host.open(Asker(link))
    (report,) = hid_reports(host.sealed(bytes([STATUS])), spoil_crc=True)
    link.send(report)
    assert link.receive(0.2)[7:10] == b"\x00\x80\x01"
    host.sequence -= 1
    assert host.run(STATUS)[0] == Status.OK, "the session did not notice"


def test_every_report_is_told_with_its_number(port: HidPort) -> None:
    numbers: list[int] = []
    port.on_report = numbers.append
    Asker(_open(port))(IDENTIFY)
    assert numbers == [1, 2, 3]

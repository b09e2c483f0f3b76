"""Driver against the emulated fob, which was written from the document alone: over HID and over a real pty."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.attach import open_named
from devices.driver import ProvesGenuine, ReadsCode
from devices.errors import (
    DeviceError,
    FrameDamaged,
    LinkLost,
    LinkTimeout,
    LowBattery,
    NotGenuine,
    RefusedByDevice,
    UnsupportedFirmware,
    WrongClock,
    WrongSerial,
)
from devices.links import AttachedDevice, Bus, ReportLink
from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.devices.conftest import (
    FORM,
    HID_SERIALS,
    OTHER_SEED,
    SEED,
    SERIAL_SERIALS,
    SERIALS,
    Bench,
    program_of,
)
from tests.rig.faults import NO_FAULTS, Faults

HID, SERIAL = HID_SERIALS[0], SERIAL_SERIALS[0]
BOTH = pytest.mark.parametrize("serial", [HID, SERIAL])
REPORTS = {HID: 25, SERIAL: 18}
"""Reports (serial: frames) of opening and writing one fob: IDENTIFY takes two."""


# the clock is set to the nearest second and may be this far before or behind (protocol, section 6)
MOST_CLOCK_LEAD_S, MOST_CLOCK_LAG_S = 1, 2


def oathtool(seed: bytes, form: CredentialForm, moment: float) -> str:
    """An independent reckoning of the code at a moment (HOTP: at the form's counter)."""
    if form.otp_type is OtpType.HOTP:
        what = ["--hotp", f"--counter={form.counter}"]
    else:
        what = [f"--totp={form.algorithm}", f"--time-step-size={form.period_s}s", f"--now=@{int(moment)}"]
    command = ["oathtool", *what, f"--digits={form.digits}", seed.hex()]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("serial", SERIALS)
def test_a_fob_is_identified_written_proved_and_erased(bench: Bench, serial: str) -> None:
    driver = bench.open(serial)
    identity = driver.identify()
    receipt = driver.program(program_of(SEED))
    driver.close()
    assert (identity.serial, identity.model, identity.generation) == (serial, "KF-1", 0)
    assert (receipt.generation_before, receipt.generation_after) == (0, 1)
    assert receipt.reports == REPORTS[HID if serial in HID_SERIALS else SERIAL] - 2
    assert receipt.code == bench.display(serial)
    assert receipt.clock_offset_s in (-1, 0, 1)

    driver = bench.open(serial)
    erased = driver.erase(1)
    driver.close()
    assert (erased.generation_before, erased.generation_after, erased.code) == (1, 2, "")
    assert bench.display(serial) == ""


@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize("digits", [6, 8])
@pytest.mark.parametrize("period_s", [0, 30, 60])
def test_every_form_of_credential_gives_oathtools_codes(
    bench: Bench, algorithm: Algorithm, digits: int, period_s: int
) -> None:
    length = {Algorithm.SHA1: 20, Algorithm.SHA256: 32, Algorithm.SHA512: 64}[algorithm]
    otp_type = OtpType.TOTP if period_s else OtpType.HOTP
    form = CredentialForm(otp_type, algorithm, digits, period_s, length)
    if otp_type is OtpType.HOTP and algorithm is not Algorithm.SHA1:
        form = replace(form, algorithm=Algorithm.SHA1, seed_bytes=20, counter=77)
    seed = bytes(range(form.seed_bytes))
    driver = bench.open(HID)
    before = bench.clock.unix_time()
    code = driver.program(program_of(seed, form)).code
    after = bench.clock.unix_time() + MOST_CLOCK_LEAD_S
    driver.close()
    assert code in {oathtool(seed, form, moment) for moment in (before, after)}


@BOTH
def test_a_cut_at_any_report_leaves_the_old_credential_or_the_new(bench: Bench, serial: str) -> None:
    """Power and cable go after report k of identifying, opening and writing, for every k."""
    old, new = SEED, OTHER_SEED
    bench.program(serial, old)
    committed = []
    for report in range(1, REPORTS[serial] + 1):
        generation = bench.fob(serial).parts.flash.record.generation
        bench.fob(serial).faults = Faults(cut_after_report=report)
        with suppress(LinkLost):
            bench.program(serial, new)
        assert not bench.port(serial).plugged
        bench.port(serial).plug()
        after = bench.fob(serial).parts.flash.record.generation
        assert after - generation in (0, 1)
        held = new if after > generation else old
        committed.append(after > generation)
        earliest = bench.clock.unix_time() - MOST_CLOCK_LEAD_S
        shown = bench.display(serial)
        latest = bench.clock.unix_time() + MOST_CLOCK_LEAD_S
        assert shown in {oathtool(held, FORM, moment) for moment in (earliest, latest)}, report
        if held is new:
            old, new = new, old
    # nothing before the commit changes the fob, everything after it has changed it
    assert committed == sorted(committed)
    assert True in committed
    assert False in committed
    assert bench.program(serial, SEED) == bench.display(serial)


@BOTH
@pytest.mark.parametrize("report", [1, 5, 12])
def test_a_stall_ends_with_the_time_allowed(bench: Bench, serial: str, report: int) -> None:
    bench.fob(serial).faults = Faults(stall_after_report=report)
    with pytest.raises(LinkTimeout):
        bench.program(serial, SEED)


@BOTH
def test_a_mute_fob_is_a_timeout(bench: Bench, serial: str) -> None:
    bench.fob(serial).faults = Faults(mute=True)
    with pytest.raises(LinkTimeout):
        bench.open(serial)


@BOTH
@pytest.mark.parametrize("report", [2, 8, 14])
def test_a_wrong_crc_is_noticed_and_the_next_try_works(bench: Bench, serial: str, report: int) -> None:
    bench.fob(serial).faults = Faults(wrong_crc_at_report=report)
    with pytest.raises(FrameDamaged, match="crc"):
        bench.program(serial, SEED)
    bench.fob(serial).faults = NO_FAULTS
    assert bench.program(serial, SEED) == bench.display(serial)


@BOTH
@pytest.mark.parametrize("report", [2, 8, 14])
def test_stray_bytes_do_no_harm(bench: Bench, serial: str, report: int) -> None:
    bench.fob(serial).faults = Faults(stray_bytes_at_report=report)
    assert bench.program(serial, SEED) == bench.display(serial)


@BOTH
@pytest.mark.parametrize(
    ("faults", "error"),
    [
        (Faults(serial="KF-999999"), WrongSerial),
        (Faults(firmware=(99, 0, 0)), UnsupportedFirmware),
        (Faults(not_genuine=True), NotGenuine),
        (Faults(battery_percent=4), LowBattery),
        (Faults(battery_percent=15), LowBattery),
        (Faults(clock_stopped=True), WrongClock),
        (Faults(clock_wrong_s=3600), WrongClock),
        (Faults(flash_broken=True), RefusedByDevice),
    ],
)
def test_a_fob_that_must_not_be_used_keeps_what_it_held(
    bench: Bench, serial: str, faults: Faults, error: type[DeviceError]
) -> None:
    bench.program(serial, SEED)
    bench.fob(serial).faults = faults
    with pytest.raises(error):
        bench.program(serial, OTHER_SEED)
    bench.fob(serial).faults = NO_FAULTS
    # the display is blank while the fob waits for the rest of a session
    bench.port(serial).unplug()
    record = bench.fob(serial).parts.flash.record
    assert record.generation == 1
    earliest = bench.clock.unix_time() - MOST_CLOCK_LAG_S
    shown = bench.display(serial)
    latest = bench.clock.unix_time() + MOST_CLOCK_LEAD_S
    assert shown in {oathtool(SEED, FORM, moment) for moment in (earliest, latest)}


def test_a_clock_that_ran_away_is_set_right_by_the_write(bench: Bench) -> None:
    bench.fob(HID).parts.clock.set(int(bench.clock.unix_time()) + 3600)
    driver = bench.open(HID)
    clock = driver.identify().clock
    assert clock is not None
    assert 3598 <= clock - bench.clock.unix_time() <= 3602
    receipt = driver.program(program_of(SEED))
    driver.close()
    assert receipt.clock_offset_s in (-1, 0, 1)


@BOTH
def test_codes_are_told_to_the_session_that_wrote_them_and_to_no_other(bench: Bench, serial: str) -> None:
    writing = bench.open(serial)
    code = writing.program(program_of(SEED)).code
    assert isinstance(writing, ReadsCode)
    assert len(writing.read_code(1)) == len(code)
    writing.close()
    later = bench.open(serial)
    assert isinstance(later, ReadsCode)
    assert isinstance(later, ProvesGenuine)
    later.prove_genuine()
    with pytest.raises(RefusedByDevice, match="not_allowed"):
        later.read_code(1)
    later.close()


@BOTH
def test_progress_reaches_its_end(bench: Bench, serial: str) -> None:
    told: list[tuple[int, int]] = []
    driver = bench.open(serial, lambda done, total: told.append((done, total)))
    driver.program(program_of(SEED))
    driver.close()
    whole = REPORTS[serial] - 2
    assert told[:whole] == [(done, whole) for done in range(1, whole + 1)]


@dataclass
class SpoiledReports:
    """A cable that changes one byte of one report, counted in both directions from 1."""

    link: ReportLink
    report: int
    place: int
    change: int
    report_size: int = 64
    path: str = "spoiled"

    def send(self, report: bytes) -> None:
        self.link.send(self._spoil(report))

    def receive(self, timeout_s: float) -> bytes:
        return self._spoil(self.link.receive(timeout_s))

    def close(self) -> None:
        self.link.close()

    def _spoil(self, report: bytes) -> bytes:
        self.report -= 1
        if self.report:
            return report
        changed = bytearray(report)
        changed[self.place] ^= self.change
        return bytes(changed)


@dataclass(frozen=True)
class SpoilingBus:
    """The rig's bus behind such a cable."""

    bus: Bus
    spoil: Callable[[ReportLink], SpoiledReports]

    def scan(self) -> Sequence[AttachedDevice]:
        return self.bus.scan()

    def open(self, device: AttachedDevice, baud_rate: int) -> SpoiledReports:
        link = self.bus.open(device, baud_rate)
        assert isinstance(link, ReportLink)
        return self.spoil(link)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_changed_byte_in_any_report_is_a_typed_error_or_harmless(bench: Bench, data: st.DataObject) -> None:
    """What the wire does to one report, in either direction."""
    report = data.draw(st.integers(1, REPORTS[HID]))
    place, change = data.draw(st.integers(0, 63)), data.draw(st.integers(1, 255))
    sighting = bench.sighting(HID)
    bus = SpoilingBus(sighting.bus, lambda link: SpoiledReports(link, report, place, change))
    try:
        driver = open_named(bench.desk, replace(sighting, bus=bus), bench.profile, HID)
        try:
            code = driver.program(program_of(SEED)).code
        finally:
            driver.close()
    except (FrameDamaged, LinkTimeout):
        return
    assert code == bench.display(HID)

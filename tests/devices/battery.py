"""The battery that every protocol family inherits: what any device that kagiya writes must do and survive.

A family names its emulated device once, as a `Subject`, and inherits the tests:

    class TestMyKey(Battery):
        profile = "my-key"

        @contextmanager
        def device(self, folder: Path) -> Iterator[Subject]:
            yield MyKeySubject(folder)

tests.devices.battery_locks has two more for devices that have what they test: an access code or PIN, a wait for a
hand. The trouble is made between driver and port (tests.rig.wire.trouble), so a port needs no faults of its own.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import cycle
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.attach import survey
from devices.contract import WriteReceipt
from devices.driver import SlotProgram
from devices.errors import DeviceError, OverLimits
from tests.devices.over_limits import forms_over
from tests.devices.subject import Subject, check_failure, codes_between, seed, shapes
from tests.rig.wire.trouble import Trouble

_NO_HANG_S: Final = 10.0
"""Far longer than a hurried driver waits in all, and far shorter than one that waits for ever."""
_GARBAGE: Final = (b"", bytes(64), b"\xff" * 80, b"\x80\x02" + bytes(5) + b"\x90\x00", b"kagiya\r\n>: ")


class Battery(ABC):
    """Identify, write, prove, erase, refuse, and every trouble at every report."""

    profile: ClassVar[str]
    """Name of the profile whose device this is."""
    firmware: ClassVar[str | None] = None
    """What `identify` must tell, where the family knows it."""

    @abstractmethod
    def device(self, folder: Path) -> AbstractContextManager[Subject]:
        """A fresh device of the family, plugged in, its memory in `folder` if it needs one."""

    @pytest.fixture
    def subject(self, tmp_path: Path) -> Iterator[Subject]:
        with self.device(tmp_path) as subject:
            yield subject

    def test_it_is_recognised_by_exactly_its_profile(self, subject: Subject) -> None:
        (seen,) = survey(subject.desk)
        assert seen.problem is None
        assert seen.profile == subject.profile_name == self.profile
        assert seen.serial in (subject.serial, "")
        if self.firmware is not None:
            assert seen.firmware == self.firmware

    def test_what_is_written_is_proved_by_its_code(self, subject: Subject) -> None:
        secret = seed(1, subject.form.seed_bytes)
        self._write_and_prove(subject, secret)
        assert subject.held() == secret

    def test_a_second_write_replaces_the_first(self, subject: Subject) -> None:
        for number in (1, 2):
            self._write_and_prove(subject, seed(number, subject.form.seed_bytes))
        assert subject.held() == seed(2, subject.form.seed_bytes)

    def test_progress_goes_up_to_its_end(self, subject: Subject) -> None:
        told: list[tuple[int, int]] = []
        subject.write(seed(1, subject.form.seed_bytes), on_progress=lambda done, total: told.append((done, total)))
        assert told
        assert all(0 < done <= total for done, total in told)
        assert [done for done, _ in told] == sorted(done for done, _ in told)
        assert told[-1][0] == told[-1][1]

    def test_what_it_cannot_hold_is_refused_before_a_byte_is_sent(self, subject: Subject) -> None:
        for limit, form in forms_over(subject.profile.limits, subject.form):
            sent: list[int] = []
            with subject.opened() as driver:
                subject.bus.on_report = sent.append
                with pytest.raises(OverLimits) as caught:
                    driver.program(SlotProgram(form, seed(1, form.seed_bytes)))
                assert sent == []
                subject.bus.on_report = lambda _number: None
            assert caught.value.limit == limit
            check_failure(caught.value, seed(1, form.seed_bytes))
        assert subject.held() is None

    def test_a_slot_that_it_does_not_have_is_not_erased(self, subject: Subject) -> None:
        self._prepare(subject)
        for slot in (0, subject.profile.limits.slots + 1):
            sent: list[int] = []
            with subject.opened() as driver:
                subject.bus.on_report = sent.append
                with pytest.raises(OverLimits) as caught:
                    driver.erase(slot)
                assert sent == []
                subject.bus.on_report = lambda _number: None
            assert caught.value.limit == "slot"
        assert subject.held() is not None

    def test_an_erased_slot_is_empty_and_can_be_written_again(self, subject: Subject) -> None:
        subject.write(seed(1, subject.form.seed_bytes))
        with subject.opened() as driver:
            receipt = driver.erase(subject.form.slot)
        assert receipt.code == ""
        assert subject.held() is None
        self._write_and_prove(subject, seed(2, subject.form.seed_bytes))

    def test_a_pulled_cable_at_any_report_of_a_write(self, subject: Subject) -> None:
        for report in self._points(subject):
            old = self._prepare(subject)
            self._write_in_trouble(subject, old, Trouble(cut_after=report), seed(1000 + report, len(old)))

    def test_a_pulled_cable_at_any_report_of_an_erasure(self, subject: Subject) -> None:
        for report in self._points(subject, erase=True):
            self._prepare(subject)
            self._erase_in_trouble(subject, Trouble(cut_after=report))
        self._write_and_prove(subject, seed(3, subject.form.seed_bytes))

    def test_a_device_that_goes_silent_at_any_report_of_a_write(self, subject: Subject) -> None:
        for report in self._points(subject)[:-1]:
            old = self._prepare(subject)
            subject.hurry()
            self._write_in_trouble(subject, old, Trouble(stall_after=report), seed(2000 + report, len(old)))

    def test_a_device_that_goes_silent_at_any_report_of_an_erasure(self, subject: Subject) -> None:
        for report in self._points(subject, erase=True)[:-1]:
            self._prepare(subject)
            subject.hurry()
            self._erase_in_trouble(subject, Trouble(stall_after=report))
        self._write_and_prove(subject, seed(3, subject.form.seed_bytes))

    def test_a_mute_device_is_unusable_in_time(self, subject: Subject) -> None:
        subject.hurry()
        subject.bus.trouble = Trouble(stall_after=0)
        (seen,) = survey(subject.desk)
        assert seen.problem is not None
        self._mend(subject)
        (seen,) = survey(subject.desk)
        assert seen.problem is None

    def test_garbage_at_every_report_of_a_write(self, subject: Subject) -> None:
        for report, garbage in zip(self._points(subject), cycle(_GARBAGE), strict=False):
            old = self._prepare(subject)
            subject.hurry()
            trouble = Trouble(garbage_at=report, garbage=garbage)
            self._write_in_trouble(subject, old, trouble, seed(3000 + report, len(old)))

    def test_garbage_at_every_report_of_an_erasure(self, subject: Subject) -> None:
        for report, garbage in zip(self._points(subject, erase=True), cycle(_GARBAGE), strict=False):
            self._prepare(subject)
            subject.hurry()
            self._erase_in_trouble(subject, Trouble(garbage_at=report, garbage=garbage))
        self._write_and_prove(subject, seed(3, subject.form.seed_bytes))

    def test_any_garbage_at_any_report_of_a_write(self, tmp_path: Path) -> None:
        with self.device(tmp_path) as subject:
            points = self._points(subject)

            @settings(max_examples=30, deadline=None, database=None)
            @given(st.sampled_from(points), st.binary(max_size=80), st.integers(0, 1 << 30))
            def answers_garbage(report: int, garbage: bytes, number: int) -> None:
                old = self._prepare(subject)
                subject.hurry()
                trouble = Trouble(garbage_at=report, garbage=garbage)
                self._write_in_trouble(subject, old, trouble, seed(5000 + number, len(old)))

            answers_garbage()

    def test_no_log_tells_the_secret(self, subject: Subject, caplog: pytest.LogCaptureFixture) -> None:
        secret = seed(1, subject.form.seed_bytes)
        with caplog.at_level(logging.DEBUG):
            receipt = subject.write(secret)
        assert all(shape not in caplog.text.lower() for shape in shapes(secret))
        assert receipt.code == "" or receipt.code not in caplog.text
        assert secret.hex() not in repr(receipt)

    # what the tests are made of

    def _write_and_prove(self, subject: Subject, secret: bytes, **around: Any) -> WriteReceipt:
        began = subject.unix_time()
        receipt = subject.write(secret, **around)
        code = receipt.code or subject.code()
        assert code in codes_between(subject, secret, began)
        return receipt

    def _write_in_trouble(self, subject: Subject, old: bytes, trouble: Trouble, secret: bytes) -> None:
        """Write `secret` under `trouble`: done, or a typed failure with old or new in it; then all is well."""
        subject.bus.trouble = trouble
        began_s = monotonic()
        try:
            subject.write(secret)
        except DeviceError as error:
            check_failure(error, old, secret)
            left = {old, secret} | ({None} if subject.may_lose_it else set())
        else:
            left = {secret}
        assert monotonic() - began_s < _NO_HANG_S
        self._mend(subject)
        assert subject.held() in left
        self._write_and_prove(subject, seed(4, len(secret)))

    def _erase_in_trouble(self, subject: Subject, trouble: Trouble) -> None:
        """Erase what `_prepare` wrote under `trouble`: done, or failed with the old one or nothing in it."""
        old = subject.held()
        assert old is not None
        subject.bus.trouble = trouble
        began_s = monotonic()
        try:
            self._erase(subject)
        except DeviceError as error:
            check_failure(error, old)
            left = {old, None}
        else:
            left = {None}
        assert monotonic() - began_s < _NO_HANG_S
        self._mend(subject)
        assert subject.held() in left

    def _erase(self, subject: Subject) -> None:
        with subject.opened() as driver:
            driver.erase(subject.form.slot)

    def _prepare(self, subject: Subject) -> bytes:
        old = seed(0, subject.form.seed_bytes)
        if subject.held() != old:
            subject.write(old)
        return old

    def _mend(self, subject: Subject) -> None:
        """The trouble is over; a device that hangs is unplugged once."""
        subject.bus.trouble = Trouble()
        subject.patience()
        subject.unplug()
        subject.plug()

    def _points(self, subject: Subject, *, erase: bool = False) -> list[int]:
        """The reports of a write (or erasure), counted in one that goes well."""
        self._prepare(subject)
        counted: list[int] = []
        subject.bus.on_report = counted.append
        if erase:
            self._erase(subject)
        else:
            subject.write(seed(9, subject.form.seed_bytes))
        subject.bus.on_report = lambda _number: None
        return list(range(1, counted[-1] + 1))

"""Two more inherited batteries: devices locked with an access code or PIN, and devices that wait for a hand."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import pytest

from devices.contract import Wait
from devices.driver import AccessCode
from devices.errors import DeviceError, LastTry, NotTouched, WrongAccessCode
from tests.devices.battery import Battery
from tests.devices.subject import Subject, check_failure, seed

OURS = seed(1, 32)
OTHERS = seed(2, 32)
_TOUCHED_AFTER_S = 0.3


class AccessCodeBattery(Battery):
    """The code is set by the first write, needed by the next, and never guessed until the device locks itself."""

    counts_tries: ClassVar[bool] = True

    @abstractmethod
    def tries_left(self, subject: Subject) -> int:
        """What the device still allows before it locks itself."""

    def test_the_first_write_sets_the_code(self, subject: Subject) -> None:
        receipt = self._write_and_prove(
            subject, seed(1, subject.form.seed_bytes), access=AccessCode(OURS, in_force=False)
        )
        assert receipt.locked is True
        self._refused(subject, AccessCode(OTHERS, in_force=True))
        self._write_and_prove(subject, seed(3, subject.form.seed_bytes), access=AccessCode(OURS, in_force=True))

    def test_our_code_is_found_though_nobody_knows_that_it_is_set(self, subject: Subject) -> None:
        """As after a write that was cut."""
        for number in (1, 2):
            self._write_and_prove(
                subject, seed(number, subject.form.seed_bytes), access=AccessCode(OURS, in_force=False)
            )

    def test_a_locked_device_is_erased_with_its_code_alone(self, subject: Subject) -> None:
        secret = seed(1, subject.form.seed_bytes)
        subject.write(secret, access=AccessCode(OURS, in_force=False))
        with subject.opened(access=AccessCode(OTHERS, in_force=True)) as driver:
            with pytest.raises((WrongAccessCode, LastTry)) as caught:
                driver.erase(subject.form.slot)
            check_failure(caught.value, secret, OURS, OTHERS)
        assert subject.held() == secret
        with subject.opened(access=AccessCode(OURS, in_force=True)) as driver:
            driver.erase(subject.form.slot)
        assert subject.held() is None

    def test_the_last_try_is_never_burnt(self, subject: Subject) -> None:
        if not self.counts_tries:
            self._wrong_codes_do_no_harm(subject)
            return
        subject.write(seed(1, subject.form.seed_bytes), access=AccessCode(OURS, in_force=False))
        errors: list[DeviceError] = []
        for _ in range(self.tries_left(subject) + 2):
            errors.append(self._refused(subject, AccessCode(OTHERS, in_force=True)))
            assert self.tries_left(subject) > 0
        last = errors[-1]
        assert isinstance(last, LastTry)
        assert last.tries_left == self.tries_left(subject) == 1
        assert isinstance(errors[0], WrongAccessCode)
        assert subject.held() == seed(1, subject.form.seed_bytes)

    def test_the_last_try_is_used_where_somebody_was_asked(self, subject: Subject) -> None:
        if not self.counts_tries:
            return
        subject.write(seed(1, subject.form.seed_bytes), access=AccessCode(OURS, in_force=False))
        most = self.tries_left(subject)
        while self.tries_left(subject) > 1:
            self._refused(subject, AccessCode(OTHERS, in_force=True))
        asked = AccessCode(OURS, in_force=True, may_use_last_try=True)
        self._write_and_prove(subject, seed(3, subject.form.seed_bytes), access=asked)
        assert self.tries_left(subject) == most

    def _wrong_codes_do_no_harm(self, subject: Subject) -> None:
        subject.write(seed(1, subject.form.seed_bytes), access=AccessCode(OURS, in_force=False))
        for _ in range(12):
            assert isinstance(self._refused(subject, AccessCode(OTHERS, in_force=True)), WrongAccessCode)
        self._write_and_prove(subject, seed(3, subject.form.seed_bytes), access=AccessCode(OURS, in_force=True))

    def _refused(self, subject: Subject, access: AccessCode) -> DeviceError:
        """A write with a wrong code: nothing changes."""
        before, secret = subject.held(), seed(7, subject.form.seed_bytes)
        with pytest.raises((WrongAccessCode, LastTry)) as caught:
            subject.write(secret, access=access)
        check_failure(caught.value, secret, access.code, OURS)
        assert subject.held() == before
        return caught.value


class HandBattery(Battery):
    """The device waits for a touch, a button or its PIN: it is told, waited for, and given up in time."""

    wait: ClassVar[Wait]
    given_up: ClassVar[type[DeviceError]] = NotTouched

    @abstractmethod
    def ask_for_hand(self, subject: Subject) -> None:
        """From now on a write waits for `hand`."""

    @abstractmethod
    def hand(self, subject: Subject) -> None:
        """Touch it, press its button, type its PIN: whatever it waits for."""

    def test_the_wait_is_told_and_ends_with_the_hand(self, subject: Subject) -> None:
        self.ask_for_hand(subject)
        told: list[Wait] = []
        progress: list[tuple[int, int]] = []
        at_wait: list[tuple[int, int]] = []
        hands: list[threading.Timer] = []

        def on_wait(wait: Wait) -> None:
            told.append(wait)
            at_wait.extend(progress[-1:])
            if wait is not Wait.NONE:
                timer = threading.Timer(_TOUCHED_AFTER_S, self.hand, [subject])
                hands.append(timer)
                timer.start()

        with _joined(hands):
            around = {"on_wait": on_wait, "on_progress": lambda done, total: progress.append((done, total))}
            self._write_and_prove(subject, seed(1, subject.form.seed_bytes), **around)
        assert told[:2] == [self.wait, Wait.NONE]
        assert told[-1] is Wait.NONE
        assert all(done < total for done, total in at_wait), "while it waits it is not done"
        assert progress[-1][0] == progress[-1][1]

    def test_a_hand_that_never_comes_is_given_up(self, subject: Subject) -> None:
        subject.write(seed(1, subject.form.seed_bytes))
        self.ask_for_hand(subject)
        subject.hurry("hand_timeout_s")
        told: list[Wait] = []
        with pytest.raises(self.given_up) as caught:
            subject.write(seed(2, subject.form.seed_bytes), on_wait=told.append)
        check_failure(caught.value, seed(1, subject.form.seed_bytes), seed(2, subject.form.seed_bytes))
        assert told[0] is self.wait
        assert subject.held() in (seed(1, subject.form.seed_bytes), seed(2, subject.form.seed_bytes))


@contextmanager
def _joined(timers: list[threading.Timer]) -> Iterator[None]:
    try:
        yield
    finally:
        for timer in timers:
            timer.join()

"""What a battery is put on: one emulated device in its port and a desk before it; secrets, codes, failures."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from base64 import b32encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from devices.attach import Desk, Sighting, scan
from devices.contract import FailureCode, WriteReceipt
from devices.driver import SlotProgram, Surroundings, TokenDriver
from devices.drivers import DRIVERS
from devices.errors import DeviceError
from devices.links import Bus
from devices.profiles import CredentialForm, FirmwareProfile, OtpType
from tests.devices.patience import patient
from tests.devices.reckoning import otp_code
from tests.rig.wire.trouble import TroubledBus

_HURRY_S: Final = 0.1
TITLE: Final = "KAGIYA"


@dataclass
class Subject(ABC):
    """One emulated device in its port, and a desk before it.

    `serial` is what `Surroundings.expected_serial` gets; `form` is a credential that the device can hold.
    `roots` as in Desk. `may_lose_it`: a write that is cut may leave the slot empty, for the device cannot change a
    slot at once.
    """

    port_bus: Bus
    profile_name: str
    serial: str
    form: CredentialForm
    roots: dict[str, bytes] = field(default_factory=dict)
    may_lose_it: bool = False

    def __post_init__(self) -> None:
        self.bus = TroubledBus(self.port_bus, self.unplug)
        self.desk = Desk((self.bus,), patient(), self.roots, self.unix_time)

    @abstractmethod
    def plug(self) -> None:
        """Put it in; nothing happens if it is."""

    @abstractmethod
    def unplug(self) -> None:
        """Pull it out, whatever it does; power and everything volatile are lost."""

    @abstractmethod
    def unix_time(self) -> float:
        """The world's time, which is the station's too."""

    @abstractmethod
    def held(self) -> bytes | None:
        """The secret in slot `form.slot`, from the device's memory, as it was written; None if empty."""

    @abstractmethod
    def code(self) -> str:
        """The code that the customer gets now: display, companion program, or typed by the device."""

    def expected_code(self, secret: bytes, form: CredentialForm, at: float) -> str:
        """An independent reckoning. For HOTP, `at` is the counter."""
        return otp_code(secret, form, at)

    @property
    def profile(self) -> FirmwareProfile:
        """The profile that the device must be recognised by."""
        return self.desk.profile(self.profile_name)

    def sighting(self) -> Sighting:
        """Where it is plugged."""
        (found,) = scan(self.desk)
        return found

    def driver(self, **around: Any) -> TokenDriver:
        """Its driver, identified. `around`: more of Surroundings (access, on_wait, on_progress …)."""
        sighting, profile = self.sighting(), self.profile
        link = sighting.bus.open(sighting.device, profile.timing.baud_rate)
        surroundings = Surroundings(profile, self.unix_time, self.roots, expected_serial=self.serial, **around)
        driver = DRIVERS[profile.driver.family](link, surroundings)
        try:
            driver.identify()
        except BaseException:
            driver.close()
            raise
        return driver

    @contextmanager
    def opened(self, **around: Any) -> Iterator[TokenDriver]:
        """The same, closed at the end."""
        driver = self.driver(**around)
        try:
            yield driver
        finally:
            driver.close()

    def write(self, secret: bytes, form: CredentialForm | None = None, **around: Any) -> WriteReceipt:
        """Write a credential."""
        with self.opened(**around) as driver:
            return driver.program(SlotProgram(form or self.form, secret, TITLE[: self.profile.limits.title_bytes]))

    def hurry(self, names: str = "timeout_s") -> None:
        """From now on the desk has no patience (`names`: how its timings end): for tests that wait for that."""
        profile = self.profile
        timeouts = {name: value for name, value in asdict(profile.timing).items() if name.endswith(names)}
        timing = replace(profile.timing, **{name: min(value, _HURRY_S) for name, value in timeouts.items()})
        self.desk = replace(self.desk, profiles=(replace(profile, timing=timing),))

    def patience(self) -> None:
        """Time enough again."""
        self.desk = replace(self.desk, profiles=patient())


def seed(number: int, size: int = 20) -> bytes:
    """The test's secrets: any number of different ones."""
    return hashlib.shake_256(b"kagiya battery %d" % number).digest(size)


def check_failure(error: DeviceError, *secrets: bytes) -> None:
    """What every failure must be: typed with a code of its own, and silent about secrets."""
    problem = error.problem()
    assert problem.code in FailureCode
    said = f"{error!r} {error} {problem!r} {error.__context__!r} {error.__cause__!r}"
    for secret in secrets:
        for shape in shapes(secret):
            assert shape not in said.lower()


def shapes(secret: bytes) -> tuple[str, ...]:
    """How a secret could show in a text, in small letters."""
    return secret.hex(), str(secret)[2:-1].lower(), b32encode(secret).decode().lower().rstrip("=")


def codes_between(subject: Subject, secret: bytes, began: float) -> set[str]:
    """The codes that are right from `began` until now for a clock within its tolerance; HOTP: two counters."""
    form = subject.form
    if form.otp_type is OtpType.HOTP:
        return {subject.expected_code(secret, form, form.counter + step) for step in (0, 1)}
    tolerance_s = subject.profile.limits.clock_tolerance_s
    first = int(began - tolerance_s) // form.period_s
    last = int(subject.unix_time() + tolerance_s) // form.period_s
    return {subject.expected_code(secret, form, step * form.period_s) for step in range(first, last + 1)}

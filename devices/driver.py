"""What a driver is. Each protocol family has one (devices/drivers/); the agent knows only what stands here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from devices.contract import Wait, WriteReceipt
from devices.errors import WrongClock, WrongSerial
from devices.links import AnyLink
from devices.profiles import CredentialForm, FirmwareProfile, Version

Clock = Callable[[], float]
"""Unix time in seconds, as the server sees it."""

OnProgress = Callable[[int, int], None]
"""Called with (reports done, reports in all) while a write goes on."""

OnWait = Callable[[Wait], None]
"""Called when the device begins to wait for a hand, and with Wait.NONE when it waits no more."""


def ignore_progress(_done: int, _total: int) -> None:
    """For whoever does not watch."""


def ignore_wait(_wait: Wait) -> None:
    """For whoever does not watch."""


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """What a device tells of itself, unproved. `clock` is Unix time in seconds, None when it is not set.

    What it cannot tell: `serial` is empty, `firmware` Version(0), `model` the profile's, `generation` 0.
    """

    serial: str
    model: str
    firmware: Version
    generation: int = 0
    battery_percent: int | None = None
    clock: int | None = None
    holds_credential: bool = False

    def receipt(
        self, reports: int, *, code: str = "", locked: bool | None = None, clock_offset_s: int | None = None
    ) -> WriteReceipt:
        """Evidence of a write into a device that counts no generations."""
        return WriteReceipt(
            serial=self.serial,
            model=self.model,
            firmware=str(self.firmware),
            generation_before=0,
            generation_after=0,
            clock_offset_s=clock_offset_s,
            reports=reports,
            code=code,
            locked=locked,
        )


@dataclass(frozen=True, slots=True)
class SlotProgram:
    """A credential to be written. `secret` has `form.seed_bytes` bytes and shows nowhere.

    `title` is ASCII, cut to the profile's `limits.title_bytes`: what the device may show beside the code.
    """

    form: CredentialForm
    secret: bytes = field(repr=False)
    title: str = ""


@dataclass(frozen=True, slots=True)
class AccessCode:
    """What locks this one device against others: 32 bytes that nobody sees; a driver takes what its device needs.

    `in_force`: the code is on the device already, as far as is known. Otherwise the factory default is tried
    first, and after a successful write this code is set. Where a write was cut it may be on the device though it
    is not known: a driver may try it second, never with the last try (LastTry) unless somebody was asked.
    `tries_left` is what the device told last, at whatever station, None where it told nothing.
    """

    code: bytes = field(repr=False)
    in_force: bool
    may_use_last_try: bool = False
    tries_left: int | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a driver is given beside its link.

    `roots` maps names of manufacturer roots to their public keys (P-256, uncompressed, 65 bytes): the station's
    trust list. `expected_serial` is the device that was asked for (its label where it tells no serial number),
    empty while it is only looked at. `access` is None for devices that are not locked. `expected_generation` is
    the one at which the device was when the job was given out, None where nobody said.
    """

    profile: FirmwareProfile
    clock: Clock
    roots: Mapping[str, bytes]
    expected_serial: str = ""
    on_progress: OnProgress = ignore_progress
    access: AccessCode | None = None
    on_wait: OnWait = ignore_wait
    expected_generation: int | None = None

    def check_serial(self, told: str) -> None:
        """Raises WrongSerial where another device was asked for."""
        if self.expected_serial and told != self.expected_serial:
            raise WrongSerial(self.expected_serial, told)

    def check_clock(self, told: int | None) -> None:
        """`told`: a device's clock, Unix time, None where it does not run. Raises WrongClock."""
        offset_s, tolerance_s = self.clock_offset_s(told), self.profile.limits.clock_tolerance_s
        if offset_s is None or abs(offset_s) > tolerance_s:
            raise WrongClock(offset_s, tolerance_s)

    def clock_offset_s(self, told: int | None) -> int | None:
        """How far a device's clock is ahead of the server's."""
        return None if told is None else told - round(self.clock())


class TokenDriver(Protocol):
    """One open device. Every method raises DeviceError; nothing is retried."""

    def identify(self) -> DeviceIdentity:
        """Ask the device who it is."""
        ...

    def program(self, program: SlotProgram) -> WriteReceipt:
        """Write a credential, prove that the device holds it, and tell the evidence.

        Raises NotGenuine, WrongSerial, LowBattery, WrongClock, OverLimits, WrongAccessCode, LastTry, DeviceLocked
        and Overtaken before anything is written, NotTouched, and NotProved when the device does not hold what was
        written.
        After any other error the generation alone tells, where the device counts one.
        """
        ...

    def erase(self, slot: int) -> WriteReceipt:
        """Destroy the credential in `slot` and tell the evidence. Raises OverLimits before anything is sent."""
        ...

    def close(self) -> None:
        """End the conversation and give the link back. Never raises."""
        ...


@runtime_checkable
class ReadsCode(Protocol):
    """Devices that tell a code to the station that wrote it."""

    def read_code(self, slot: int) -> str:
        """The code that the display would show, 6 or 8 digits. Raises RefusedByDevice."""
        ...


@runtime_checkable
class SetsClock(Protocol):
    """Devices whose clock can be set."""

    def set_clock(self, unix_time: int) -> int:
        """Set the clock (Unix seconds) and return it as read back. Raises WrongClock if it does not run."""
        ...


@runtime_checkable
class ProvesGenuine(Protocol):
    """Devices that can prove who made them."""

    def prove_genuine(self) -> None:
        """Raises NotGenuine unless its certificate leads to the profile's root as the station trusts it."""
        ...


DriverClass = Callable[[AnyLink, Surroundings], TokenDriver]

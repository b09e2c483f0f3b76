"""What one model of device is, within one range of firmware: how it is recognised and what it can hold.

Pure values. Data selects and limits behaviour, it never is behaviour: that is in the family's driver.
The files are read by devices.profile_files; firmware_profiles/README.md explains every key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from devices.errors import OverLimits, UnsupportedFirmware
from devices.links import AttachedDevice, Transport


class Version(NamedTuple):
    """Of a firmware; compares by its numbers."""

    major: int
    minor: int = 0
    patch: int = 0

    def __str__(self) -> str:
        return ".".join(map(str, self))


class OtpType(StrEnum):
    """RFC 6238 time-based or RFC 4226 counter-based."""

    TOTP = "totp"
    HOTP = "hotp"


class Algorithm(StrEnum):
    """Hash under the HMAC."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"


class Ability(StrEnum):
    """What only some devices can do. The first three are one-method protocols in devices.driver.

    LOCKS_WITH_CODE: program and erase take the access code in Surroundings and set it (AccessCode).
    """

    READS_CODE = "reads_code"
    SETS_CLOCK = "sets_clock"
    PROVES_GENUINE = "proves_genuine"
    LOCKS_WITH_CODE = "locks_with_code"


class SerialSource(StrEnum):
    """Where a device's serial number comes from: its own word, its USB string, or the label on its case.

    LABEL: nothing tells it, so exactly one device of the profile may be attached, and the teller types the label.
    """

    TOLD = "told"
    BUS = "bus"
    LABEL = "label"


class CodeShown(StrEnum):
    """How the customer gets a code: the device's display, a companion program, or the device types it."""

    DISPLAY = "display"
    COMPANION = "companion"
    TYPED = "typed"


class ClockKept(StrEnum):
    """How long the device's clock runs: always, while it is plugged in, or it has none."""

    KEPT = "kept"
    WHILE_POWERED = "while_powered"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Family:
    """What the drivers of one protocol family know. `needs_root`: the profile must name a manufacturer root.

    `same_serial_on`: transports where the serial number of the USB string is the one that the device tells.
    """

    transports: frozenset[Transport]
    abilities: frozenset[Ability]
    quirks: frozenset[str] = frozenset()
    needs_root: bool = False
    same_serial_on: frozenset[Transport] = frozenset()


FAMILIES: Final[Mapping[str, Family]] = {
    "kagiya-fob": Family(
        transports=frozenset({Transport.HID, Transport.SERIAL}),
        abilities=frozenset({Ability.READS_CODE, Ability.SETS_CLOCK, Ability.PROVES_GENUINE}),
        needs_root=True,
        same_serial_on=frozenset({Transport.HID}),
    ),
    "molto2": Family(
        transports=frozenset({Transport.USB}),
        abilities=frozenset({Ability.SETS_CLOCK, Ability.LOCKS_WITH_CODE}),
    ),
    "flipper-totp": Family(transports=frozenset({Transport.SERIAL}), abilities=frozenset({Ability.SETS_CLOCK})),
    "onlykey": Family(transports=frozenset({Transport.HID}), abilities=frozenset()),
    "ykoath": Family(
        transports=frozenset({Transport.USB}),
        abilities=frozenset({Ability.READS_CODE}),
        quirks=frozenset({"serial_in_select", "serial_of_admin", "keeps_names", "counts_first", "touch_to_write"}),
    ),
    "yubikey-otp": Family(
        transports=frozenset({Transport.HID}),
        abilities=frozenset({Ability.READS_CODE, Ability.LOCKS_WITH_CODE}),
        quirks=frozenset({"caches_sequence", "asks_touch"}),
    ),
    "nitrokey-pro": Family(
        transports=frozenset({Transport.HID}),
        abilities=frozenset({Ability.READS_CODE, Ability.SETS_CLOCK, Ability.LOCKS_WITH_CODE}),
    ),
}


@dataclass(frozen=True, slots=True)
class CredentialForm:
    """Everything about a credential but its secret. `period_s` is 0 for HOTP, `counter` is 0 for TOTP."""

    otp_type: OtpType
    algorithm: Algorithm
    digits: int
    period_s: int
    seed_bytes: int
    slot: int = 1
    counter: int = 0


@dataclass(frozen=True, slots=True)
class DeviceSection:
    """`[device]`: name of the profile (as its file), title for people, model as the device tells it, firmware.

    `numbering` names the series that serial numbers are of; empty where no other profile shares it.
    """

    name: str
    title: str
    model: str
    firmware_from: Version
    firmware_below: Version
    numbering: str = ""

    def covers(self, model: str, firmware: Version) -> bool:
        """Whether the device that tells this model and firmware is meant."""
        return model == self.model and self.firmware_from <= firmware < self.firmware_below


@dataclass(frozen=True, slots=True)
class Match:
    """`[[match]]`: how the bus shows the device. None (and an empty text) means: whatever."""

    bus: Transport
    vendor_id: int
    product_id: int
    interface: int | None = None
    usage_page: int | None = None
    usage: int | None = None
    product: str = ""
    serial_prefix: str = ""

    def fits(self, device: AttachedDevice) -> bool:
        """Whether the bus shows such a device."""
        pairs = (
            (self.interface, device.interface),
            (self.usage_page, device.usage_page),
            (self.usage, device.usage),
            (self.product or None, device.product),
        )
        ids = (self.bus, self.vendor_id, self.product_id) == (
            device.transport,
            device.vendor_id,
            device.product_id,
        )
        named = device.bus_serial.startswith(self.serial_prefix)
        return ids and named and all(wanted is None or wanted == seen for wanted, seen in pairs)

    def overlaps(self, other: Match) -> bool:
        """Whether one device could fit both."""
        if (self.bus, self.vendor_id, self.product_id) != (other.bus, other.vendor_id, other.product_id):
            return False
        shorter, longer = sorted((self.serial_prefix, other.serial_prefix), key=len)
        if not longer.startswith(shorter):
            return False
        pairs = (
            (self.interface, other.interface),
            (self.usage_page, other.usage_page),
            (self.usage, other.usage),
            (self.product or None, other.product or None),
        )
        return all(one is None or two is None or one == two for one, two in pairs)


@dataclass(frozen=True, slots=True)
class DriverSection:
    """`[driver]`: protocol family, its quirks in this model, and the manufacturer root that certifies devices."""

    family: str
    quirks: tuple[str, ...] = ()
    root: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """`[limits]`: what a credential in this device may be, and what the device must be to get one."""

    slots: int = field(metadata={"range": (1, 100)})
    seed_bytes: tuple[int, ...] = field(metadata={"range": (1, 128)})
    otp_types: tuple[OtpType, ...]
    algorithms: tuple[Algorithm, ...]
    digits: tuple[int, ...] = field(metadata={"range": (4, 10)})
    periods_s: tuple[int, ...] = field(metadata={"range": (1, 3600)})
    battery_min_percent: int = field(default=0, metadata={"range": (0, 100)})
    clock_tolerance_s: int = field(default=2, metadata={"range": (0, 60)})
    counter_step: int = field(default=1, metadata={"range": (1, 65536)})
    title_bytes: int = field(default=0, metadata={"range": (0, 64)})


@dataclass(frozen=True, slots=True)
class Use:
    """`[use]`: how people use the device. `totp`, `hotp`: None where it holds no such credential."""

    serial: SerialSource
    clock: ClockKept
    totp: CodeShown | None = None
    hotp: CodeShown | None = None

    def shown(self, otp_type: OtpType) -> CodeShown | None:
        """How the customer gets a code of that type."""
        return self.totp if otp_type is OtpType.TOTP else self.hotp


@dataclass(frozen=True, slots=True)
class Timing:
    """`[timing]`: how long to wait (seconds), and the wire's own speed."""

    identify_timeout_s: float = field(metadata={"range": (0.01, 60.0)})
    open_timeout_s: float = field(metadata={"range": (0.01, 60.0)})
    operation_timeout_s: float = field(metadata={"range": (0.01, 60.0)})
    flash_timeout_s: float = field(metadata={"range": (0.01, 60.0)})
    hand_timeout_s: float = field(default=20.0, metadata={"range": (0.01, 120.0)})
    report_interval_s: float = field(default=0.001, metadata={"range": (0.0001, 1.0)})
    baud_rate: int = field(default=115_200, metadata={"range": (300, 4_000_000)})


@dataclass(frozen=True, slots=True)
class FirmwareProfile:
    """One file of firmware_profiles/."""

    device: DeviceSection
    match: tuple[Match, ...]
    driver: DriverSection
    limits: Limits
    timing: Timing
    use: Use
    abilities: frozenset[Ability]

    @property
    def name(self) -> str:
        """The profile's name, as jobs and stock records know it."""
        return self.device.name

    @property
    def numbering(self) -> str:
        """Devices of one numbering and one serial number are one thing, whatever profiles it is seen by."""
        return self.device.numbering or self.device.name

    def fits(self, device: AttachedDevice) -> bool:
        """Whether the bus shows such a device; identification must still confirm model and firmware."""
        if device.named_profile:
            return device.named_profile == self.name and any(match.bus is device.transport for match in self.match)
        return any(match.fits(device) for match in self.match)

    def check(self, form: CredentialForm) -> None:
        """Raises OverLimits for the first thing of `form` that the device cannot hold."""
        fault = self.fault(form)
        if fault is not None:
            raise fault

    def check_slot(self, slot: int) -> None:
        """Raises OverLimits for a slot that the device does not have."""
        fault = _no_slot(self.limits, slot)
        if fault is not None:
            raise fault

    def fault(self, form: CredentialForm) -> OverLimits | None:
        """The first thing of `form` that the device cannot hold."""
        limits, is_totp = self.limits, form.otp_type is OtpType.TOTP
        step = limits.counter_step
        counter_fits = form.counter == 0 if is_totp else form.counter >= 0 and form.counter % step == 0
        found = (
            _no_slot(limits, form.slot),
            _beyond("otp_type", form.otp_type, limits.otp_types),
            _beyond("algorithm", form.algorithm, limits.algorithms),
            _beyond("digits", form.digits, limits.digits),
            _beyond("period_s", form.period_s, limits.periods_s if is_totp else (0,)),
            _beyond("seed_bytes", form.seed_bytes, limits.seed_bytes),
            None if counter_fits else OverLimits("counter", str(form.counter), f"multiples of {step}"),
        )
        return next((fault for fault in found if fault is not None), None)


def candidates(device: AttachedDevice, profiles: Iterable[FirmwareProfile]) -> tuple[FirmwareProfile, ...]:
    """First step of the match: the profiles whose bus facts fit."""
    return tuple(profile for profile in profiles if profile.fits(device))


def choose(found: Sequence[FirmwareProfile], model: str, firmware: Version) -> FirmwareProfile:
    """Second step: the one candidate for what the device told. Raises UnsupportedFirmware for none or several."""
    right = [profile for profile in found if profile.device.covers(model, firmware)]
    if len(right) != 1:
        raise UnsupportedFirmware(model, str(firmware), len(right))
    return right[0]


def _no_slot(limits: Limits, slot: int) -> OverLimits | None:
    return _beyond("slot", slot, range(1, limits.slots + 1), f"1-{limits.slots}")


def _beyond(limit: str, asked: object, allowed: Sequence[object], words: str = "") -> OverLimits | None:
    return None if asked in allowed else OverLimits(limit, str(asked), words or ", ".join(map(str, allowed)))

"""Which devices are attached, which profile each one is, and how exactly the one that is meant is opened (R28).

A device is recognised in two steps: what the bus tells gives candidates, and only then the device is asked for its
name; its model and firmware must fall in exactly one candidate. Nothing else ever receives a byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from devices.contract import ContractError, DeviceSeen, check
from devices.driver import (
    AccessCode,
    Clock,
    DeviceIdentity,
    OnProgress,
    OnWait,
    ProvesGenuine,
    Surroundings,
    TokenDriver,
    ignore_progress,
    ignore_wait,
)
from devices.drivers import DRIVERS
from devices.errors import (
    BadAnswer,
    DeviceError,
    DeviceNotFound,
    LinkLost,
    LowBattery,
    NotAlone,
    UnknownDevice,
    UntoldSerial,
    WrongSerial,
)
from devices.links import AttachedDevice, Bus, Transport
from devices.links.hid import HidBus
from devices.links.serial import SerialBus
from devices.links.usb_bulk import UsbBus
from devices.profiles import FAMILIES, Ability, FirmwareProfile, SerialSource, candidates, choose


@dataclass(frozen=True)
class Desk:
    """What a station works with: the buses it looks at, the profiles it knows, the makers it trusts.

    `roots`: name of a manufacturer root → its public key (P-256, uncompressed). `clock`: Unix time in seconds.
    """

    buses: tuple[Bus, ...]
    profiles: tuple[FirmwareProfile, ...]
    roots: Mapping[str, bytes]
    clock: Clock

    def profile(self, name: str) -> FirmwareProfile:
        """The profile of that name. Raises UnknownDevice."""
        for profile in self.profiles:
            if profile.name == name:
                return profile
        raise UnknownDevice("", name)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A device on a bus that some profile fits, not opened yet."""

    device: AttachedDevice
    bus: Bus
    profiles: tuple[FirmwareProfile, ...]


def real_buses(profiles: Iterable[FirmwareProfile], cradles: Mapping[str, str]) -> tuple[Bus, ...]:
    """This machine's buses, as far as the profiles need them.

    `cradles`: path of a serial port → name of the profile that sits there.
    """
    needed = {match.bus for profile in profiles for match in profile.match}
    makers: Mapping[Transport, Callable[[], Bus]] = {
        Transport.HID: HidBus,
        Transport.SERIAL: lambda: SerialBus(cradles),
        Transport.USB: UsbBus,
    }
    return tuple(make() for transport, make in makers.items() if transport in needed)


def scan(desk: Desk) -> tuple[Sighting, ...]:
    """Every attached device that some profile fits, one for each node. Opens nothing."""
    found: dict[str, Sighting] = {}
    for bus in desk.buses:
        for device in bus.scan():
            fitting = candidates(device, desk.profiles)
            if fitting and device.path not in found:
                found[device.path] = Sighting(device, bus, fitting)
    return tuple(found.values())


def survey(desk: Desk) -> tuple[DeviceSeen, ...]:
    """Scan, look at each device, and tell what is there: the list that people see."""
    return mark_doubles([look(desk, sighting) for sighting in scan(desk)])


def look(desk: Desk, sighting: Sighting, known: DeviceSeen | None = None) -> DeviceSeen:
    """Ask a device who it is and whether it may be used; what stands in the way becomes `problem`.

    `known` is what was seen there before: the same device is not asked again to prove that it is genuine. What it
    tells beyond every bound is not told on: one odd device must not spoil the list of the others.
    """
    nothing_told = DeviceSeen(path=sighting.device.path, transport=sighting.device.transport)
    seen = _ask(desk, sighting, nothing_told, known)
    try:
        check(seen)
    except ContractError as error:
        return replace(nothing_told, problem=BadAnswer("identify", error.problem).problem())
    return seen


def _ask(desk: Desk, sighting: Sighting, seen: DeviceSeen, known: DeviceSeen | None) -> DeviceSeen:
    try:
        driver = _open_link(desk, sighting, Surroundings(sighting.profiles[0], desk.clock, desk.roots))
    except DeviceError as error:
        return replace(seen, problem=error.problem())
    try:
        identity = driver.identify()
        seen = _with_identity(seen, identity, desk.clock())
        profile = _recognise(sighting, identity)
        seen = replace(seen, profile=profile.name)
        seen = replace(seen, serial=_serial(sighting, identity, profile))
        _check_battery(profile, identity)
        proved_before = known is not None and known.problem is None and known.serial == identity.serial
        if Ability.PROVES_GENUINE in profile.abilities and isinstance(driver, ProvesGenuine) and not proved_before:
            driver.prove_genuine()
    except DeviceError as error:
        return replace(seen, problem=error.problem())
    finally:
        driver.close()
    return seen


def open_named(
    desk: Desk,
    sighting: Sighting,
    profile: FirmwareProfile,
    serial: str,
    on_progress: OnProgress = ignore_progress,
    *,
    on_wait: OnWait = ignore_wait,
    access: AccessCode | None = None,
    generation: int | None = None,
) -> TokenDriver:
    """Open the device behind `sighting`, which must be the one with that profile and serial.

    `serial` of a device that tells none is what its label says: the caller has seen to it that there is one only.

    Raises WrongSerial, UnsupportedFirmware, DeviceNotFound, LinkFailed, AnswerUnusable; the link is closed then.
    """
    around = Surroundings(profile, desk.clock, desk.roots, serial, on_progress, access, on_wait, generation)
    driver = _open_link(desk, sighting, around)
    try:
        _check_named(sighting, driver.identify(), profile, serial)
    except BaseException:
        driver.close()
        raise
    return driver


def mark_doubles(devices: Iterable[DeviceSeen]) -> tuple[DeviceSeen, ...]:
    """Two devices that tell one serial are both unusable, and so are two of a profile that tells none."""
    listed = tuple(devices)
    counts = Counter((seen.profile, seen.serial) for seen in listed)

    def marked(seen: DeviceSeen) -> DeviceSeen:
        count = counts[seen.profile, seen.serial]
        may_be_named = seen.serial or (seen.profile and seen.problem is None)
        return (
            replace(seen, problem=NotAlone(seen.serial, count).problem()) if may_be_named and count > 1 else seen
        )

    return tuple(marked(seen) for seen in listed)


def _open_link(desk: Desk, sighting: Sighting, around: Surroundings) -> TokenDriver:
    link = sighting.bus.open(sighting.device, around.profile.timing.baud_rate)
    try:
        return DRIVERS[around.profile.driver.family](link, around)
    except BaseException:
        link.close()
        raise


def _recognise(sighting: Sighting, identity: DeviceIdentity) -> FirmwareProfile:
    """The one profile of what the device tells. Raises WrongSerial when the bus told another serial number."""
    device = sighting.device
    # a cradle's serial number is its bridge's; a HID fob's is its own
    is_its_own = any(
        profile.use.serial is SerialSource.TOLD
        and device.transport in FAMILIES[profile.driver.family].same_serial_on
        for profile in sighting.profiles
    )
    if is_its_own and device.bus_serial not in ("", identity.serial):
        raise WrongSerial(device.bus_serial, identity.serial)
    if all(profile.device.model != identity.model for profile in sighting.profiles):
        raise UnknownDevice(device.path, identity.model)
    return choose(sighting.profiles, identity.model, identity.firmware)


def _serial(sighting: Sighting, identity: DeviceIdentity, profile: FirmwareProfile) -> str:
    """The serial number from where the profile says it comes; empty for a label. Raises UntoldSerial.

    Serial numbers are typed and scanned in capitals: a USB string in small letters becomes one.
    """
    if profile.use.serial is SerialSource.LABEL:
        return ""
    serial = identity.serial if profile.use.serial is SerialSource.TOLD else sighting.device.bus_serial.upper()
    if not serial:
        raise UntoldSerial(sighting.device.path)
    return serial


def _check_named(sighting: Sighting, identity: DeviceIdentity, profile: FirmwareProfile, serial: str) -> None:
    if profile.use.serial is not SerialSource.TOLD and sighting.device not in sighting.bus.scan():
        # what was seen there may be another one by now, and the device itself cannot tell
        raise LinkLost(sighting.device.path)
    found = _serial(sighting, identity, profile)
    if found != serial and profile.use.serial is not SerialSource.LABEL:
        raise WrongSerial(serial, found)
    if _recognise(sighting, identity) != profile:
        raise DeviceNotFound(serial, profile.name)


def _check_battery(profile: FirmwareProfile, identity: DeviceIdentity) -> None:
    minimum = profile.limits.battery_min_percent
    if identity.battery_percent is not None and identity.battery_percent < minimum:
        raise LowBattery(identity.battery_percent, minimum)


def _with_identity(seen: DeviceSeen, identity: DeviceIdentity, now: float) -> DeviceSeen:
    return replace(
        seen,
        serial=identity.serial,
        model=identity.model,
        firmware=str(identity.firmware),
        battery_percent=identity.battery_percent,
        clock_offset_s=None if identity.clock is None else identity.clock - round(now),
        generation=identity.generation,
    )

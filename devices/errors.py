"""What can go wrong at the station, as types that carry facts; words are found at the face (pages, command line).

DeviceError
├── LinkFailed                the bytes do not get across (raised in links/ only)
│   ├── DeviceBusy              another program, or another job here, holds the node
│   ├── PermissionDenied        the node is there and closed to this user; names the rule that would open it
│   ├── LinkTimeout             nothing (more) came within the time
│   └── LinkLost                the device went away while it was used
├── AnswerUnusable            something came and cannot be believed
│   ├── FrameDamaged            wrong CRC, sequence, length or escape
│   ├── BadAnswer               well framed, and not an answer to what was asked
│   ├── UntoldSerial            it should tell its serial number and tells none
│   └── RefusedByDevice         the device said no, with its own status
├── NoSuchChoice              not exactly one right device (R28); nothing was written
│   ├── DeviceNotFound          none with that serial and profile
│   ├── NotAlone                more than one
│   ├── WrongSerial             another device than the one named sits behind the path
│   ├── UnknownDevice           no profile describes it
│   └── UnsupportedFirmware     known model, firmware outside every profile's range
├── DeviceUnfit               the right device, and it must not be used
│   ├── NotGenuine              its certificate or signature does not lead to the profile's root
│   ├── LowBattery              would die in the customer's hands
│   ├── WrongClock              its clock cannot be set right
│   ├── OverLimits              it cannot hold such a credential
│   ├── WrongAccessCode         it is locked with another access code (or PIN) than the ones we have
│   ├── LastTry                 one more wrong code would lock it for good: not tried
│   ├── DeviceLocked            its PIN is blocked or was never set, or its application is locked
│   └── NotTouched              nobody touched it (or pressed its button) in time
├── Overtaken                 the device was written since the job was given out; nothing was done
├── NotProved                 the written credential did not answer as it must
├── SeedUnreadable            the job's sealed seed does not open with this station's key
├── ProfileInvalid            a firmware profile cannot be used; names file and key
├── StationNotReady           the station itself cannot work yet
│   ├── NotEnrolled             it has no name and no keys
│   ├── KeyFileUnsafe           its key files can be read by others
│   └── StationRuns             another agent works with its keys
└── ServerFailed              the server could not be asked
    ├── ServerUnreachable       no connection, cut, or not over TLS
    └── ServerRefused           it answered with another status than success
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from devices.bounds import as_text
from devices.contract import FailureCode, Problem


@dataclass(eq=False)
class DeviceError(Exception):
    """Root of everything devices/ raises on purpose. Facts are attributes; none of them is ever a secret."""

    code: ClassVar[FailureCode] = FailureCode.BAD_ANSWER

    def facts(self) -> dict[str, str]:
        """The attributes as text, for the wire and the log; empty ones are left out."""
        pairs = ((item.name, getattr(self, item.name)) for item in dataclasses.fields(self))
        return {name: as_text(str(value)) for name, value in pairs if value not in ("", None)}

    def problem(self) -> Problem:
        """This failure as it crosses to the server."""
        return Problem(self.code, self.facts())

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.facts().items())


@dataclass(eq=False)
class LinkFailed(DeviceError):
    """The link at `path` failed."""

    path: str


@dataclass(eq=False)
class DeviceBusy(LinkFailed):
    """`holder` is the program that has the node open, where it can be found out."""

    code: ClassVar[FailureCode] = FailureCode.BUSY
    holder: str = ""


@dataclass(eq=False)
class PermissionDenied(LinkFailed):
    """`rule` is the udev rules file that opens the node to the station's group."""

    code: ClassVar[FailureCode] = FailureCode.PERMISSION
    rule: str = ""


@dataclass(eq=False)
class LinkTimeout(LinkFailed):
    """Nothing (more) came for `waited_s` seconds."""

    code: ClassVar[FailureCode] = FailureCode.TIMEOUT
    waited_s: float = 0.0


@dataclass(eq=False)
class LinkLost(LinkFailed):
    """The device went away."""

    code: ClassVar[FailureCode] = FailureCode.LINK_LOST


class AnswerUnusable(DeviceError):
    """Something came that cannot be believed."""


@dataclass(eq=False)
class FrameDamaged(AnswerUnusable):
    """`what` names the broken part of the frame: crc, sequence, length, escape, or that the device saw it so."""

    what: str


@dataclass(eq=False)
class BadAnswer(AnswerUnusable):
    """The answer to `command` has the fault that `problem` names."""

    command: str
    problem_found: str


@dataclass(eq=False)
class UntoldSerial(AnswerUnusable):
    """The device at `path` (or its USB string) should tell a serial number and tells none."""

    path: str


@dataclass(eq=False)
class RefusedByDevice(AnswerUnusable):
    """`command` was answered with `status`, the protocol's own name for it."""

    code: ClassVar[FailureCode] = FailureCode.REFUSED_BY_DEVICE
    command: str
    status: str


@dataclass(eq=False)
class NoSuchChoice(DeviceError):
    """Not exactly one right device for `serial`."""

    serial: str


@dataclass(eq=False)
class DeviceNotFound(NoSuchChoice):
    """No attached device of `profile` has that serial."""

    code: ClassVar[FailureCode] = FailureCode.NOT_FOUND
    profile: str = ""


@dataclass(eq=False)
class NotAlone(NoSuchChoice):
    """`count` attached devices claim that serial."""

    code: ClassVar[FailureCode] = FailureCode.NOT_ALONE
    count: int = 0


@dataclass(eq=False)
class WrongSerial(NoSuchChoice):
    """The device told `found` where `serial` was expected."""

    code: ClassVar[FailureCode] = FailureCode.WRONG_SERIAL
    found: str = ""


@dataclass(eq=False)
class UnknownDevice(DeviceError):
    """No profile describes the device at `path`, or none of its model."""

    code: ClassVar[FailureCode] = FailureCode.UNKNOWN_DEVICE
    path: str
    model: str = ""


@dataclass(eq=False)
class UnsupportedFirmware(DeviceError):
    """`firmware` of `model` is in the range of `ranges` profiles instead of exactly one."""

    code: ClassVar[FailureCode] = FailureCode.UNSUPPORTED_FIRMWARE
    model: str
    firmware: str
    ranges: int = 0


class DeviceUnfit(DeviceError):
    """The right device, and it must not be used."""


@dataclass(eq=False)
class NotGenuine(DeviceUnfit):
    """`reason` is untrusted_root, certificate, signature, or identity."""

    code: ClassVar[FailureCode] = FailureCode.NOT_GENUINE
    reason: str


@dataclass(eq=False)
class LowBattery(DeviceUnfit):
    """`percent` is below `minimum_percent`."""

    code: ClassVar[FailureCode] = FailureCode.LOW_BATTERY
    percent: int
    minimum_percent: int


@dataclass(eq=False)
class WrongClock(DeviceUnfit):
    """After setting, the device's clock is `offset_s` away (None: it does not run); `tolerance_s` is allowed."""

    code: ClassVar[FailureCode] = FailureCode.WRONG_CLOCK
    offset_s: int | None
    tolerance_s: int


@dataclass(eq=False)
class OverLimits(DeviceUnfit):
    """The device takes `allowed` for `limit` and was asked to hold `asked`."""

    code: ClassVar[FailureCode] = FailureCode.OVER_LIMITS
    limit: str
    asked: str
    allowed: str


@dataclass(eq=False)
class WrongAccessCode(DeviceUnfit):
    """The device refused the access code; `tries_left` until it locks itself, None where it does not count."""

    code: ClassVar[FailureCode] = FailureCode.WRONG_ACCESS_CODE
    tries_left: int | None = None


@dataclass(eq=False)
class LastTry(DeviceUnfit):
    """A wrong code now would burn the last of `tries_left` tries, and nobody asked for that: nothing was sent."""

    code: ClassVar[FailureCode] = FailureCode.LAST_TRY
    tries_left: int


@dataclass(eq=False)
class DeviceLocked(DeviceUnfit):
    """`what` is locked or was never set: pin, admin_pin, application …"""

    code: ClassVar[FailureCode] = FailureCode.DEVICE_LOCKED
    what: str


@dataclass(eq=False)
class NotTouched(DeviceUnfit):
    """The device waited `waited_s` seconds for a hand, and none came."""

    code: ClassVar[FailureCode] = FailureCode.NOT_TOUCHED
    waited_s: float


@dataclass(eq=False)
class Overtaken(DeviceError):
    """The device's generation is `found`, not `expected`: somebody wrote it since the job was given out."""

    code: ClassVar[FailureCode] = FailureCode.OVERTAKEN
    expected: int
    found: int


@dataclass(eq=False)
class NotProved(DeviceError):
    """`what` (proof, code, generation) was not what the written credential gives."""

    code: ClassVar[FailureCode] = FailureCode.NOT_PROVED
    what: str


@dataclass(eq=False)
class SeedUnreadable(DeviceError):
    """The seed of job `job_id` does not open: another station's, another job's, or changed on the way."""

    code: ClassVar[FailureCode] = FailureCode.SEED_UNREADABLE
    job_id: str


@dataclass(eq=False)
class ProfileInvalid(DeviceError):
    """`file` cannot be used: `key` is wrong in the way `fault` tells."""

    file: str
    key: str
    fault: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.fault}"


class StationNotReady(DeviceError):
    """The station itself cannot work yet."""


@dataclass(eq=False)
class NotEnrolled(StationNotReady):
    """`directory` holds no complete enrolment; `kagiya station enrol` makes one."""

    directory: str


@dataclass(eq=False)
class KeyFileUnsafe(StationNotReady):
    """`file` has `mode` (octal) and must be readable by its owner alone (600; a directory 700)."""

    file: str
    mode: str


@dataclass(eq=False)
class StationRuns(StationNotReady):
    """An agent works with the keys in `directory`: two would take each other's jobs for lost."""

    directory: str


@dataclass(eq=False)
class ServerFailed(DeviceError):
    """The server could not be asked for `path`."""

    path: str


@dataclass(eq=False)
class ServerUnreachable(ServerFailed):
    """No connection, cut, or too slow; `cause` is the kind of failure."""

    cause: str = ""


@dataclass(eq=False)
class ServerRefused(ServerFailed):
    """Answered with HTTP `status`; `reason` is the server's own word for it, such as `revoked`, or the mend."""

    status: int = 0
    reason: str = ""

"""What crosses between the station and the server: versioned JSON both ways, standard library only.

Station → server, every request signed with the station's Ed25519 key:
  POST /api/station/v1/poll              Poll        → Work
  POST /api/station/v1/jobs/ID/progress  Progress    → 204
  POST /api/station/v1/jobs/ID/result    JobResult   → 204 (the same result again: 204; another: 409)
Without a signature, with a one-time code instead:
  POST /api/station/v1/enrol             Enrol       → Enrolled

A signed request carries `Authorization: Kagiya-Station id="…", time="…", nonce="…", signature="…"`: the station's
id, Unix milliseconds, 32 random hexadecimal digits, and the Ed25519 signature (hexadecimal) over `signed_text`.
The server believes it within a minute of its own time, if it is later than the last one believed from that station
to that address: a request that is replayed or overtaken does nothing. Its answer carries `Kagiya-Answer: …`, the
server's signature over `answer_text`, which names the request's nonce; a station believes the key it was told as
it enrolled. Refusals of a request that was not believed to be the station's are not signed.

The seed crosses only as `sealed_seed`: HPKE (RFC 9180: DHKEM X25519, HKDF-SHA-256, AES-256-GCM) to the
station's sealing key, info `kagiya job seed 1\\nSTATION_ID\\nJOB_ID\\nSERIAL`, base64. The device's access code
crosses in the same way as `sealed_access_code`, info `kagiya access code 1\\n…` with the same three lines.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from devices.bounds import Code, Count, Firmware, Model, Name, Percent, Reports, Seconds, is_text

CONTRACT_VERSION: Final = 1
ACCESS_CODE_BYTES: Final = 32
T = TypeVar("T")
_AUTHORIZATION: Final = re.compile(
    r'Kagiya-Station id="([0-9a-zA-Z-]{1,64})", time="([0-9]{1,15})", '
    r'nonce="([0-9a-f]{32})", signature="([0-9a-f]{128})"'
)


ANSWER_HEADER: Final = "Kagiya-Answer"


class ContractError(ValueError):
    """A message does not have the form of `what`; `problem` names the field, never its value."""

    def __init__(self, what: str, problem: str) -> None:
        super().__init__(f"{what}: {problem}")
        self.what = what
        self.problem = problem


class JobKind(StrEnum):
    """What the station is to do."""

    PROGRAM = "program"
    ERASE = "erase"


class Wait(StrEnum):
    """What a device waits for from the hand that holds it, while it is written."""

    NONE = ""
    TOUCH = "touch"
    BUTTON = "button"
    PIN = "pin"


class FailureCode(StrEnum):
    """Why a job failed, or why a device that is seen cannot be used."""

    NOT_FOUND = "not_found"
    NOT_ALONE = "not_alone"
    WRONG_SERIAL = "wrong_serial"
    LINK_LOST = "link_lost"
    TIMEOUT = "timeout"
    BUSY = "busy"
    PERMISSION = "permission"
    BAD_ANSWER = "bad_answer"
    REFUSED_BY_DEVICE = "refused_by_device"
    UNSUPPORTED_FIRMWARE = "unsupported_firmware"
    UNKNOWN_DEVICE = "unknown_device"
    NOT_GENUINE = "not_genuine"
    LOW_BATTERY = "low_battery"
    WRONG_CLOCK = "wrong_clock"
    OVER_LIMITS = "over_limits"
    NOT_PROVED = "not_proved"
    SEED_UNREADABLE = "seed_unreadable"
    WRONG_ACCESS_CODE = "wrong_access_code"
    LAST_TRY = "last_try"
    DEVICE_LOCKED = "device_locked"
    NOT_TOUCHED = "not_touched"
    STATION_RESTARTED = "station_restarted"
    OVERTAKEN = "overtaken"
    # these two are the server's own words
    STATION_SILENT = "station_silent"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure with its facts (a node's path, a group's name, two serials …)."""

    code: FailureCode
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """A device at the station. Without `problem` it can be written. Percent, seconds (device minus station)."""

    path: str
    transport: str
    profile: Name = ""
    serial: Name = ""
    model: Model = ""
    firmware: Firmware = ""
    battery_percent: Percent | None = None
    clock_offset_s: Seconds | None = None
    generation: Count = 0
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """What the station has before it. `running`: jobs it still works on or whose result is not delivered."""

    devices: tuple[DeviceSeen, ...]
    running: tuple[str, ...]
    version: int = CONTRACT_VERSION


@dataclass(frozen=True, slots=True)
class ProgramJob:
    """One job for exactly the device named. `sealed_seed` is empty for ERASE; `unix_time` is the server's.

    `title` is what the device may show beside the code (ASCII, 12 at most), `counter` where HOTP begins.
    `sealed_access_code` (32 bytes before sealing) is empty for devices that are not locked with one;
    `access_code_in_force` says that it is on the device already, as far as the server knows; `may_use_last_try`
    that somebody was asked and wants the device's last try to be spent on it; `access_tries_left` how many the
    device told last that it still takes, whichever station asked. `generation` is what the device told
    when the job was given out: it must not have been written since.
    """

    job_id: str
    kind: JobKind
    profile: str
    serial: str
    otp_type: str = "totp"
    algorithm: str = "sha1"
    digits: int = 8
    period_s: int = 60
    slot: int = 1
    sealed_seed: str = field(default="", repr=False)
    unix_time: int = 0
    title: str = "KAGIYA"
    counter: int = 0
    sealed_access_code: str = field(default="", repr=False)
    access_code_in_force: bool = False
    may_use_last_try: bool = False
    access_tries_left: int | None = None
    generation: Count | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """Answer to a poll: jobs to start now (each was claimed for this station)."""

    jobs: tuple[ProgramJob, ...]
    unix_time: int
    version: int = CONTRACT_VERSION


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a write has come, in reports, and whether the device waits for a hand."""

    reports_done: Reports
    reports_total: Reports
    wait: Wait = Wait.NONE
    version: int = CONTRACT_VERSION


@dataclass(frozen=True, slots=True)
class WriteReceipt:
    """Evidence of a write, never the secret.

    `code`: read back from the device after the commit, or empty (then the teller types it). For TOTP it is that
    of the present time, for HOTP the next one, which is consumed on the device by reading it.
    `locked`: whether the access code of the job is in force on the device now; None: as it was before.
    `serial` is what the device told, the job's for a device that tells none.
    """

    serial: Name
    model: Model
    firmware: Firmware
    generation_before: Count
    generation_after: Count
    battery_percent: Percent | None = None
    clock_offset_s: Seconds | None = None
    reports: Reports = 0
    code: Code = field(default="", repr=False)
    locked: bool | None = None


@dataclass(frozen=True, slots=True)
class JobResult:
    """Outcome of a job: exactly one of `receipt` and `problem`."""

    receipt: WriteReceipt | None = None
    problem: Problem | None = None
    version: int = CONTRACT_VERSION


@dataclass(frozen=True, slots=True)
class Enrol:
    """First words of a new station: the one-time code and its public keys (raw 32 bytes, hexadecimal)."""

    code: str = field(repr=False)
    signing_key: str
    sealing_key: str
    version: int = CONTRACT_VERSION


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The station's name from now on, and the key that signs the server's answers (as those of Enrol)."""

    station_id: str
    name: str
    server_key: str
    version: int = CONTRACT_VERSION


@dataclass(frozen=True, slots=True)
class Authorization:
    """Who signed a request. `time` is Unix milliseconds as text, `signature` 64 bytes."""

    station_id: str
    time: str
    nonce: str
    signature: bytes = field(repr=False)

    def header(self) -> str:
        """The value of the HTTP header Authorization."""
        facts = f'id="{self.station_id}", time="{self.time}", nonce="{self.nonce}"'
        return f'Kagiya-Station {facts}, signature="{self.signature.hex()}"'


def parse_authorization(header: str) -> Authorization:
    """The reverse of `Authorization.header`. Raises ContractError."""
    match = _AUTHORIZATION.fullmatch(header)
    if match is None:
        raise ContractError("Authorization", "not of the form that stations send")
    station_id, time, nonce, signature = match.groups()
    return Authorization(station_id, time, nonce, bytes.fromhex(signature))


def signed_text(method: str, path: str, time: str, nonce: str, body: bytes) -> bytes:
    """What the signature covers: method, path, time, nonce and the body's SHA-256 in hexadecimal, one a line."""
    return "\n".join((method, path, time, nonce, sha256(body).hexdigest())).encode()


def answer_text(station_id: str, nonce: str, status: int, body: bytes) -> bytes:
    """What the server signs: whom and which request it answers, the HTTP status and the body's SHA-256."""
    return "\n".join(("kagiya answer 1", station_id, nonce, str(status), sha256(body).hexdigest())).encode()


def dump(message: Any) -> bytes:
    """One message as JSON bytes."""
    return json.dumps(dataclasses.asdict(message), separators=(",", ":")).encode()


def check(message: Any) -> None:
    """Raise ContractError where the other side would not take this message."""
    load(type(message), dump(message))


def load(cls: type[T], data: bytes) -> T:
    """The message of type `cls` in `data`.

    Unknown, missing or ill-typed fields, and values out of bounds, raise ContractError.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise ContractError(cls.__name__, "not JSON") from None
    result: T = _build(cls, value, cls.__name__)
    if getattr(result, "version", CONTRACT_VERSION) != CONTRACT_VERSION:
        raise ContractError(cls.__name__, "another version")
    return result


def _build(hint: Any, value: Any, where: str) -> Any:
    origin = get_origin(hint)
    if origin is Annotated:
        plain, bounds = get_args(hint)
        built = _build(plain, value, where)
        _require(bounds.hold(built), where, f"not {bounds}")
        return built
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (hint,) = (option for option in get_args(hint) if option is not type(None))
        return _build(hint, value, where)
    if origin is tuple:
        _require(isinstance(value, list), where, "not a list")
        return tuple(_build(get_args(hint)[0], item, where) for item in value)
    if origin is dict:
        told = (*value, *value.values()) if isinstance(value, dict) else (None,)
        _require(all(isinstance(one, str) and is_text(one) for one in told), where, "no facts")
        return value
    if dataclasses.is_dataclass(hint):
        return _build_dataclass(hint, value, where)
    if issubclass(hint, StrEnum):
        _require(isinstance(value, str) and value in {*hint}, where, "not one of its values")
        return hint(value)
    _require(type(value) is hint and (hint is not str or is_text(value)), where, f"not {hint.__name__}")
    return value


def _build_dataclass(cls: Any, value: Any, where: str) -> Any:
    _require(isinstance(value, dict), where, "not an object")
    fields = {item.name: item for item in dataclasses.fields(cls)}
    for name in value:
        _require(name in fields, where, f"unknown field {name[:40]!r}")
    hints = _hints(cls)
    required = (
        name
        for name, item in fields.items()
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
    )
    for name in required:
        _require(name in value, where, f"field {name} is missing")
    return cls(**{name: _build(hints[name], item, f"{where}.{name}") for name, item in value.items()})


@cache
def _hints(cls: Any) -> dict[str, Any]:
    """Reading them anew for every device of every poll takes most of the time."""
    return get_type_hints(cls, include_extras=True)


def _require(holds: bool, where: str, problem: str) -> None:
    if not holds:
        raise ContractError(where, problem)

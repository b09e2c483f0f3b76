"""Commands and answers of the YKOATH application, and the names of credentials (ykoath.md). Pure."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from devices.apdu import Command, fields, tlv
from devices.driver import SlotProgram
from devices.errors import BadAnswer
from devices.otp import decimal_code, truncated
from devices.profiles import Algorithm, CredentialForm, OtpType, Version

OATH: Final = bytes.fromhex("A0000005272101")
YUBICO_MANAGEMENT: Final = bytes.fromhex("A000000527471117")
CANOKEY_ADMIN: Final = bytes.fromhex("F000000000")
SERIAL_BYTES: Final = 4
NO_SUCH: Final = (0x6984, 0x6A82)
LOCKED: Final = 0x6982
NOT_NOW: Final = 0x6985
"""Nobody touched it; on a CanoKey also: the name is taken."""
WORDS: Final[Mapping[int, str]] = {
    0x6700: "wrong_length",
    0x6982: "locked",
    0x6983: "name_taken",
    0x6984: "no_such_credential",
    0x6985: "not_now",
    0x6A80: "wrong_data",
    0x6A82: "no_such_application",
    0x6A84: "full",
    0x6B00: "wrong_parameters",
    0x6D00: "unknown_command",
}
"""For errors; what is not here is told as four hexadecimal digits."""
_NAME: Final = 0x71
_LISTED: Final = 0x72
_KEY: Final = 0x73
_CHALLENGE: Final = 0x74
_TRUNCATED: Final = 0x76
_VERSION: Final = 0x79
_COUNTER: Final = 0x7A
_SERIAL: Final = 0x8F
_SERIAL_OF_YUBICO: Final = 0x02
_TYPES: Final[Mapping[OtpType, int]] = {OtpType.HOTP: 0x10, OtpType.TOTP: 0x20}
_ALGORITHMS: Final[Mapping[Algorithm, int]] = {Algorithm.SHA1: 1, Algorithm.SHA256: 2, Algorithm.SHA512: 3}
_LEAST_SECRET_BYTES: Final = 14
_PERIOD_UNSAID_S: Final = 30
_ACCOUNT: Final = "kagiya-"
_OURS: Final = re.compile(rf"(?:([0-9]{{1,4}})/)?(?:[^:/]{{1,12}}:)?{_ACCOUNT}([0-9]{{1,3}})")


@dataclass(frozen=True, slots=True)
class Selected:
    """Answer to SELECT. `locked`: it asks for its password first. `serial` is empty where it tells none."""

    version: Version
    locked: bool
    serial: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """A credential on the key that kagiya wrote."""

    name: str
    otp_type: OtpType
    slot: int
    period_s: int


@dataclass(frozen=True, slots=True)
class Truncated:
    """Answer to CALCULATE: 31 bits (RFC 4226, section 5.3) of which the code has `digits`."""

    digits: int
    number: int = field(repr=False)

    @property
    def code(self) -> str:
        """The one-time password."""
        return decimal_code(self.number, self.digits)


def select(aid: bytes) -> Command:
    """SELECT an application."""
    return Command("select", 0, 0xA4, 0x04, 0x00, aid)


READ_CONFIGURATION: Final = Command("read_configuration", 0, 0x1D, has_le=True)
READ_SERIAL: Final = Command("read_serial", 0, 0x32, has_le=True)
LIST: Final = Command("list", 0, 0xA1, has_le=True)
SEND_REMAINING: Final = Command("send_remaining", 0, 0xA5, has_le=True)


def put(name: str, program: SlotProgram, counter: int) -> Command:
    """PUT; the counter goes along when it is not 0."""
    form = program.form
    kind = _TYPES[form.otp_type] | _ALGORITHMS[form.algorithm]
    key = bytes([kind, form.digits]) + program.secret.ljust(_LEAST_SECRET_BYTES, b"\0")
    data = tlv(_NAME, name.encode()) + tlv(_KEY, key)
    data += tlv(_COUNTER, counter.to_bytes(4)) if counter else b""
    return Command("put", 0, 0x01, data=data)


def delete(name: str) -> Command:
    """DELETE."""
    return Command("delete", 0, 0x02, data=tlv(_NAME, name.encode()))


def calculate(name: str, challenge: bytes) -> Command:
    """CALCULATE, truncated; an empty challenge for HOTP."""
    data = tlv(_NAME, name.encode()) + tlv(_CHALLENGE, challenge)
    return Command("calculate", 0, 0xA2, 0x00, 0x01, data)


def name_of(form: CredentialForm, title: str) -> str:
    """`[period/][title:]kagiya-slot`: companion programs read period and issuer from it."""
    period = f"{form.period_s}/" if form.otp_type is OtpType.TOTP and form.period_s != _PERIOD_UNSAID_S else ""
    issuer = title.translate({ord(":"): " ", ord("/"): " "}).strip()
    return f"{period}{issuer}{':' if issuer else ''}{_ACCOUNT}{form.slot}"


def challenge_at(unix_time: int, period_s: int) -> bytes:
    """The time step of RFC 6238 as CALCULATE takes it."""
    return (unix_time // period_s).to_bytes(8)


def expected_number(program: SlotProgram, challenge: bytes) -> int:
    """What a key that holds the secret must answer."""
    return truncated(hmac.digest(program.secret, challenge, program.form.algorithm.value))


def decode_select(data: bytes) -> Selected:
    """Version, and challenge if it is locked. Raises BadAnswer."""
    told = dict(fields(data, "select"))
    version = told.get(_VERSION, b"")
    if len(version) != 3:
        raise BadAnswer("select", "no version")
    return Selected(Version(*version), _CHALLENGE in told, told.get(_SERIAL, b""))


def decode_configuration(data: bytes) -> bytes:
    """The serial number in Yubico's device information: a length byte, then fields. Raises BadAnswer."""
    if not data or len(data) != 1 + data[0]:
        raise BadAnswer("read_configuration", "wrong length")
    return dict(fields(data[1:], "read_configuration")).get(_SERIAL_OF_YUBICO, b"")


def decode_list(data: bytes) -> list[Listed]:
    """What kagiya wrote among the credentials. Raises BadAnswer."""
    types = {value: otp_type for otp_type, value in _TYPES.items()}
    found = []
    for tag, value in fields(data, "list"):
        if tag != _LISTED or not value:
            raise BadAnswer("list", "field that is none")
        name = value[1:].decode("utf-8", "replace")
        match = _OURS.fullmatch(name)
        otp_type = types.get(value[0] & 0xF0)
        if match and otp_type:
            found.append(Listed(name, otp_type, int(match[2]), int(match[1] or _PERIOD_UNSAID_S)))
    return found


def decode_truncated(data: bytes) -> Truncated:
    """Raises BadAnswer."""
    told = fields(data, "calculate")
    if len(told) != 1 or told[0][0] != _TRUNCATED or len(told[0][1]) != 5:
        raise BadAnswer("calculate", "no code")
    digits, number = told[0][1][0], int.from_bytes(told[0][1][1:])
    if not 6 <= digits <= 8:
        raise BadAnswer("calculate", "digits")
    return Truncated(digits, number & 0x7FFFFFFF)

"""Commands and answers of a Molto-2, and SM4 around them (firmware_profiles/molto2.md). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from devices.apdu import Command, tlv
from devices.errors import BadAnswer
from devices.profiles import Algorithm, CredentialForm

FACTORY_KEY: Final = b"TOKEN2MOLTO1-KEY"
CUSTOMER_KEY_BYTES: Final = 16
CHALLENGE_BYTES: Final = 8
TITLE_BYTES: Final = 12
ALGORITHMS: Final[Mapping[Algorithm, int]] = {Algorithm.SHA1: 1, Algorithm.SHA256: 2}
WORDS: Final[Mapping[int, str]] = {
    0x6700: "wrong_length",
    0x6982: "not_authenticated",
    0x6983: "locked",
    0x6A80: "wrong_data",
    0x6A83: "no_seed",
    0x6A86: "no_profile",
    0x6D00: "unknown_command",
    0x6FFB: "trailing_length",
}
"""For errors; what is not here is told as four hexadecimal digits."""
_BLOCK_BYTES: Final = 16
_MAC_BYTES: Final = 4
_PLAIN: Final = 0x80
_SEALED: Final = 0x84
_DISPLAY_60_S: Final = 2
_PUBLIC_BLOCK: Final = b"\x70"
_PUBLIC_BLOCK_BYTES: Final = 29


@dataclass(frozen=True, slots=True)
class Told:
    """Answer to IDENTIFY. `clock` is Unix time in seconds."""

    serial: str
    clock: int


@dataclass(frozen=True, slots=True)
class PublicBlock:
    """What anybody may read of a profile. `algorithm` and `step_s` as the device codes them."""

    title: str
    algorithm: int
    step_s: int
    digits: int
    holds_seed: bool

    def is_of(self, form: CredentialForm, title: str) -> bool:
        """Whether a credential of that form and title is held."""
        told = (self.algorithm, self.step_s, self.digits, self.title)
        return self.holds_seed and told == (ALGORITHMS[form.algorithm], form.period_s, form.digits, title)


IDENTIFY: Final = Command("identify", _PLAIN, 0x41, has_le=True)
CHALLENGE: Final = Command("challenge", _PLAIN, 0x4B, CHALLENGE_BYTES, has_le=True)


def read_block(profile: int) -> Command:
    """READ PUBLIC BLOCK; a length byte behind it would be refused."""
    return Command("read_block", _PLAIN, 0x41, 0, profile, _PUBLIC_BLOCK)


def delete_seed(profile: int) -> Command:
    """DELETE SEED."""
    return Command("delete_seed", _PLAIN, 0xE6, 0, profile, has_le=True)


class CustomerKey:
    """Seals what is sent under one customer key."""

    def __init__(self, customer_key: bytes) -> None:
        self._key = sm4_key(customer_key)

    def answer(self, challenge: bytes) -> Command:
        """ANSWER, which proves that the key is known."""
        return Command("answer", _PLAIN, 0xCE, data=self._encrypt(challenge.ljust(_BLOCK_BYTES, b"\0")))

    def write_seed(self, profile: int, seed: bytes) -> Command:
        """WRITE SEED; 1 to 63 bytes, not all of them zero."""
        return self._sealed("write_seed", 0xC5, 0x01, profile, self._encrypt(padded(seed)))

    def write_title(self, profile: int, title: str) -> Command:
        """WRITE TITLE; 12 bytes at most."""
        return self._sealed("write_title", 0xD5, 0x00, profile, self._encrypt(padded(title.encode("ascii"))))

    def write_parameters(self, profile: int, form: CredentialForm, unix_time: int) -> Command:
        """WRITE PARAMETERS, the clock among them; the display stays lit for 60 s."""
        credential = tlv(0x0A, bytes([ALGORITHMS[form.algorithm]])) + tlv(0x0B, bytes([form.digits]))
        credential += tlv(0x0D, bytes([form.period_s]))
        display_and_clock = tlv(0x1F, bytes([_DISPLAY_60_S])) + tlv(0x0F, unix_time.to_bytes(4))
        body = tlv(0x81, display_and_clock + tlv(0x86, credential))
        return self._sealed("write_parameters", 0xD4, 0x01, profile, body)

    def write_clock(self, profile: int, unix_time: int) -> Command:
        """WRITE CLOCK."""
        return self._sealed("write_clock", 0xD4, 0x01, profile, tlv(0x81, tlv(0x0F, unix_time.to_bytes(4))))

    def change_to(self, customer_key: bytes) -> Command:
        """CHANGE CUSTOMER KEY, which the device's holder confirms."""
        body = (b"\0" + sm4_key(customer_key) + b"\x80").ljust(2 * _BLOCK_BYTES, b"\0")
        return self._sealed("change_key", 0xD7, 0x00, 0x00, self._encrypt(body))

    def _sealed(self, name: str, ins: int, p1: int, p2: int, body: bytes) -> Command:
        """The MAC covers class 80 though 84 is sent."""
        covered = bytes([_PLAIN, ins, p1, p2, len(body)]) + body
        if len(covered) % _BLOCK_BYTES:
            covered = padded(covered)
        encryptor = Cipher(algorithms.SM4(self._key), modes.CBC(bytes(_BLOCK_BYTES))).encryptor()
        last_block = encryptor.update(covered)[-_BLOCK_BYTES:]
        return Command(name, _SEALED, ins, p1, p2, body + last_block[:_MAC_BYTES])

    def _encrypt(self, plain: bytes) -> bytes:
        mode = modes.ECB()  # noqa: S305 - the device's choice
        return Cipher(algorithms.SM4(self._key), mode).encryptor().update(plain)


def sm4_key(customer_key: bytes) -> bytes:
    """The first 16 bytes of SHA-1."""
    return sha1(customer_key).digest()[:16]  # noqa: S324 - the device's choice


def padded(value: bytes) -> bytes:
    """80 behind it, then zeros to whole blocks."""
    return value + b"\x80" + bytes(-(len(value) + 1) % _BLOCK_BYTES)


def decode_identity(data: bytes) -> Told:
    """Three bytes, length, serial number, two bytes, clock. Raises BadAnswer."""
    length = data[3] if len(data) > 3 else 0
    if not length or len(data) != 4 + length + 2 + 4:
        raise BadAnswer("identify", "wrong length")
    serial = data[4 : 4 + length]
    if not serial.isalnum():
        raise BadAnswer("identify", "serial number that is none")
    return Told(serial.decode("ascii"), int.from_bytes(data[-4:]))


def decode_block(data: bytes) -> PublicBlock:
    """95, length, 70, length, then 29 bytes. Raises BadAnswer."""
    if len(data) != 4 + _PUBLIC_BLOCK_BYTES or (data[0], data[2], data[3]) != (0x95, 0x70, _PUBLIC_BLOCK_BYTES):
        raise BadAnswer("read_block", "wrong form")
    block = data[4:]
    title = block[1:17].rstrip(b"\0").decode("utf-8", "replace")
    algorithm, step_s, digits, holds_seed = block[25:]
    return PublicBlock(title, algorithm, step_s, digits, bool(holds_seed))

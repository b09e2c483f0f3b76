"""What the vendor's tool does with a Molto-2, step by step, with the cipher of gmssl.

The APDUs of known outcome stand here byte for byte, as the vendor's tool sends them for the same arguments; what
depends on a challenge is reckoned. None of it is our driver's. The same steps run in a test's own process and,
over a real USB stack, through pyscard, pcscd and libccid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from typing import Final

from gmssl.sm4 import SM4_ENCRYPT, CryptSM4

Exchange = Callable[[bytes], bytes]
"""One command APDU to one response APDU, status word included."""

BLOCK_BYTES: Final = 16
FACTORY_KEY: Final = b"TOKEN2MOLTO1-KEY"
SECRET: Final = b"12345678901234567890"
PROFILE: Final = 2
UNIX_TIME: Final = 1_111_111_109
IDENTIFY: Final = bytes.fromhex("8041000000")
READ: Final = bytes.fromhex("8041000201 70")
"""Profile 2."""
CHALLENGE: Final = bytes.fromhex("804B080000")
SEED: Final = bytes.fromhex("84C5010224 5D848C69EB8E884E7D20591FF89ADEFF31FD80354BF08248E60D457774BBF06E 9D9F396D")
TITLE: Final = bytes.fromhex("84D5000214 934363A4A0B27FE53AC3FBDBDC50A270 6D031C44")
PARAMETERS: Final = bytes.fromhex("84D401021A 81141F01020F04423A35C586090A01010B01080D013C 13139F3F")
CLOCK: Final = bytes.fromhex("84D401000C 81060F0466123456 42304790")
"""Profile 0, clock alone."""
DELETE: Final = bytes.fromhex("80E6000200")
DONE: Final = 0x9000
NO_SEED: Final = 0x6A83
TRAILING_LE: Final = 0x6FFB


@dataclass(frozen=True, slots=True)
class PublicBlock:
    """What anybody may read of a profile."""

    title: str
    clock: int
    algorithm: int
    step_s: int
    digits: int
    has_seed: bool


class Steps:
    """One conversation."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def send(self, apdu: bytes) -> int:
        """The status word of a command without an answer."""
        answer = self._exchange(apdu)
        assert len(answer) == 2
        return int.from_bytes(answer, "big")

    def identify(self) -> tuple[str, int]:
        """Serial number and clock."""
        answer = self._exchange(IDENTIFY)
        assert answer[-2:] == b"\x90\x00"
        serial_end = 4 + answer[3]
        return answer[4:serial_end].decode(), int.from_bytes(answer[serial_end + 2 : serial_end + 6], "big")

    def read(self, profile: int = PROFILE) -> PublicBlock:
        """What anybody may."""
        answer = self._exchange(READ[:3] + bytes([profile]) + READ[4:])
        assert answer[-2:] == b"\x90\x00"
        block = answer[4:-2]
        assert len(block) == 29
        algorithm, step_s, digits, has_seed = block[25:]
        title = block[1:17].rstrip(b"\0").decode()
        return PublicBlock(title, int.from_bytes(block[17:21], "big"), algorithm, step_s, digits, bool(has_seed))

    def authenticate(self, customer_key: bytes = FACTORY_KEY) -> int:
        """The status word of the answer to a challenge."""
        told = self._exchange(CHALLENGE)
        assert told[8:] == b"\x90\x00"
        answer = encrypted(customer_key, told[:8] + bytes(8))
        return self.send(bytes.fromhex("80CE000010") + answer)


def encrypted(customer_key: bytes, blocks: bytes) -> bytes:
    """SM4-ECB of whole blocks by gmssl, which always adds a block of its own."""
    return bytes(_cipher(customer_key).crypt_ecb(blocks))[: len(blocks)]


def sealed(customer_key: bytes, header: bytes, body: bytes) -> bytes:
    """A whole APDU from CLA INS P1 P2 and the body as it travels: its length and the MAC put to it."""
    covered = b"\x80" + header[1:] + bytes([len(body)]) + body
    if len(covered) % BLOCK_BYTES:
        covered = padded(covered)
    last = bytes(_cipher(customer_key).crypt_cbc(bytes(BLOCK_BYTES), covered))[len(covered) - BLOCK_BYTES :]
    return header + bytes([len(body) + 4]) + body + last[:4]


def padded(value: bytes) -> bytes:
    """80 and zeros."""
    return value + b"\x80" + bytes(-(len(value) + 1) % BLOCK_BYTES)


def _cipher(customer_key: bytes) -> CryptSM4:
    cipher = CryptSM4()
    cipher.set_key(sha1(customer_key).digest()[:16], SM4_ENCRYPT)
    return cipher

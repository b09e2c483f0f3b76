"""The simplest host there can be: sends frames and reads answers as the protocol note says, and nothing else."""

from __future__ import annotations

from tests.rig.yubikey_otp.checksum import RESIDUE, checksum
from tests.rig.yubikey_otp.device import EmulatedYubiKey

# The note's worked frame: HOTP, 8 digits, secret 12345678901234567890, counter 16, code 010203040506, slot 1
RECORD = bytes.fromhex("00" * 16 + "37383930000131323334353637383930313233343536010203040506003460420000" + "8126")
REPORTS = tuple(
    bytes.fromhex(text)
    for text in (
        "0000000000000080",
        "0000373839300082",
        "0131323334353683",
        "3738393031323384",
        "3435360102030485",
        "0506003460420086",
        "0081260000000087",
        "0001955600000089",
    )
)
RESET = bytes(7) + b"\x8f"


def reports_of(command: int, payload: bytes) -> list[bytes]:
    """A whole frame; reports of nothing but zeros are left out, but the first and last."""
    payload = payload.ljust(64, b"\0")
    frame = payload + bytes([command]) + checksum(payload).to_bytes(2, "little") + bytes(3)
    parts = [(n, frame[7 * n : 7 * n + 7]) for n in range(10)]
    return [part + bytes([0x80 | n]) for n, part in parts if any(part) or n in (0, 9)]


def send(key: EmulatedYubiKey, command: int, payload: bytes = b"") -> None:
    for report in reports_of(command, payload):
        key.set_feature(report)


def read_answer(key: EmulatedYubiKey, size: int) -> bytes:
    """The answer without its checksum, which must be right."""
    answer = b""
    for number in range(-(-(size + 2) // 7)):
        report = key.get_feature()
        assert report[7] == 0x40 | number
        answer += report[:7]
    assert key.get_feature() == bytes(7) + b"\x40"
    key.set_feature(RESET)
    assert checksum(answer[: size + 2]) == RESIDUE
    return answer[:size]


def record(secret: bytes, ticket: int, config: int, *, extended: int = 0x24, access: bytes = bytes(6)) -> bytes:
    """A configuration with its checksum."""
    body = bytes(16) + secret[16:] + bytes(2) + secret[:16] + access
    body += bytes([0, extended, ticket, config, 0, 0])
    return body + (checksum(body) ^ 0xFFFF).to_bytes(2, "little")


def flags_of(key: EmulatedYubiKey) -> tuple[int, int]:
    """Sequence and flags."""
    status = key.get_feature()
    return status[4], status[5]

"""The simplest host there can be: one request, one answer, as the protocol note says, and nothing else."""

from __future__ import annotations

from tests.rig.nitrokey_pro.checksum import checksum
from tests.rig.nitrokey_pro.device import EmulatedNitrokey

PASSWORD = bytes(range(1, 26))


def request(command: int, payload: bytes = b"") -> bytes:
    body = (bytes([command]) + payload).ljust(60, b"\0")
    return body + checksum(body).to_bytes(4, "little")


def ask(key: EmulatedNitrokey, command: int, payload: bytes = b"") -> tuple[int, bytes]:
    """Status and result; everything around them must be right."""
    sent = request(command, payload)
    key.set_feature(sent)
    answer = key.get_feature()
    assert answer[0] == 0
    assert answer[1] == command
    assert answer[2:6] == sent[60:]
    assert checksum(answer[:60]).to_bytes(4, "little") == answer[60:]
    return answer[6], answer[7:60]


def padded(text: bytes) -> bytes:
    return text.ljust(25, b"\0")


def login(key: EmulatedNitrokey, pin: bytes = b"12345678") -> int:
    return ask(key, 0x07, padded(pin) + PASSWORD)[0]


def stage(key: EmulatedNitrokey, kind: bytes, chunk: int, data: bytes) -> tuple[int, bytes]:
    return ask(key, 0x17, PASSWORD + kind + bytes([chunk]) + data)


def commit(key: EmulatedNitrokey, number: int, value: int, flags: int = 1) -> int:
    return ask(key, 0x01, PASSWORD + bytes([number]) + value.to_bytes(8, "little") + bytes([flags]))[0]


def write(key: EmulatedNitrokey, number: int, secret: bytes, value: int, flags: int = 1) -> int:
    """A whole slot."""
    assert login(key) == 0
    stage(key, b"N", 0, b"acme")
    for chunk in (0, 1):
        stage(key, b"S", chunk, secret.ljust(40, b"\0")[30 * chunk : 30 * chunk + 30])
    return commit(key, number, value, flags)


def code_of(key: EmulatedNitrokey, number: int) -> int:
    status, result = ask(key, 0x04, bytes([number]))
    assert status == 0
    return int.from_bytes(result[:4], "little")


def set_time(key: EmulatedNitrokey, unix_time: int, mode: int = 1) -> int:
    return ask(key, 0x0B, bytes([mode]) + unix_time.to_bytes(8, "little"))[0]

"""The commands, each a function of the stick and the request's 59 bytes of payload; the table is at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from tests.rig.nitrokey_pro.card import Card
from tests.rig.nitrokey_pro.memory import HOTP_SLOTS, RESERVED_SLOT, TOTP_SLOTS, Memory, Slot

PASSWORD_BYTES: Final = 25


class Command(IntEnum):
    """Byte 0 of a request."""

    STATUS = 0x00
    WRITE_SLOT = 0x01
    READ_NAME = 0x02
    READ_SLOT = 0x03
    GET_CODE = 0x04
    WRITE_CONFIG = 0x05
    ERASE_SLOT = 0x06
    LOGIN_ADMIN = 0x07
    ADMIN_TRIES = 0x09
    SET_TIME = 0x0B
    LOGIN_USER = 0x0E
    USER_TRIES = 0x0F
    UNBLOCK_USER = 0x11
    LOCK = 0x12
    FACTORY_RESET = 0x13
    CHANGE_USER_PIN = 0x14
    CHANGE_ADMIN_PIN = 0x15
    STAGE = 0x17


class Status(IntEnum):
    """Byte 6 of an answer."""

    OK = 0
    WRONG_CRC = 1
    WRONG_SLOT = 2
    NOT_PROGRAMMED = 3
    WRONG_PASSWORD = 4
    NOT_AUTHORISED = 5
    TIME_WARNING = 6
    NO_NAME = 7
    UNKNOWN_COMMAND = 9
    USER_PIN_NOT_CHANGED = 12
    ADMIN_PIN_NOT_CHANGED = 13
    PIN_NOT_UNBLOCKED = 14


class Refusal(Exception):
    """A status other than OK."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.name)
        self.status = status


@dataclass
class Stick:
    """What the commands work on. Firmware is (major, minor)."""

    firmware: tuple[int, int]
    card: Card
    memory: Memory


def _status(stick: Stick, _payload: bytes) -> bytes:
    major, minor = stick.firmware
    return bytes([minor, major]) + stick.card.serial.to_bytes(4, "little") + stick.memory.config


def _login_admin(stick: Stick, payload: bytes) -> bytes:
    stick.memory.admin_password = None
    _require(stick.card.admin.verify(_text(payload[:25])), Status.WRONG_PASSWORD)
    stick.memory.admin_password = payload[25:50]
    return b""


def _login_user(stick: Stick, payload: bytes) -> bytes:
    stick.memory.user_password = None
    _require(stick.card.user.verify(_text(payload[:25])), Status.WRONG_PASSWORD)
    stick.memory.user_password = payload[25:50]
    return b""


def _stage(stick: Stick, payload: bytes) -> bytes:
    _require_admin(stick, payload[:25])
    staging = stick.memory.staging
    staging.begin()
    kind, chunk, data = payload[25:26], payload[26], payload[27:57]
    if kind == b"N":
        return staging.put_name(data)
    return staging.put_secret(chunk, data) if kind == b"S" else b""


def _write_slot(stick: Stick, payload: bytes) -> bytes:
    _require_admin(stick, payload[:25])
    memory = stick.memory
    _require(memory.staging.begun, Status.NOT_AUTHORISED)
    memory.staging.begun = False
    _require(memory.staging.name[0] != 0, Status.NO_NAME)
    number = payload[25]
    _require(number in HOTP_SLOTS or number in TOTP_SLOTS, Status.WRONG_SLOT)
    memory.commit(number, int.from_bytes(payload[26:34], "little"), payload[34], payload[35:48])
    return b""


def _read_name(stick: Stick, payload: bytes) -> bytes:
    return _slot(stick, payload[0]).name


def _read_slot(stick: Stick, payload: bytes) -> bytes:
    slot = _slot(stick, payload[0])
    value = stick.memory.counters.get(payload[0], slot.step_s)
    return slot.name + bytes([slot.flags]) + slot.token_id + value.to_bytes(8, "little")


def _get_code(stick: Stick, payload: bytes) -> bytes:
    memory = stick.memory
    if memory.config[3] == 1:
        _require(memory.user_password == payload[18:43], Status.NOT_AUTHORISED)
    _require(payload[0] != RESERVED_SLOT, Status.WRONG_SLOT)
    slot = _slot(stick, payload[0])
    return memory.next_code(payload[0]).to_bytes(4, "little") + bytes([slot.flags]) + slot.token_id


def _write_config(stick: Stick, payload: bytes) -> bytes:
    _require_admin(stick, payload[5:30])
    stick.memory.config = payload[:5]
    return b""


def _erase_slot(stick: Stick, payload: bytes) -> bytes:
    _require_admin(stick, payload[1:26])
    _require(payload[0] in HOTP_SLOTS or payload[0] in TOTP_SLOTS, Status.WRONG_SLOT)
    stick.memory.erase(payload[0])
    return b""


def _set_time(stick: Stick, payload: bytes) -> bytes:
    clock, unix_time = stick.memory.clock, int.from_bytes(payload[1:9], "little")
    _require(payload[0] == 1 or clock.takes(unix_time), Status.TIME_WARNING)
    _require(clock.set(unix_time), Status.TIME_WARNING)
    return b""


def _unblock_user(stick: Stick, payload: bytes) -> bytes:
    _require(stick.card.admin.verify(_text(payload[:25])), Status.WRONG_PASSWORD)
    _require(stick.card.user.change(_text(payload[25:50])), Status.PIN_NOT_UNBLOCKED)
    return b""


def _change_user_pin(stick: Stick, payload: bytes) -> bytes:
    _require(stick.card.user.verify(_text(payload[:25])), Status.WRONG_PASSWORD)
    _require(stick.card.user.change(_text(payload[25:50])), Status.USER_PIN_NOT_CHANGED)
    return b""


def _change_admin_pin(stick: Stick, payload: bytes) -> bytes:
    _require(stick.card.admin.verify(_text(payload[:25])), Status.WRONG_PASSWORD)
    _require(stick.card.admin.change(_text(payload[25:50])), Status.ADMIN_PIN_NOT_CHANGED)
    return b""


def _factory_reset(stick: Stick, payload: bytes) -> bytes:
    _require(stick.card.admin.verify(_text(payload[:25])), Status.WRONG_PASSWORD)
    stick.card.reset()
    stick.memory.reset()
    return b""


COMMANDS: Final[dict[int, Callable[[Stick, bytes], bytes]]] = {
    Command.STATUS: _status,
    Command.WRITE_SLOT: _write_slot,
    Command.READ_NAME: _read_name,
    Command.READ_SLOT: _read_slot,
    Command.GET_CODE: _get_code,
    Command.WRITE_CONFIG: _write_config,
    Command.ERASE_SLOT: _erase_slot,
    Command.LOGIN_ADMIN: _login_admin,
    Command.ADMIN_TRIES: lambda stick, _payload: bytes([stick.card.admin.tries]),
    Command.SET_TIME: _set_time,
    Command.LOGIN_USER: _login_user,
    Command.USER_TRIES: lambda stick, _payload: bytes([stick.card.user.tries]),
    Command.UNBLOCK_USER: _unblock_user,
    Command.LOCK: lambda _stick, _payload: b"",
    Command.FACTORY_RESET: _factory_reset,
    Command.CHANGE_USER_PIN: _change_user_pin,
    Command.CHANGE_ADMIN_PIN: _change_admin_pin,
    Command.STAGE: _stage,
}


def _require(holds: bool, otherwise: Status) -> None:
    if not holds:
        raise Refusal(otherwise)


def _require_admin(stick: Stick, password: bytes) -> None:
    _require(stick.memory.admin_password == password, Status.NOT_AUTHORISED)


def _slot(stick: Stick, number: int) -> Slot:
    _require(number in HOTP_SLOTS or number in TOTP_SLOTS, Status.WRONG_SLOT)
    slot = stick.memory.slots.get(number)
    if slot is None:
        raise Refusal(Status.NOT_PROGRAMMED)
    return slot


def _text(field: bytes) -> bytes:
    """A field that ends at its first NUL."""
    return field.split(b"\0", 1)[0]

"""Writes TOTP and HOTP slots: log in, set the clock, stage, see the echo, commit, read back, read a code."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Final

from devices.contract import WriteReceipt
from devices.driver import DeviceIdentity, SlotProgram, Surroundings
from devices.drivers.nitrokey_pro.messages import (
    HOTP_SLOTS,
    NAME_BYTES,
    PASSWORD_BYTES,
    SECRET_BYTES,
    Command,
    SlotContent,
    Status,
    StickStatus,
    change_pin,
    decode_code,
    decode_slot,
    decode_status,
    erase_slot,
    login,
    set_time,
    slot_flags,
    slot_number,
    slot_numbers,
    slot_value,
    stage_name,
    stage_secret,
    write_slot,
)
from devices.drivers.nitrokey_pro.pins import FACTORY_PIN, own_pin, pins_to_try
from devices.drivers.nitrokey_pro.wire import Wire
from devices.errors import (
    DeviceLocked,
    LastTry,
    NotProved,
    OverLimits,
    RefusedByDevice,
    WrongAccessCode,
    WrongClock,
)
from devices.links import AnyLink, FeatureLink
from devices.otp import moving_factor, otp
from devices.profiles import CredentialForm, OtpType
from devices.steps import Steps

DrawPassword = Callable[[], bytes]
_FALLBACK_NAME: Final = b"OTP"
_FLASH: Final = {Command.WRITE_SLOT, Command.ERASE_SLOT}
_CARD: Final = {Command.LOGIN_ADMIN, Command.CHANGE_ADMIN_PIN}
_WRITE_REQUESTS: Final = 11


class NitrokeyPro:
    """A stick behind an open link. Not for use by two threads."""

    def __init__(
        self,
        link: AnyLink,
        surroundings: Surroundings,
        draw: DrawPassword = lambda: secrets.token_bytes(PASSWORD_BYTES),
    ) -> None:
        if not isinstance(link, FeatureLink):
            raise TypeError("a Nitrokey is reached by feature reports")
        self._around = surroundings
        self._draw = draw
        self._steps = Steps(surroundings.on_progress)
        self._wire = Wire(link, surroundings.profile.timing, self._steps.crossed)
        self._form: CredentialForm | None = None

    def identify(self) -> DeviceIdentity:
        """STATUS. The serial number is the card's, eight hexadecimal digits as GnuPG shows it."""
        return self._identity(self._status())

    def program(self, program: SlotProgram) -> WriteReceipt:
        """Write a slot and have a code of it read back; the next HOTP code is consumed by that."""
        form = program.form
        self._check(form)
        if not any(program.secret):
            # it would mean: keep the old one
            raise OverLimits("seed", "zeros", "anything else")
        self._form = None
        status = self._begin(2 * _WRITE_REQUESTS)
        if status.keeps_codes:
            raise DeviceLocked("user_pin")
        password, pin = self._login()
        if form.otp_type is OtpType.TOTP:
            self.set_clock(round(self._around.clock()))
        self._stage(program, password)
        self._ask(Command.WRITE_SLOT, write_slot(password, form))
        self._check_slot(program)
        self._form = form
        code = self._prove(program)
        locked = self._lock(pin)
        return self._identity(status).receipt(self._steps.end(), code=code, locked=locked)

    def erase(self, slot: int) -> WriteReceipt:
        """Empty the TOTP slot and the HOTP slot of that number."""
        self._around.profile.check_slot(slot)
        numbers = slot_numbers(slot)
        status = self._begin(2 * (3 + 2 * len(numbers)))
        password, _pin = self._login()
        for number in numbers:
            self._ask(Command.ERASE_SLOT, erase_slot(password, number))
            if self._content(number) is not None:
                raise NotProved("slot")
        return self._identity(status).receipt(self._steps.end())

    def set_clock(self, unix_time: int) -> int:
        """SET TIME. The stick cannot tell its time: a code alone shows that it took it. Raises WrongClock."""
        try:
            self._ask(Command.SET_TIME, set_time(unix_time))
        except RefusedByDevice as refusal:
            if refusal.status == Status.TIME_WARNING.name.lower():
                raise WrongClock(None, self._around.profile.limits.clock_tolerance_s) from None
            raise
        return unix_time

    def read_code(self, slot: int) -> str:
        """The next code of the credential that this very session wrote. Raises RefusedByDevice."""
        if self._form is None or self._form.slot != slot:
            raise RefusedByDevice("read_code", "not_allowed")
        return decode_code(self._ask(Command.GET_CODE, bytes([slot_number(self._form)])), self._form)

    def close(self) -> None:
        """Give the link back. The temporary password is worth nothing to anybody else."""
        self._form = None
        self._wire.close()

    def _check(self, form: CredentialForm) -> None:
        self._around.profile.check(form)
        if form.otp_type is OtpType.HOTP and form.slot > HOTP_SLOTS:
            raise OverLimits("slot", str(form.slot), f"1-{HOTP_SLOTS}")

    def _status(self) -> StickStatus:
        timeout_s = self._around.profile.timing.identify_timeout_s
        return decode_status(self._wire.ask(Command.STATUS, b"", timeout_s))

    def _identity(self, status: StickStatus) -> DeviceIdentity:
        return DeviceIdentity(status.serial, self._around.profile.device.model, status.firmware)

    def _begin(self, reports: int) -> StickStatus:
        """The status of the stick that is meant."""
        self._steps.begin(reports)
        status = self._status()
        self._around.check_serial(status.serial)
        return status

    def _ask(self, command: Command, payload: bytes) -> bytes:
        timing = self._around.profile.timing
        timeout_s = timing.operation_timeout_s
        if command in _FLASH:
            timeout_s = timing.flash_timeout_s
        elif command in _CARD:
            timeout_s = timing.open_timeout_s
        return self._wire.ask(command, payload, timeout_s)

    def _login(self) -> tuple[bytes, bytes]:
        """A temporary password, and the PIN that got it. Raises WrongAccessCode, LastTry, DeviceLocked."""
        password = self._draw()
        access, tries = self._around.access, self._tries()
        keeps_last = access is None or not access.may_use_last_try
        for tried, pin in enumerate(pins_to_try(access)):
            if tries == 0:
                raise DeviceLocked("admin_pin")
            if tries == 1 and keeps_last:
                raise WrongAccessCode(tries) if tried else LastTry(tries)
            if self._logs_in(pin, password):
                return password, pin
            tries = self._tries()
        raise WrongAccessCode(tries)

    def _logs_in(self, pin: bytes, password: bytes) -> bool:
        try:
            self._ask(Command.LOGIN_ADMIN, login(pin, password))
        except RefusedByDevice as refusal:
            if refusal.status == Status.WRONG_PASSWORD.name.lower():
                return False
            raise
        return True

    def _tries(self) -> int:
        return self._ask(Command.ADMIN_TRIES, b"")[0]

    def _lock(self, pin: bytes) -> bool | None:
        """Put the stick's own PIN in force if it is not; whether it is now."""
        access = self._around.access
        if access is None:
            return None
        if pin == FACTORY_PIN:
            self._ask(Command.CHANGE_ADMIN_PIN, change_pin(pin, own_pin(access)))
        return True

    def _stage(self, program: SlotProgram, password: bytes) -> None:
        """Name and both chunks; the stick echoes what it holds."""
        name = _name(program)
        echo = self._ask(Command.STAGE, stage_name(password, name))
        if echo[:NAME_BYTES] != name:
            raise NotProved("name")
        for chunk in (0, 1):
            echo = self._ask(Command.STAGE, stage_secret(password, chunk, program.secret))
        if not hmac.compare_digest(echo[:SECRET_BYTES], program.secret.ljust(SECRET_BYTES, b"\0")):
            raise NotProved("staged secret")

    def _check_slot(self, program: SlotProgram) -> None:
        form = program.form
        right = SlotContent(_name(program), slot_flags(form), slot_value(form))
        if self._content(slot_number(form)) != right:
            raise NotProved("slot")

    def _content(self, number: int) -> SlotContent | None:
        """What is in a slot, None for nothing."""
        try:
            return decode_slot(self._ask(Command.READ_SLOT, bytes([number])))
        except RefusedByDevice as refusal:
            if refusal.status == Status.NOT_PROGRAMMED.name.lower():
                return None
            raise

    def _prove(self, program: SlotProgram) -> str:
        """A code, which must be that of now as exactly as the clock can be."""
        form, tolerance_s = program.form, self._around.profile.limits.clock_tolerance_s
        code = self.read_code(form.slot)
        now = self._around.clock()
        factors = {moving_factor(form, now + offset_s) for offset_s in range(-tolerance_s, tolerance_s + 1)}
        if not any(hmac.compare_digest(code, otp(program.secret, form, factor)) for factor in factors):
            raise NotProved("code")
        return code


def _name(program: SlotProgram) -> bytes:
    """The title, which must not be empty, in its field."""
    return (program.title.encode()[:NAME_BYTES] or _FALLBACK_NAME).ljust(NAME_BYTES, b"\0")

"""Writes TOTP and HOTP credentials into keys with the YKOATH application (firmware_profiles/ykoath.md)."""

from __future__ import annotations

from typing import Final

from devices.contract import WriteReceipt
from devices.driver import DeviceIdentity, SlotProgram, Surroundings
from devices.drivers.ykoath.messages import (
    CANOKEY_ADMIN,
    LIST,
    NO_SUCH,
    OATH,
    READ_CONFIGURATION,
    READ_SERIAL,
    SERIAL_BYTES,
    YUBICO_MANAGEMENT,
    Listed,
    Selected,
    calculate,
    challenge_at,
    decode_configuration,
    decode_list,
    decode_select,
    decode_truncated,
    delete,
    expected_number,
    name_of,
    put,
    select,
)
from devices.drivers.ykoath.wire import OathWire
from devices.errors import BadAnswer, DeviceLocked, NotProved, OverLimits, RefusedByDevice
from devices.links import AnyLink
from devices.profiles import OtpType
from devices.steps import Steps

_LAST_COUNTER: Final = 0xFFFFFFFF
_IDENTIFY_TRANSFERS: Final = 2 * 3
_WRITE_TRANSFERS: Final = _IDENTIFY_TRANSFERS + 2 * 5
_ERASE_TRANSFERS: Final = _IDENTIFY_TRANSFERS + 2 * 3


class YkOath:
    """A key behind an open link. Not for use by two threads.

    Credentials have names, not places: slot n is the one that is called kagiya-n.
    """

    def __init__(self, link: AnyLink, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._quirks = surroundings.profile.driver.quirks
        self._steps = Steps(surroundings.on_progress)
        self._wire = OathWire(link, surroundings, self._steps.crossed)

    def identify(self) -> DeviceIdentity:
        """Serial number and the version of the application. Raises LinkFailed, AnswerUnusable."""
        serial = self._told_serial()
        selected = decode_select(self._wire.done(select(OATH)))
        return self._identity(serial or selected.serial, selected)

    def program(self, program: SlotProgram) -> WriteReceipt:
        """Put the credential, delete what stood in its slot under other names, and let the key make a code.

        Raises as TokenDriver.program.
        """
        self._around.profile.check(program.form)
        if program.form.counter > _LAST_COUNTER:
            raise OverLimits("counter", str(program.form.counter), f"0-{_LAST_COUNTER}")
        self._steps.begin(_WRITE_TRANSFERS)
        identity = self._open_to_write()
        name = name_of(program.form, program.title)
        before = self._listed(program.form.slot)
        if "keeps_names" in self._quirks and name in {listed.name for listed in before}:
            self._delete(name)
        self._wire.done(put(name, program, self._counter(program)))
        code = self._prove(name, program)
        for listed in before:
            if listed.name != name:
                self._delete(listed.name)
        if [listed.name for listed in self._listed(program.form.slot)] != [name]:
            raise NotProved("name")
        return identity.receipt(self._steps.end(), code=code)

    def erase(self, slot: int) -> WriteReceipt:
        """Delete the credential of `slot`, whatever it is titled. Raises as TokenDriver.erase."""
        self._around.profile.check_slot(slot)
        self._steps.begin(_ERASE_TRANSFERS)
        identity = self._open_to_write()
        for listed in self._listed(slot):
            self._delete(listed.name)
        if self._listed(slot):
            raise NotProved("erasure")
        return identity.receipt(self._steps.end())

    def read_code(self, slot: int) -> str:
        """The code of the present time, or the next one, which is used up by it. Raises RefusedByDevice."""
        self._open_to_write()
        listed = self._listed(slot)
        if not listed:
            raise RefusedByDevice("calculate", "no_such_credential")
        is_totp = listed[0].otp_type is OtpType.TOTP
        now = round(self._around.clock())
        challenge = challenge_at(now, listed[0].period_s) if is_totp else b""
        return decode_truncated(self._wire.done(calculate(listed[0].name, challenge))).code

    def close(self) -> None:
        """Give the link back."""
        self._wire.close()

    def _told_serial(self) -> bytes:
        """From the maker's own application; empty where OATH's answer to SELECT tells it."""
        if "serial_in_select" in self._quirks:
            return b""
        if "serial_of_admin" in self._quirks:
            self._wire.done(select(CANOKEY_ADMIN))
            return self._wire.done(READ_SERIAL)
        self._wire.done(select(YUBICO_MANAGEMENT))
        return decode_configuration(self._wire.done(READ_CONFIGURATION))

    def _identity(self, serial: bytes, selected: Selected) -> DeviceIdentity:
        if len(serial) != SERIAL_BYTES:
            raise BadAnswer("identify", "no serial number")
        is_yubico = not {"serial_in_select", "serial_of_admin"} & set(self._quirks)
        return DeviceIdentity(
            # as it is printed: Yubico's in decimal digits
            serial=str(int.from_bytes(serial)) if is_yubico else serial.hex().upper(),
            model=self._around.profile.device.model,
            firmware=selected.version,
        )

    def _open_to_write(self) -> DeviceIdentity:
        """The right key, its application selected and open. Raises WrongSerial, DeviceLocked."""
        serial = self._told_serial()
        selected = decode_select(self._wire.done(select(OATH)))
        identity = self._identity(serial or selected.serial, selected)
        self._around.check_serial(identity.serial)
        if selected.locked:
            # a password of its owner; without it codes could not be read by the customer's program either
            raise DeviceLocked("application")
        return identity

    def _listed(self, slot: int) -> list[Listed]:
        return [listed for listed in decode_list(self._wire.done(LIST)) if listed.slot == slot]

    def _delete(self, name: str) -> None:
        self._wire.done(delete(name), also=NO_SUCH)

    def _counter(self, program: SlotProgram) -> int:
        """What PUT must carry so that the first code is the form's; a key that counts first cannot begin at 0."""
        return max(0, program.form.counter - ("counts_first" in self._quirks))

    def _prove(self, name: str, program: SlotProgram) -> str:
        """The key's code, which must be the one that the secret gives."""
        if program.form.otp_type is OtpType.TOTP:
            sent = used = challenge_at(round(self._around.clock()), program.form.period_s)
        else:
            used = (self._counter(program) + ("counts_first" in self._quirks)).to_bytes(8)
            sent = b""
        answer = decode_truncated(self._wire.done(calculate(name, sent)))
        if (answer.digits, answer.number) != (program.form.digits, expected_number(program, used)):
            raise NotProved("code")
        return answer.code

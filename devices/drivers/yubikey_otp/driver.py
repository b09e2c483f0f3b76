"""Writes HOTP and challenge-response credentials into a YubiKey's slots; its sequence number proves each write."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Final

from devices.contract import WriteReceipt
from devices.driver import DeviceIdentity, SlotProgram, Surroundings
from devices.drivers.yubikey_otp.messages import (
    ACCESS_BYTES,
    BAD_SCAN_MAP,
    BLANK,
    CHALLENGE,
    CONFIGURE,
    MAC_BYTES,
    NO_ACCESS,
    SERIAL_BYTES,
    Command,
    Status,
    answer_parts,
    challenge,
    decode_info_serial,
    flags,
    record,
    to_reports,
)
from devices.drivers.yubikey_otp.wire import Wire
from devices.errors import BadAnswer, NotProved, OverLimits, RefusedByDevice, WrongAccessCode
from devices.links import AnyLink, FeatureLink
from devices.otp import decimal_code, moving_factor, truncated
from devices.profiles import CredentialForm, OtpType, Version
from devices.steps import Steps

CACHES_SEQUENCE: Final = "caches_sequence"
ASKS_TOUCH: Final = "asks_touch"
_LAST_COUNTER: Final = 0xFFFF * 16
_FIRST_INFO: Final = Version(4)
_FIRST_COMPOSITE: Final = Version(3)
_RECLAIM_PAUSE_S: Final = 0.5


class YubiKeyOtp:
    """A key behind an open link. Not for use by two threads."""

    def __init__(self, link: AnyLink, surroundings: Surroundings) -> None:
        if not isinstance(link, FeatureLink):
            raise TypeError("a YubiKey is reached by feature reports")
        self._around = surroundings
        self._timing = surroundings.profile.timing
        self._steps = Steps(surroundings.on_progress)
        self._wire = Wire(link, self._timing, self._steps.crossed, surroundings.on_wait)
        self._identity: DeviceIdentity | None = None
        self._form: CredentialForm | None = None

    def identify(self) -> DeviceIdentity:
        """Firmware from the status, then the serial number, empty where the key keeps it to itself."""
        status = self._wire.status(self._timing.identify_timeout_s)
        self._identity = DeviceIdentity(
            serial=self._serial(status.firmware),
            model=self._around.profile.device.model,
            firmware=status.firmware,
            holds_credential=bool(status.slots),
        )
        return self._identity

    def program(self, program: SlotProgram) -> WriteReceipt:
        """Write the slot, see the sequence advance, and for TOTP have a challenge answered."""
        form = program.form
        self._check(form)
        self._form = None
        identity = self._ready(self._write_reports(form))
        access = self._access()
        body = record(program.secret, form.counter, access, flags(form, touch=self._asks_touch))
        before = self._status(identity)
        self._configure(identity, before, form.slot, body)
        code = ""
        if form.otp_type is OtpType.TOTP:
            self._form = form
            code = self._prove(program)
        return self._receipt(identity, code, locked=True)

    def erase(self, slot: int) -> WriteReceipt:
        """Clear the slot, which may be empty already."""
        self._around.profile.check_slot(slot)
        identity = self._ready(2 * len(to_reports(CONFIGURE[slot], BLANK)) + 1)
        before = self._status(identity)
        self._configure(identity, before, slot, BLANK)
        return self._receipt(identity, "", locked=False)

    def read_code(self, slot: int) -> str:
        """The code of a TOTP credential that this very session wrote. Raises RefusedByDevice, NotTouched."""
        if self._form is None or self._form.slot != slot:
            raise RefusedByDevice("read_code", "not_allowed")
        mac = self._mac(self._form, moving_factor(self._form, self._around.clock()))
        return decimal_code(truncated(mac), self._form.digits)

    def close(self) -> None:
        """Give the link back."""
        self._form = None
        self._wire.close()

    @property
    def _asks_touch(self) -> bool:
        return ASKS_TOUCH in self._around.profile.driver.quirks

    def _check(self, form: CredentialForm) -> None:
        self._around.profile.check(form)
        if form.counter > _LAST_COUNTER:
            raise OverLimits("counter", str(form.counter), f"0-{_LAST_COUNTER}")

    def _ready(self, reports: int) -> DeviceIdentity:
        """The identity of the key that is meant."""
        identity = self._identity or self.identify()
        self._around.check_serial(identity.serial)
        self._steps.begin(reports)
        return identity

    def _serial(self, firmware: Version) -> str:
        """Asked again for a while: a key refuses while another of its interfaces was in use just now."""
        deadline = monotonic() + self._timing.identify_timeout_s
        while True:
            serial = self._told_serial(firmware)
            if serial or firmware < _FIRST_COMPOSITE or monotonic() + _RECLAIM_PAUSE_S >= deadline:
                return serial
            sleep(_RECLAIM_PAUSE_S)

    def _told_serial(self, firmware: Version) -> str:
        timeout_s = self._timing.operation_timeout_s
        try:
            return str(int.from_bytes(self._wire.ask(Command.SERIAL, b"", SERIAL_BYTES, timeout_s)))
        except RefusedByDevice:
            pass
        if firmware < _FIRST_INFO:
            return ""
        try:
            return decode_info_serial(self._wire.ask(Command.INFO, b"", None, timeout_s))
        except RefusedByDevice:
            return ""

    def _status(self, identity: DeviceIdentity) -> Status:
        timeout_s = self._timing.operation_timeout_s
        if CACHES_SEQUENCE in self._around.profile.driver.quirks:
            self._wire.change(Command.SCAN_MAP, BAD_SCAN_MAP, timeout_s)
        return _same_key(self._wire.status(timeout_s), identity)

    def _access(self) -> bytes:
        """The code that will be in force; zeros for none."""
        access = self._around.access
        return access.code[:ACCESS_BYTES] if access else NO_ACCESS

    def _codes(self) -> Iterator[bytes]:
        """The codes to try, the likely one first: a key counts no tries."""
        access, ours = self._around.access, self._access()
        yield from dict.fromkeys((ours, NO_ACCESS) if access and access.in_force else (NO_ACCESS, ours))

    def _configure(self, identity: DeviceIdentity, before: Status, slot: int, body: bytes) -> None:
        """Write a record. Raises WrongAccessCode where the slot is kept with another code."""
        for code in self._codes():
            told = self._wire.change(CONFIGURE[slot], body + code, self._timing.flash_timeout_s)
            after = _same_key(told, identity)
            if _is_done(before, after, slot, holds=body != BLANK):
                return
            if after != before:
                raise NotProved("sequence")
        if slot in before.slots:
            raise WrongAccessCode
        raise RefusedByDevice("configure", "unchanged")

    def _mac(self, form: CredentialForm, step: int) -> bytes:
        timeout_s = self._timing.operation_timeout_s
        return self._wire.ask(CHALLENGE[form.slot], challenge(step), MAC_BYTES, timeout_s)

    def _prove(self, program: SlotProgram) -> str:
        step = moving_factor(program.form, self._around.clock())
        mac = self._mac(program.form, step)
        if not hmac.compare_digest(mac, hmac.digest(program.secret, step.to_bytes(8), "sha1")):
            raise NotProved("code")
        return decimal_code(truncated(mac), program.form.digits)

    def _receipt(self, identity: DeviceIdentity, code: str, *, locked: bool) -> WriteReceipt:
        # the sequence number goes back to 0 with the last slot: it is no count of a lifetime
        return identity.receipt(self._steps.end(), code=code, locked=locked if self._around.access else None)

    def _write_reports(self, form: CredentialForm) -> int:
        """Reports of a write that goes well, both ways, about."""
        proof = 2 * 9 + answer_parts(MAC_BYTES) + 1 if form.otp_type is OtpType.TOTP else 0
        return 2 * 9 + 1 + proof


def _same_key(status: Status, identity: DeviceIdentity) -> Status:
    """Raises BadAnswer for a status of another firmware: it was garbage."""
    if status.firmware != identity.firmware:
        raise BadAnswer("status", "another firmware")
    return status


def _is_done(before: Status, after: Status, slot: int, *, holds: bool) -> bool:
    """Whether the key took a record (or cleared the slot). There is no error code: only the sequence tells."""
    if (slot in after.slots) is not holds or before.slots - {slot} != after.slots - {slot}:
        return False
    if holds or slot in before.slots:
        emptied = not after.slots and after.sequence == 0 and not holds
        return before.advanced_to(after) or emptied
    return before.advanced_to(after) or after.sequence in (before.sequence, 0)

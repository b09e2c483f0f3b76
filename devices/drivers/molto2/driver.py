"""Loads TOTP credentials into Token2 Molto-2 tokens (firmware_profiles/molto2.md)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from devices.contract import WriteReceipt
from devices.driver import DeviceIdentity, SlotProgram, Surroundings
from devices.drivers.molto2.lock import CustomerLock
from devices.drivers.molto2.messages import (
    IDENTIFY,
    CustomerKey,
    PublicBlock,
    Told,
    decode_block,
    decode_identity,
    delete_seed,
    read_block,
)
from devices.drivers.molto2.tries import TOLD, TriesLeft
from devices.drivers.molto2.wire import Molto2Wire
from devices.errors import NotProved, OverLimits, WrongClock, WrongSerial
from devices.links import AnyLink
from devices.profiles import Version
from devices.steps import Steps

_NO_SEED: Final = 0x6A83
_UNTOLD: Final = Version(0)
_WRITE_TRANSFERS: Final = 2 * 11
_TAKE_OVER_TRANSFERS: Final = 2 * 3
_ERASE_TRANSFERS: Final = 2 * 5


class Molto2:
    """A token behind an open link. Not for use by two threads. Slots count from 1, its profiles from 0."""

    def __init__(self, link: AnyLink, surroundings: Surroundings, tries: TriesLeft = TOLD) -> None:
        self._around = surroundings
        self._tries = tries
        self._steps = Steps(surroundings.on_progress)
        self._wire = Molto2Wire(link, surroundings, self._steps.crossed)

    def identify(self) -> DeviceIdentity:
        """Serial number and clock; it tells neither model nor firmware. Raises LinkFailed, AnswerUnusable."""
        told = self._told()
        return replace(
            self._identity(told.serial), clock=told.clock or None, holds_credential=self._block(1).holds_seed
        )

    def program(self, program: SlotProgram) -> WriteReceipt:
        """Clock, seed, title and parameters in one authenticated session, then read back what can be read.

        The device tells no code: whoever holds it types the one that its screen shows. Raises as
        TokenDriver.program.
        """
        self._around.profile.check(program.form)
        if not any(program.secret):
            # to the device it means: clear the seed
            raise OverLimits("seed", "zeros", "anything else")
        self._steps.begin(_WRITE_TRANSFERS + (_TAKE_OVER_TRANSFERS if self._around.access else 0))
        serial = self._named()
        lock = self._lock(serial)
        key = lock.open()
        if self._around.access is not None and not lock.ours:
            key = lock.take_over(key, self._around.on_wait, self._around.profile.timing.hand_timeout_s)
        self._put_clock(key, program.form.slot, round(self._around.clock()))
        self._put_credential(key, program)
        self._check_block(program)
        return self._receipt(serial, locked=True if self._around.access else None)

    def erase(self, slot: int) -> WriteReceipt:
        """Delete the seed in `slot`; its title stays, as the device has it. Raises as TokenDriver.erase."""
        self._around.profile.check_slot(slot)
        self._steps.begin(_ERASE_TRANSFERS)
        serial = self._named()
        lock = self._lock(serial)
        # the device deletes without it; it says that this token is ours to delete from
        lock.open()
        self._wire.done(delete_seed(slot - 1), also=(_NO_SEED,))
        if self._block(slot).holds_seed:
            raise NotProved("erasure")
        return self._receipt(serial, locked=lock.ours if self._around.access else None)

    def set_clock(self, unix_time: int) -> int:
        """Set the clock of the first profile. Raises WrongClock if it does not read so afterwards."""
        return self._put_clock(self._lock(self._named()).open(), 1, unix_time)

    def close(self) -> None:
        """Power the card off, so that nobody finds it authenticated, and give the link back."""
        self._wire.close()

    def _told(self) -> Told:
        return decode_identity(self._wire.done(IDENTIFY))

    def _named(self) -> str:
        """The serial number, which must be the expected one."""
        serial = self._told().serial
        self._around.check_serial(serial)
        return serial

    def _lock(self, serial: str) -> CustomerLock:
        return CustomerLock(self._wire.ask, serial, self._around.access, self._tries)

    def _block(self, slot: int) -> PublicBlock:
        return decode_block(self._wire.done(read_block(slot - 1)))

    def _put_clock(self, key: CustomerKey, slot: int, unix_time: int) -> int:
        """Before a seed is written it shows whether the clock can be set at all."""
        self._wire.done(key.write_clock(slot - 1, unix_time))
        clock = self._told().clock
        self._check_clock(clock, unix_time)
        return clock

    def _put_credential(self, key: CustomerKey, program: SlotProgram) -> None:
        """A held seed is deleted first, as the vendor's program asks for: overwriting is not described."""
        profile, form = program.form.slot - 1, program.form
        if self._block(form.slot).holds_seed:
            self._wire.done(delete_seed(profile), also=(_NO_SEED,))
        self._wire.done(key.write_seed(profile, program.secret))
        self._wire.done(key.write_title(profile, program.title))
        self._wire.done(key.write_parameters(profile, form, round(self._around.clock())))

    def _check_block(self, program: SlotProgram) -> None:
        if not self._block(program.form.slot).is_of(program.form, program.title):
            raise NotProved("parameters")

    def _receipt(self, serial: str, locked: bool | None) -> WriteReceipt:
        told = self._told()
        if told.serial != serial:
            raise WrongSerial(serial, told.serial)
        offset_s = self._around.clock_offset_s(told.clock)
        return self._identity(serial).receipt(self._steps.end(), locked=locked, clock_offset_s=offset_s)

    def _identity(self, serial: str) -> DeviceIdentity:
        return DeviceIdentity(serial, self._around.profile.device.model, _UNTOLD)

    def _check_clock(self, clock: int, unix_time: int) -> None:
        tolerance_s = self._around.profile.limits.clock_tolerance_s
        if abs(clock - unix_time) > tolerance_s:
            raise WrongClock(clock - unix_time, tolerance_s)

"""Writes and deletes tokens of the Authenticator application, by its console.

A token is known by its name, which ends with the slot: the application takes any number of tokens with one name.
"""

from __future__ import annotations

import re
from typing import Final

from devices.contract import WriteReceipt
from devices.driver import DeviceIdentity, SlotProgram, Surroundings
from devices.drivers.flipper_totp import messages
from devices.drivers.flipper_totp.console import Console
from devices.drivers.flipper_totp.messages import Entry
from devices.errors import BadAnswer, NotProved, OverLimits
from devices.links import AnyLink, StreamLink
from devices.profiles import Version
from devices.steps import Steps

_TITLE: Final = re.compile(r"[A-Za-z0-9 ._-]*")
_WRITE_EXCHANGES: Final = 9
_ERASE_EXCHANGES: Final = 2


class FlipperTotp:
    """A device behind an open port. Not for use by two threads."""

    def __init__(self, link: AnyLink, surroundings: Surroundings) -> None:
        if not isinstance(link, StreamLink):
            raise TypeError("a Flipper is reached over its serial port")
        self._around = surroundings
        self._steps = Steps(surroundings.on_progress)
        self._console = Console(link, surroundings.profile.timing, surroundings.on_wait, self._steps.crossed)
        self._firmware = Version(0)

    def identify(self) -> DeviceIdentity:
        """The application's version; it answers while it is open, locked or not. Raises DeviceLocked."""
        self._console.open()
        self._firmware = messages.version(self._console.run("totp version", "version"))
        return self._identity("")

    def program(self, program: SlotProgram) -> WriteReceipt:
        """Clock, then the new token, and only then the old one goes: a cut leaves one of them or both.

        Raises as TokenDriver.program.
        """
        self._around.profile.check(program.form)
        name = _name(program.title, program.form.slot)
        self._steps.begin(_WRITE_EXCHANGES)
        self._console.open()
        self.set_clock(round(self._around.clock()))
        before = self._tokens()
        self._add(name, program)
        self._check_added(before, name, program)
        old = [entry for entry in before if _is_in_slot(entry, program.form.slot)]
        self._delete(old)
        kept = [entry for entry in self._tokens() if _is_in_slot(entry, program.form.slot)]
        if [entry.name for entry in kept] != [name]:
            raise NotProved("list")
        return self._receipt(self._check_clock("date"))

    def erase(self, slot: int) -> WriteReceipt:
        """Delete every token of the slot, and look that none is left."""
        self._around.profile.check_slot(slot)
        self._steps.begin(_ERASE_EXCHANGES)
        self._console.open()
        self._delete([entry for entry in self._tokens() if _is_in_slot(entry, slot)])
        if any(_is_in_slot(entry, slot) for entry in self._tokens()):
            raise NotProved("list")
        return self._receipt(None)

    def set_clock(self, unix_time: int) -> int:
        """The real-time clock to UTC, and the application's zone to none. Raises WrongClock."""
        self._console.open()
        messages.check_zone_is_utc(self._console.run("totp timezone 0", "timezone"))
        return self._check_clock(messages.date_line(unix_time))

    def close(self) -> None:
        """End the conversation and give the port back."""
        self._console.close()

    def _tokens(self) -> tuple[Entry, ...]:
        return messages.entries(self._console.run("totp list --tsv", "list"))

    def _add(self, name: str, program: SlotProgram) -> None:
        line = messages.add_line(name, program.form)
        if not messages.is_added(self._console.add(line, messages.secret_line(program.secret)), name):
            raise BadAnswer("secret", "no success")

    def _check_added(self, before: tuple[Entry, ...], name: str, program: SlotProgram) -> None:
        """The console tells everything but the secret, which the code on the display proves."""
        new = Entry(len(before) + 1, name)
        if self._tokens() != (*before, new):
            raise NotProved("list")
        told = messages.details(self._console.run(f"totp lsattr {new.number} --tsv", "details"))
        expected = messages.expected_details(new.number, name, program.form)
        if any(told.get(key) != value for key, value in expected.items()):
            raise NotProved("parameters")

    def _delete(self, tokens: list[Entry]) -> None:
        """From the last to the first: a number changes when one before it goes."""
        self._steps.add(len(tokens))
        for entry in sorted(tokens, key=lambda entry: entry.number, reverse=True):
            answer = self._console.run(f"totp delete {entry.number} -f", "delete")
            if not messages.is_deleted(answer, entry.name):
                raise BadAnswer("delete", "no success")

    def _check_clock(self, line: str) -> int:
        clock = messages.date(self._console.run(line, "date"))
        self._around.check_clock(clock)
        return clock

    def _receipt(self, clock: int | None) -> WriteReceipt:
        identity = self._identity(self._around.expected_serial)
        return identity.receipt(self._steps.end(), clock_offset_s=self._around.clock_offset_s(clock))

    def _identity(self, serial: str) -> DeviceIdentity:
        return DeviceIdentity(serial, self._around.profile.device.model, self._firmware)


def _name(title: str, slot: int) -> str:
    """The token's name. Raises OverLimits for a title that would end its own quotation, or look like a prompt."""
    if not _TITLE.fullmatch(title):
        raise OverLimits("title", "other characters", "letters, digits, space, full stop, underline, hyphen")
    return f"{title} kagiya-{slot}".strip()


def _is_in_slot(entry: Entry, slot: int) -> bool:
    return entry.name.split(" ")[-1] == f"kagiya-{slot}"

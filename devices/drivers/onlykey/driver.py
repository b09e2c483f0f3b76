"""Writes and wipes slots of an OnlyKey. No command of it tells a code: the key types one when it is pressed."""

from __future__ import annotations

from collections.abc import Callable

from devices.contract import WriteReceipt
from devices.driver import DeviceIdentity, SlotProgram, Surroundings
from devices.drivers.onlykey import messages
from devices.drivers.onlykey.messages import Field
from devices.errors import BadAnswer, NotProved, OverLimits
from devices.links import AnyLink, ReportLink
from devices.links.deadline import Deadline
from devices.steps import Steps


class OnlyKey:
    """A key behind an open link. Not for use by two threads."""

    def __init__(self, link: AnyLink, surroundings: Surroundings) -> None:
        if not isinstance(link, ReportLink):
            raise TypeError("an OnlyKey is reached over HID reports")
        self._link = link
        self._around = surroundings
        self._told = messages.Connected(
            surroundings.profile.device.model, surroundings.profile.device.firmware_from
        )
        self._steps = Steps(surroundings.on_progress)

    def identify(self) -> DeviceIdentity:
        """CONNECT: model and version, and the clock where the key has none since it has power.

        Raises DeviceLocked while its PIN is not entered or was never set, LinkFailed, AnswerUnusable.
        """
        self._send(messages.connect(round(self._around.clock())))
        deadline = self._deadline(self._around.profile.timing.identify_timeout_s)
        self._told = messages.connected(messages.sentence(self._receive(deadline), "connect"))
        return self._identity("")

    def program(self, program: SlotProgram) -> WriteReceipt:
        """Seed, then title: each is one flash write, so a cut leaves the old seed or the new one.

        A slot with somebody else's label is wiped first, for its other fields would be typed beside the code.
        Raises as TokenDriver.program.
        """
        self._around.profile.check(program.form)
        _check_seed(program.secret)
        slot, title = program.form.slot, program.title.encode("ascii")
        self._steps.begin(2 * self._labels_reports() + 2 + (2 if title else 0))
        if self._labels()[slot] not in (b"", title):
            self._steps.add(1 + messages.WIPED_ANSWERS)
            self._wipe(slot)
        self._set(slot, Field.TOTP_SEED, program.secret)
        if title:
            self._set(slot, Field.LABEL, title)
        if self._labels()[slot] != title:
            raise NotProved("label")
        return self._receipt()

    def erase(self, slot: int) -> WriteReceipt:
        """WIPE SLOT: label, seed and every other field of it."""
        self._around.profile.check_slot(slot)
        self._steps.begin(1 + messages.WIPED_ANSWERS + self._labels_reports())
        self._wipe(slot)
        if self._labels().get(slot):
            raise NotProved("label")
        return self._receipt()

    def close(self) -> None:
        """Give the link back; the key keeps nothing open."""
        self._link.close()

    def _labels(self) -> dict[int, bytes]:
        """The label of each slot, empty where it has none."""
        self._send(messages.get_labels())
        found: dict[int, bytes] = {}
        deadline = self._deadline(self._around.profile.timing.open_timeout_s)
        while len(found) < self._around.profile.limits.slots:
            report = self._receive(deadline)
            entry = messages.label(report)
            if entry is None:
                self._pass_over(messages.sentence(report, "get_labels"), "get_labels")
                continue
            if not 1 <= entry[0] <= self._around.profile.limits.slots:
                raise BadAnswer("get_labels", "a slot that there is not")
            found[entry[0]] = entry[1]
        return found

    def _set(self, slot: int, field: Field, value: bytes) -> None:
        self._send(messages.set_slot(slot, field, value))
        self._await_sentence(f"set_{field.name.lower()}", lambda text: text == messages.DONE[field])

    def _wipe(self, slot: int) -> None:
        self._send(messages.wipe_slot(slot))
        self._await_sentence("wipe_slot", lambda text: text == messages.WIPED_LAST)

    def _await_sentence(self, command: str, is_last: Callable[[str], bool]) -> None:
        """Read until the sentence that ends `command`."""
        deadline = self._deadline(self._around.profile.timing.flash_timeout_s)
        while not is_last(text := messages.sentence(self._receive(deadline), command)):
            self._pass_over(text, command)

    def _pass_over(self, text: str, command: str) -> None:
        """A sentence that may stand before the one awaited. Raises DeviceLocked, BadAnswer for all others."""
        refusal = messages.refusal(text, command)
        if refusal is not None:
            raise refusal
        if not messages.is_unasked(text) and not (command == "wipe_slot" and text.startswith(messages.WIPED)):
            raise BadAnswer(command, "answer to another command")

    def _send(self, report: bytes) -> None:
        self._link.send(report)
        self._steps.crossed()

    def _deadline(self, timeout_s: float) -> Deadline:
        return Deadline(self._link.path, timeout_s)

    def _receive(self, deadline: Deadline) -> bytes:
        report = self._link.receive(deadline.left_s())
        self._steps.crossed()
        return report

    def _labels_reports(self) -> int:
        return 1 + self._around.profile.limits.slots

    def _receipt(self) -> WriteReceipt:
        return self._identity(self._around.expected_serial).receipt(self._steps.end())

    def _identity(self, serial: str) -> DeviceIdentity:
        return DeviceIdentity(serial, self._told.model, self._told.firmware)


def _check_seed(secret: bytes) -> None:
    """The key would cut the seed at four zero bytes and say nothing."""
    if messages.ZEROS in secret:
        raise OverLimits("seed", "four zero bytes in a row", "fewer")

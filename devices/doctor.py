"""Finds why a device cannot be used, and says the one thing that mends it.

Walks the way from the plug to the program: on the bus? a node? a rule? the group? another program? Findings carry
facts; `devices.doctor_words` has the sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from devices import udev
from devices.links import Transport
from devices.links.rule import GROUP, RULES_FILE
from devices.links.usb_bulk import attached_ids
from devices.machine import STATION, Holder, Machine, Node, UsbDevice, this_machine
from devices.profiles import FirmwareProfile, Match

MODEM_MANAGER: Final = "ModemManager"
CARD_SERVICE: Final = "pcscd"
_DRIVERS: Final = {Transport.HID: "usbhid", Transport.SERIAL: "cdc_acm"}
"""Who makes the nodes of such interfaces. The bus's own node is there with the device."""
_ROOT: Final = 0
"""A group that nobody is to be made a member of."""
UsbIds = Callable[[], tuple[tuple[int, int], ...]]
"""Vendor and product ids of everything on the USB, as libusb sees it."""


class Fault(StrEnum):
    """What was found; the sentences stand in `doctor_words`."""

    USABLE = "usable"
    NOTHING_ATTACHED = "nothing_attached"
    NO_NODE = "no_node"
    NO_BUS_NODE = "no_bus_node"
    RULE_MISSING = "rule_missing"
    RULE_OLD = "rule_old"
    RULE_NOT_APPLIED = "rule_not_applied"
    GROUP_MISSING = "group_missing"
    NOT_IN_GROUP = "not_in_group"
    GROUP_NOT_YET = "group_not_yet"
    HELD = "held"
    HELD_UNSEEN = "held_unseen"
    MODEM_MANAGER = "modem_manager"
    CARD_SERVICE = "card_service"
    CRADLE_MISSING = "cradle_missing"
    CRADLE_CLOSED = "cradle_closed"
    CRADLE_OF_OWNER = "cradle_of_owner"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `facts` fill the sentence: device, path, mode, group, user, program …"""

    fault: Fault
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def is_fine(self) -> bool:
        """Nothing to mend."""
        return self.fault is Fault.USABLE


@dataclass(frozen=True)
class Doctor:
    """Looks at one machine for the devices of `profiles` and the ports named as `cradles` (path → profile)."""

    machine: Machine
    profiles: tuple[FirmwareProfile, ...]
    cradles: Mapping[str, str]
    usb_ids: UsbIds

    def diagnose(self) -> tuple[Finding, ...]:
        """Everything found, device by device; a single NOTHING_ATTACHED if there is none."""
        findings = [finding for known in self._known() for finding in self._look(*known)]
        findings += [self._look_at_cradle(path) for path in self.cradles]
        if not findings:
            return (self._nothing(),)
        return tuple(findings)

    def _known(self) -> Iterable[tuple[UsbDevice, str, Match]]:
        """What is on the USB, and the ways to it; kinds that the bus cannot tell apart share one title."""
        for device in self.machine.usb_devices():
            titles: dict[Match, list[str]] = {}
            for profile in self.profiles:
                for match in profile.match:
                    if _fits(device, match):
                        titles.setdefault(match, []).append(profile.device.title)
            yield from ((device, " / ".join(names), match) for match, names in titles.items())

    def _nothing(self) -> Finding:
        seen = {(device.vendor_id, device.product_id) for device in self.machine.usb_devices()} | set(
            self.usb_ids()
        )
        wanted = {(match.vendor_id, match.product_id) for profile in self.profiles for match in profile.match}
        return Finding(Fault.NOTHING_ATTACHED, {"seen": _ids(seen), "wanted": _ids(wanted)})

    def _look(self, device: UsbDevice, title: str, match: Match) -> list[Finding]:
        facts = {"device": title, "bus": device.folder.name}
        findings = [self._look_at_node(node, facts) for node in self.machine.nodes(device, match)]
        if any(not finding.is_fine for finding in findings):
            return findings
        if self.machine.is_taken(device, match):
            # from the kernel's driver, whose node is gone with it; or a reader, by whom nobody else may see
            return [self._who_has_taken(device, facts)]
        return findings or [_without_node(match.bus, facts)]

    def _look_at_node(self, node: Node, facts: dict[str, str]) -> Finding:
        facts = facts | _node_facts(node)
        if not self.machine.may_use(node):
            return self._why_closed(node, facts)
        group = self.machine.group(GROUP)
        is_applied = group is not None and node.group == group[0]
        return self._who_is_in_the_way(node, facts, is_ruled=self._has_rules() and is_applied)

    def _who_has_taken(self, device: UsbDevice, facts: dict[str, str]) -> Finding:
        """Another user's programs do not show what they have open."""
        node = self.machine.bus_node(device)
        facts = facts | {"path": str(node.path) if node else device.folder.name}
        holders = self.machine.holders(node) if node else ()
        return _held(facts, holders) if holders else Finding(Fault.HELD_UNSEEN, facts)

    def _why_closed(self, node: Node, facts: dict[str, str]) -> Finding:
        facts = facts | {"rule": RULES_FILE, "group": GROUP, "user": self.machine.user.name}
        if not self.machine.text(RULES_FILE):
            return Finding(Fault.RULE_MISSING, facts)
        if not self._has_rules():
            return Finding(Fault.RULE_OLD, facts)
        group = self.machine.group(GROUP)
        if group is None:
            return Finding(Fault.GROUP_MISSING, facts)
        number, members = group
        if node.group != number or node.mode & 0o060 != 0o060:
            return Finding(Fault.RULE_NOT_APPLIED, facts)
        listed = self.machine.user.name in members
        return Finding(Fault.GROUP_NOT_YET if listed else Fault.NOT_IN_GROUP, facts)

    def _who_is_in_the_way(self, node: Node, facts: dict[str, str], *, is_ruled: bool) -> Finding:
        """`is_ruled`: the node was made under our rules."""
        holders = self.machine.holders(node)
        # it runs as root: what it has open is hidden from the teller's account
        searches = node.path.name.startswith("tty") and not is_ruled and self.machine.runs(MODEM_MANAGER)
        if searches or any(holder.program == MODEM_MANAGER for holder in holders):
            return Finding(Fault.MODEM_MANAGER, facts | {"rule": RULES_FILE})
        # it too belongs to root; on a bus node there is a card reader, which it takes for itself
        takes = node.path.is_relative_to("/dev/bus/usb") and self.machine.runs(CARD_SERVICE)
        if takes or any(holder.program == CARD_SERVICE for holder in holders):
            return Finding(Fault.CARD_SERVICE, facts)
        if node.path.name.startswith("hidraw"):
            holders = tuple(holder for holder in holders if holder.program != STATION)
        return _held(facts, holders) if holders else Finding(Fault.USABLE, facts)

    def _has_rules(self) -> bool:
        return self.machine.text(RULES_FILE) == udev.render(self.profiles).strip()

    def _look_at_cradle(self, path: str) -> Finding:
        real = Path(path).resolve() if self.machine.root == Path("/") else Path(path)
        node = self.machine.node(real)
        facts = {"device": self.cradles[path], "path": path}
        if node is None:
            return Finding(Fault.CRADLE_MISSING, facts)
        if self.machine.may_use(node):
            return self._who_is_in_the_way(node, facts, is_ruled=self._has_rules())
        facts |= _node_facts(node) | {"user": self.machine.user.name, "station_group": GROUP}
        if node.group == _ROOT or node.mode & 0o060 != 0o060:
            return Finding(Fault.CRADLE_OF_OWNER, facts)
        return Finding(Fault.CRADLE_CLOSED, facts | {"group": self.machine.group_name(node.group)})


def diagnose(profiles: tuple[FirmwareProfile, ...], cradles: Mapping[str, str]) -> tuple[Finding, ...]:
    """This machine's findings."""
    return Doctor(this_machine(), profiles, cradles, attached_ids).diagnose()


def _fits(device: UsbDevice, match: Match) -> bool:
    """Whether the device could be meant: ids that unrelated gadgets share count with their texts only."""
    ids = (match.vendor_id, match.product_id) == (device.vendor_id, device.product_id)
    named = match.product in ("", device.product) and device.serial.startswith(match.serial_prefix)
    return ids and named


def _without_node(bus: Transport, facts: dict[str, str]) -> Finding:
    if bus not in _DRIVERS:
        return Finding(Fault.NO_BUS_NODE, facts)
    return Finding(Fault.NO_NODE, facts | {"transport": bus.value, "driver": _DRIVERS[bus]})


def _held(facts: dict[str, str], holders: Iterable[Holder]) -> Finding:
    programs = ", ".join(f"{holder.program} ({holder.pid})" for holder in holders)
    return Finding(Fault.HELD, facts | {"program": programs})


def _node_facts(node: Node) -> dict[str, str]:
    return {"path": str(node.path), "mode": f"{node.mode:o}"}


def _ids(pairs: Iterable[tuple[int, int]]) -> str:
    return ", ".join(f"{vendor:04x}:{product:04x}" for vendor, product in sorted(pairs)) or "-"

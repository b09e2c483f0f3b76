"""The doctor on machines made of folders: for each hindrance the one mend."""

from __future__ import annotations

import string
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from devices import doctor
from devices.doctor import Fault
from devices.doctor_words import WORDS, sentence
from devices.machine import STATION, Machine, User, this_machine
from tests.devices.machine_folder import PROFILES, Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_usable_fob_is_called_usable_and_its_other_interface_is_left_alone(folder: Folder) -> None:
    folder.hid_fob()
    (finding,) = folder.findings()
    assert finding.is_fine
    assert finding.facts["path"] == "/dev/hidraw3"


def test_a_station_that_runs_is_in_nobodys_way_at_a_hid_node(folder: Folder) -> None:
    folder.hid_fob()
    folder.process(4711, STATION, "/dev/hidraw3")
    (finding,) = folder.findings()
    assert finding.is_fine


def test_the_machine_knows_a_process_by_the_name_that_it_gave_itself() -> None:
    act = f"from devices.machine import *; name_process({STATION!r}); print(Path('/proc/self/comm').read_text())"
    told = subprocess.run([sys.executable, "-c", act], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == STATION


def test_a_flipper_is_told_from_any_other_board_with_its_ids(folder: Folder) -> None:
    board = folder.usb("1-3", 0x0483, 0x5740, "STM32 Virtual ComPort", "206F317F5650")
    (board / "1-3:1.0/tty/ttyACM1").mkdir(parents=True)
    folder.node("/dev/ttyACM1", 0o600)
    assert [finding.fault for finding in folder.findings()] == [Fault.NOTHING_ATTACHED]
    flipper = folder.usb("1-4", 0x0483, 0x5740, "Flipper Atiw", "flip_Atiw")
    (flipper / "1-4:1.0/tty/ttyACM2").mkdir(parents=True)
    folder.node("/dev/ttyACM2", 0o660)
    (finding,) = folder.findings()
    assert finding.facts["path"] == "/dev/ttyACM2"
    assert finding.facts["device"] == "Flipper Zero (Authenticator)"


def test_kinds_that_the_bus_cannot_tell_apart_are_found_once(folder: Folder) -> None:
    key = folder.usb("1-6", 0x1D50, 0x60FC, "ONLYKEY", "1000000000")
    for interface in range(3):
        (key / f"1-6:1.{interface}/0003:1D50:60FC.000{interface}/hidraw/hidraw{interface}").mkdir(parents=True)
        folder.node(f"/dev/hidraw{interface}", 0o660)
    (finding,) = folder.findings()
    assert finding.is_fine
    assert finding.facts["path"] == "/dev/hidraw2"
    assert set(finding.facts["device"].split(" / ")) == {"OnlyKey", "OnlyKey DUO"}


def test_a_card_reader_without_the_card_service_is_usable(folder: Folder) -> None:
    folder.token()
    (finding,) = folder.findings()
    assert finding.is_fine
    assert finding.facts["path"] == "/dev/bus/usb/001/004"


def test_nothing_attached_tells_what_is_on_the_usb_instead(folder: Folder) -> None:
    folder.usb("1-5", 0x046D, 0xC31C)
    folder.usb_ids = ((0x8087, 0x0024),)
    (finding,) = folder.findings()
    assert finding.fault is Fault.NOTHING_ATTACHED
    assert finding.facts["seen"] == "046d:c31c, 8087:0024"
    assert {"1209:0001", "1209:0002"} <= set(finding.facts["wanted"].split(", "))


@pytest.mark.parametrize(
    ("ids", "fault", "mend"),
    [
        ((0x1209, 0x0001), Fault.NO_NODE, "`sudo modprobe usbhid`"),
        ((0x1209, 0x0002), Fault.NO_NODE, "`sudo modprobe cdc_acm`"),
        # a card reader needs no driver of the kernel
        ((0x349E, 0x0300), Fault.NO_BUS_NODE, "/dev/bus/usb"),
    ],
)
def test_a_device_without_a_node_is_told_what_makes_one(
    folder: Folder, ids: tuple[int, int], fault: Fault, mend: str
) -> None:
    folder.usb("1-1", *ids)
    (finding,) = folder.findings()
    assert finding.fault is fault
    assert all(mend in sentence(finding, language) for language in WORDS)


def closed(folder: Folder) -> None:
    folder.hid_fob(mode=0o600)
    folder.node_group = 0


def no_rule(folder: Folder) -> None:
    closed(folder)


def old_rule(folder: Folder) -> None:
    closed(folder)
    folder.rules("# another version\n")


def no_group(folder: Folder) -> None:
    closed(folder)
    folder.rules()


def not_applied(folder: Folder) -> None:
    closed(folder)
    folder.rules()
    folder.group()


def not_in_group(folder: Folder) -> None:
    folder.hid_fob()
    folder.rules()
    folder.group()
    folder.user = User("teller", 1000, frozenset({1000}))


def not_logged_in_again(folder: Folder) -> None:
    not_in_group(folder)
    folder.group("other,teller")


def held(folder: Folder) -> None:
    folder.hid_fob()
    folder.process(4711, "fobtool", "/dev/hidraw3")
    folder.process(4712, "editor", "/dev/null")


def locked_by_root(folder: Folder) -> None:
    """What it has open does not show."""
    folder.cradle()
    folder.process(4711, "tio")
    folder.process(4712, "editor")
    folder.locked(4711, "/dev/ttyACM0")


def modem_manager(folder: Folder) -> None:
    folder.cradle()
    folder.process(321, "ModemManager", "/dev/ttyACM0")


def modem_manager_of_root(folder: Folder) -> None:
    folder.cradle()
    folder.process(321, "ModemManager")


def modem_manager_before_the_rule(folder: Folder) -> None:
    """Whoever is in Debian's group for serial ports may use the port, which it had when the rule came."""
    modem_manager_of_root(folder)
    folder.rules()
    folder.group()
    folder.node_group = 20
    folder.user = User("teller", 1000, frozenset({1000, 20}))


def card_service(folder: Folder) -> None:
    folder.token()
    folder.process(321, "pcscd", "/dev/bus/usb/001/004")


def card_service_of_root(folder: Folder) -> None:
    folder.token()
    folder.process(321, "pcscd")


def taken_from_the_kernel(folder: Folder) -> str:
    """As libusb does for a maker's program: the kernel's driver is sent away, and its node with it."""
    fob = folder.usb("1-1", 0x1209, 0x0001)
    folder.interface(fob, 0, "03", "usbfs")
    return folder.on_bus(fob, 7)


def taken(folder: Folder) -> None:
    folder.process(4711, "nitrokey-app", taken_from_the_kernel(folder))


def taken_by_root(folder: Folder) -> None:
    taken_from_the_kernel(folder)
    folder.process(4711, "nitrokey-app")


def reader_taken_by_root(folder: Folder) -> None:
    folder.token()
    folder.interface(folder.root / "sys/devices/pci0000:00/1-3", 1, "0b", "usbfs")
    folder.process(4711, "ykman")


def cradle_missing(folder: Folder) -> None:
    folder.cradles = {"/dev/ttyS9": "kagiya-fob"}


def cradle_closed(folder: Folder) -> None:
    folder.node("/dev/ttyS1", 0o660)
    folder.node_group = 20
    folder.write("/etc/group", "root:x:0:\ndialout:x:20:somebody\n")
    folder.cradles = {"/dev/ttyS1": "kagiya-fob"}


def cradle_of_roots_group(folder: Folder) -> None:
    cradle_closed(folder)
    folder.node_group = 0


def cradle_of_its_owner(folder: Folder) -> None:
    cradle_closed(folder)
    folder.node("/dev/ttyS1", 0o600)


@pytest.mark.parametrize(
    ("make", "fault", "words"),
    [
        (no_rule, Fault.RULE_MISSING, "kagiya udev | sudo tee /etc/udev/rules.d/70-kagiya.rules"),
        (old_rule, Fault.RULE_OLD, "out of date"),
        (no_group, Fault.GROUP_MISSING, "sudo groupadd --system kagiya"),
        (not_applied, Fault.RULE_NOT_APPLIED, "put the device in again"),
        (not_in_group, Fault.NOT_IN_GROUP, "sudo usermod -aG kagiya teller"),
        (not_logged_in_again, Fault.GROUP_NOT_YET, "Log in again"),
        (held, Fault.HELD, "fobtool (4711)"),
        (locked_by_root, Fault.HELD, "program: tio (4711). Close it"),
        (modem_manager, Fault.MODEM_MANAGER, "ModemManager searches this port"),
        (modem_manager_of_root, Fault.MODEM_MANAGER, "ModemManager searches this port"),
        (modem_manager_before_the_rule, Fault.MODEM_MANAGER, "then put the device in again"),
        (card_service, Fault.CARD_SERVICE, "disable --now pcscd.socket pcscd.service"),
        (card_service_of_root, Fault.CARD_SERVICE, "pcscd keeps this card reader"),
        (cradle_missing, Fault.CRADLE_MISSING, "/dev/ttyS9"),
        (taken, Fault.HELD, "nitrokey-app (4711)"),
        (taken_by_root, Fault.HELD_UNSEEN, "`sudo kagiya doctor`"),
        (reader_taken_by_root, Fault.HELD_UNSEEN, "/dev/bus/usb/001/004"),
        (cradle_closed, Fault.CRADLE_CLOSED, "`sudo usermod -aG dialout teller`"),
        (cradle_of_roots_group, Fault.CRADLE_OF_OWNER, "`sudo chgrp kagiya /dev/ttyS1`"),
        (cradle_of_its_owner, Fault.CRADLE_OF_OWNER, "`sudo chmod 660 /dev/ttyS1`"),
    ],
)
def test_each_hindrance_is_named_with_its_mend(
    folder: Folder, make: Callable[[Folder], None], fault: Fault, words: str
) -> None:
    make(folder)
    (finding,) = folder.findings()
    assert finding.fault is fault
    assert words in sentence(finding, "en")
    assert sentence(finding, "ja") != sentence(finding, "en")


def test_root_and_owner_may_use_what_is_closed_to_others(folder: Folder) -> None:
    closed(folder)
    folder.user = User("root", 0)
    assert folder.findings()[0].is_fine
    mine = Machine(folder.root, User("me", folder.root.stat().st_uid))
    node = mine.node(Path("/dev/hidraw3"))
    assert node is not None
    assert mine.may_use(node)


def test_modem_manager_is_no_hindrance_where_the_rule_keeps_it_away(folder: Folder) -> None:
    modem_manager_of_root(folder)
    folder.rules()
    folder.group()
    assert folder.findings()[0].is_fine


def test_every_finding_has_its_sentence_in_both_languages() -> None:
    for fault in Fault:
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(WORDS[language][fault])} for language in WORDS
        ]
        assert fields[0] == fields[1], fault


def test_this_machine_is_read_without_an_error() -> None:
    assert doctor.diagnose(PROFILES, {})
    assert this_machine().user.name

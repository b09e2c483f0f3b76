"""Every hindrance made for real, and the doctor's finding and mend for the person who meets it."""

from __future__ import annotations

import grp
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import usb.core
import usb.util

from devices.doctor import Fault, Finding, diagnose
from devices.doctor_words import sentence
from devices.errors import DeviceBusy
from devices.links.usb_bulk import UsbBus
from devices.profile_files import load_profiles
from tests.guest.inside import rights
from tests.guest.inside.counter import until
from tests.guest.inside.emulator import Emulator
from tests.guest.inside.nodes import nodes_of, plugged_devices
from tests.guest.inside.people import done_as, kagiya_as

FOB, CRADLE, CARD = "kagiya-fob:KF-000901", "kagiya-cradle:KC-000902", "ykoath:9000903"
_YUBICO, _OURS = 0x1050, 0x1209
_READER: Final = 1
"""The card's interface: the key shows no keyboard."""
_BUS_NODES: Final = "/dev/bus/usb"
_BLOCKED: Final = Path("/etc/modprobe.d/taken-away.conf")
Plug = Callable[[str], Path]
TakeAway = Callable[[str], None]


@pytest.fixture(autouse=True)
def _nothing_installed() -> Iterator[None]:
    until(lambda: not plugged_devices(), "nothing is left from before")
    rights.remove_all()
    yield
    rights.remove_all()


@pytest.fixture
def plug(emulator: Emulator) -> Iterator[Plug]:
    """Puts a device in and gives its node, once udev has done with it."""
    plugged: list[str] = []

    def put_in(name: str) -> Path:
        profile = "yubikey-5-oath" if name == CARD else "kagiya-fob"
        plugged.append(name)
        emulator.do("plug", name)
        ((_, node),) = until(lambda: nodes_of(profile), f"{name} has a node")
        rights.settled(node.path)
        return node.path

    yield put_in
    for name in plugged:
        emulator.do("unplug", name)


@pytest.fixture
def take_away() -> Iterator[TakeAway]:
    """Takes a module of the kernel away; udev, which would bring it with the device, may not."""
    taken: list[str] = []

    def unload(module: str) -> None:
        _BLOCKED.write_text(f"blacklist {module}\n", encoding="utf-8")
        taken.append(module)
        subprocess.run(["modprobe", "-r", module], check=True)

    yield unload
    _BLOCKED.unlink(missing_ok=True)
    for module in taken:
        subprocess.run(["modprobe", module], check=True)


def findings(groups: tuple[int, ...] = (), cradles: dict[str, str] | None = None) -> list[Finding]:
    """What the doctor tells the teller, whose session has these groups."""
    return list(done_as("teller", groups, lambda: diagnose(load_profiles(), cradles or {})))


def the_finding(groups: tuple[int, ...] = (), cradles: dict[str, str] | None = None) -> Finding:
    """The only one."""
    (finding,) = findings(groups, cradles)
    return finding


def test_nothing_is_plugged_in() -> None:
    assert the_finding().fault is Fault.NOTHING_ATTACHED


def no_rule() -> None:
    """Nobody installed anything but the group."""
    rights.add_group("teller")


def old_rule() -> None:
    """The rule of an older version."""
    rights.add_group("teller")
    rights.install_rules("# older\n")


def no_group() -> None:
    """The rule is there, the group was never made."""
    rights.install_rules()


def group_after_rule() -> None:
    """The group came when udevd had read the rule."""
    rights.install_rules()
    rights.add_group("teller")


@pytest.mark.parametrize(
    ("hinder", "fault"),
    [
        (no_rule, Fault.RULE_MISSING),
        (old_rule, Fault.RULE_OLD),
        (no_group, Fault.GROUP_MISSING),
        (group_after_rule, Fault.RULE_NOT_APPLIED),
    ],
)
def test_what_is_missing_is_named_and_the_mend_mends(
    emulator: Emulator, plug: Plug, hinder: Callable[[], None], fault: Fault
) -> None:
    hinder()
    node = plug(FOB)
    finding = the_finding(_groups_of_teller())
    assert (finding.fault, finding.facts["path"]) == (fault, str(node))
    emulator.do("unplug", FOB)
    rights.run_mend(sentence(finding, "en"))
    plug(FOB)
    assert the_finding(_groups_of_teller()).fault is Fault.USABLE


def test_the_device_was_plugged_in_before_the_rule_came(plug: Plug) -> None:
    group = rights.add_group("teller")
    plug(FOB)
    rights.install_rules()
    assert the_finding((group,)).fault is Fault.RULE_NOT_APPLIED


def test_the_teller_is_not_in_the_group_then_not_logged_in_anew_then_all_is_well(plug: Plug) -> None:
    group = rights.add_group()
    rights.install_rules()
    node = plug(FOB)
    finding = the_finding()
    assert finding.fault is Fault.NOT_IN_GROUP
    rights.run_mend(sentence(finding, "en"))
    assert the_finding().fault is Fault.GROUP_NOT_YET
    finding = the_finding((group,))
    assert (finding.fault, finding.facts["path"]) == (Fault.USABLE, str(node))


@pytest.mark.parametrize(("name", "driver"), [(FOB, "usbhid"), (CRADLE, "cdc_acm")])
def test_the_kernels_driver_is_missing(
    emulator: Emulator, plug: Plug, take_away: TakeAway, name: str, driver: str
) -> None:
    take_away(driver)
    group = rights.add_group("teller")
    rights.install_rules()
    emulator.do("plug", name)
    until(plugged_devices, "it is on the bus")
    rights.settled()
    told = findings((group,))
    emulator.do("unplug", name)
    (finding,) = told
    assert finding.fault is Fault.NO_NODE
    rights.run_mend(sentence(finding, "en"))
    plug(name)
    assert the_finding((group,)).fault is Fault.USABLE


def test_the_buss_own_nodes_are_not_there(plug: Plug) -> None:
    """As in a container that was not given them."""
    group = rights.add_group("teller")
    rights.install_rules()
    plug(CARD)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", _BUS_NODES], check=True)
    try:
        finding = the_finding((group,))
    finally:
        subprocess.run(["umount", _BUS_NODES], check=True)
    assert finding.fault is Fault.NO_BUS_NODE
    assert _BUS_NODES in sentence(finding, "en")
    assert the_finding((group,)).fault is Fault.USABLE


def test_the_command_tells_the_teller_what_mends_it(emulator: Emulator, plug: Plug) -> None:
    group = rights.add_group("teller")
    plug(FOB)
    ended = kagiya_as("teller", [group], emulator.folder, "doctor")
    assert ended.returncode
    emulator.do("unplug", FOB)
    rights.run_mend(ended.stdout)
    plug(FOB)
    assert the_finding((group,)).fault is Fault.USABLE


def test_another_program_is_at_the_port(plug: Plug) -> None:
    group = rights.add_group("teller")
    rights.install_rules()
    node = plug(CRADLE)
    # what root's programs have open does not show, but for a port that they have for themselves alone
    for user, options in (("teller", "raw"), ("root", "raw,flock-ex")):
        words = ["socat", "-u", f"{node},{options}", "OPEN:/dev/null"]
        with subprocess.Popen(words, user=user, group=user, extra_groups=[group]) as holder:
            try:
                told = until(lambda: [it for it in findings((group,)) if not it.is_fine], "it is there")
            finally:
                holder.kill()
        assert [finding.fault for finding in told] == [Fault.HELD]
        assert f"socat ({holder.pid})" in sentence(told[0], "en")


def test_a_program_has_taken_devices_for_itself(plug: Plug) -> None:
    """As the makers' programs do by libusb: the kernel's driver has to go, and its node with it."""
    group = rights.add_group("teller")
    rights.install_rules()
    for name in (FOB, CARD):
        plug(name)
    with _taken(_OURS, 0) as program, _taken(_YUBICO, _READER):
        named = done_as("root", [], lambda: diagnose(load_profiles(), {}))
        unseen = findings((group,))
    assert [finding.fault for finding in named] == [Fault.HELD, Fault.HELD]
    assert all(program in sentence(finding, "en") for finding in named)
    assert [finding.fault for finding in unseen] == [Fault.HELD_UNSEEN, Fault.HELD_UNSEEN]
    assert all("sudo kagiya doctor" in sentence(finding, "en") for finding in unseen)


def test_the_smart_card_service_has_the_reader(plug: Plug) -> None:
    group = rights.add_group("teller")
    rights.install_rules()
    plug(CARD)
    assert the_finding((group,)).fault is Fault.USABLE
    with subprocess.Popen(["/usr/sbin/pcscd", "--foreground", "--error"]) as service:
        try:
            until(lambda: done_as("teller", [group], _reader_is_busy), "it has taken the reader")
            finding = the_finding((group,))
        finally:
            service.terminate()
    assert finding.fault is Fault.CARD_SERVICE
    assert "disable --now pcscd.socket" in sentence(finding, "en")
    assert not done_as("teller", [group], _reader_is_busy)
    assert the_finding((group,)).fault is Fault.USABLE


def test_a_named_cradle_is_not_there_or_closed(plug: Plug) -> None:
    assert the_finding(cradles={"/dev/ttyUSB9": "kagiya-fob"}).fault is Fault.CRADLE_MISSING
    rights.install_rules("# older\n")
    node = plug(CRADLE)
    cradles = {str(node): "kagiya-fob"}
    told = findings(cradles=cradles)
    (closed,) = [finding for finding in told if finding.fault is Fault.CRADLE_CLOSED]
    rights.run_mend(sentence(closed, "en"))
    groups = _groups_of_teller()
    try:
        assert {finding.fault for finding in findings(groups, cradles)} == {Fault.USABLE}
    finally:
        for name in (grp.getgrgid(number).gr_name for number in groups):
            subprocess.run(["gpasswd", "--delete", "teller", name], check=True)


@contextmanager
def _taken(vendor_id: int, interface: int) -> Iterator[str]:
    """This process has it to itself, so that no node of the kernel's is left; how the doctor calls us."""
    device = usb.core.find(idVendor=vendor_id)
    if device.is_kernel_driver_active(interface):
        device.detach_kernel_driver(interface)
    usb.util.claim_interface(device, interface)
    try:
        yield f"{Path('/proc/self/comm').read_text().strip()} ({os.getpid()})"
    finally:
        usb.util.dispose_resources(device)


def _groups_of_teller() -> tuple[int, ...]:
    """What a new login of the teller's brings."""
    return tuple(entry.gr_gid for entry in grp.getgrall() if "teller" in entry.gr_mem)


def _reader_is_busy() -> bool:
    """Whether a station does not get the reader because somebody else has it."""
    bus = UsbBus()
    (reader,) = (device for device in bus.scan() if device.vendor_id == _YUBICO)
    try:
        bus.open(reader, 0).close()
    except DeviceBusy:
        return True
    return False

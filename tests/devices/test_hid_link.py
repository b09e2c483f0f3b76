"""hidapi's ways of failing become the four link errors; nothing else gets out, and no byte into the log."""

from __future__ import annotations

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from pytest_mock import MockerFixture

from devices.errors import DeviceBusy, LinkFailed, LinkLost, LinkTimeout, PermissionDenied
from devices.links import AttachedDevice, FeatureLink, ReportLink, Transport
from devices.links import hid as hid_links
from devices.links.hid import HidBus, HidLink

REPORT = bytes(range(100, 164))


@pytest.fixture
def node(tmp_path: Path) -> str:
    """Something that can be opened and locked in place of /dev/hidraw0."""
    file = tmp_path / "hidraw0"
    file.touch()
    return str(file)


@pytest.fixture
def hidapi(mocker: MockerFixture) -> Mock:
    """The backend module; its one device works unless a test says otherwise."""
    backend = Mock()
    device = backend.device.return_value
    device.write.return_value = 65
    device.read.return_value = list(REPORT)
    device.send_feature_report.return_value = 9
    device.get_feature_report.return_value = [2, *range(8)]
    mocker.patch.object(hid_links, "backend", return_value=backend)
    return backend


@pytest.fixture
def device(hidapi: Mock) -> Mock:
    opened: Mock = hidapi.device.return_value
    return opened


def entry(**changes: Any) -> dict[str, Any]:
    facts = {
        "path": b"/dev/hidraw0",
        "vendor_id": 0x1209,
        "product_id": 1,
        "interface_number": 0,
        "usage_page": 0xFF4B,
        "usage": 1,
        "product_string": "Fob",
        "serial_number": "KF-000001",
    }
    return facts | changes


def test_the_wheel_has_a_backend() -> None:
    backend = hid_links.backend()
    assert backend is not None
    assert backend.__name__ == "hidraw"
    assert [attached for attached in HidBus().scan() if attached.transport is not Transport.HID] == []


def test_what_hidapi_lists_is_what_is_attached(hidapi: Mock) -> None:
    nameless = entry(interface_number=-1, product_string=None, serial_number=None)
    hidapi.enumerate.return_value = [entry(), nameless]
    first, second = HidBus().scan()
    assert first == AttachedDevice(
        "/dev/hidraw0", Transport.HID, 0x1209, 1, 0, 0xFF4B, 1, product="Fob", bus_serial="KF-000001"
    )
    assert (second.interface, second.product, second.bus_serial) == (None, "", "")


def test_without_hidapi_nothing_is_seen_and_nothing_opens(mocker: MockerFixture, node: str) -> None:
    mocker.patch("devices.links.hid.importlib.import_module", side_effect=ImportError)
    assert HidBus().scan() == ()
    with pytest.raises(LinkLost):
        HidLink(node)


def test_reports_cross_whole_with_the_number_0_before_them(device: Mock, node: str) -> None:
    link = HidBus().open(AttachedDevice(node, Transport.HID), 0)
    assert isinstance(link, ReportLink)
    assert isinstance(link, FeatureLink)
    link.send(REPORT)
    device.write.assert_called_once_with(b"\0" + REPORT)
    assert link.receive(0.25) == REPORT
    device.read.assert_called_once_with(64, 250)
    link.close()
    link.close()
    device.close.assert_called_once_with()


def test_a_wait_is_never_endless(device: Mock, node: str) -> None:
    link = HidLink(node)
    link.receive(0.00001)
    device.read.assert_called_once_with(64, 1)


def test_feature_reports_lose_their_number(device: Mock, node: str) -> None:
    link = HidLink(node)
    link.send_feature(2, bytes(8))
    device.send_feature_report.assert_called_once_with(b"\x02" + bytes(8))
    assert link.get_feature(2, 8) == bytes(range(8))
    device.get_feature_report.assert_called_once_with(2, 9)


@pytest.mark.usefixtures("hidapi")
def test_two_programs_of_ours_cannot_have_one_node(node: str) -> None:
    first = HidLink(node)
    with pytest.raises(DeviceBusy) as caught:
        HidLink(node)
    assert caught.value.path == node
    first.close()
    HidLink(node).close()


def test_a_node_that_was_opened_once_stays_open_and_free_until_its_device_goes(hidapi: Mock, node: str) -> None:
    hidapi.enumerate.return_value = [entry(path=node.encode())]
    bus = HidBus()
    (attached,) = bus.scan()
    bus.open(attached, 0).close()
    bus.open(attached, 0).close()
    assert bus.scan() == (attached,)
    assert (openings(node), hidapi.device.call_count) == (1, 1)
    HidLink(node).close()
    hidapi.device.return_value.close.assert_called_once_with()
    link = bus.open(attached, 0)
    hidapi.enumerate.return_value = []
    assert bus.scan() == ()
    # a thread may just be reading there
    assert openings(node) == 1
    link.close()
    assert openings(node) == 0


def test_what_an_earlier_conversation_left_in_a_node_is_dropped(device: Mock, node: str) -> None:
    bus, attached = HidBus(), AttachedDevice(node, Transport.HID)
    bus.open(attached, 0).close()
    device.read.side_effect = [list(REPORT), list(REPORT), [], [7] * 64]
    assert bus.open(attached, 0).receive(0.1) == bytes([7] * 64)
    assert [call.args[0] for call in device.set_nonblocking.call_args_list] == [True, False]


@pytest.mark.usefixtures("hidapi")
def test_one_link_at_a_time_has_a_node_that_stays_open(node: str) -> None:
    bus, attached = HidBus(), AttachedDevice(node, Transport.HID)
    link = bus.open(attached, 0)
    for other in (bus, HidBus()):
        with pytest.raises(DeviceBusy):
            other.open(attached, 0)
    assert openings(node) == 1
    link.close()
    bus.open(attached, 0).close()
    HidBus().open(attached, 0).close()


def test_an_opening_that_failed_is_not_used_again(hidapi: Mock, device: Mock, node: str) -> None:
    bus, attached = HidBus(), AttachedDevice(node, Transport.HID)
    link = bus.open(attached, 0)
    device.write.side_effect = OSError("read error")
    with pytest.raises(LinkLost):
        link.send(REPORT)
    link.close()
    bus.open(attached, 0).close()
    assert (openings(node), hidapi.device.call_count) == (1, 2)
    # what was left there cannot be read
    device.read.side_effect = OSError("read error")
    bus.open(attached, 0).close()
    assert (openings(node), hidapi.device.call_count) == (1, 3)


def test_a_node_whose_device_was_silent_is_closed_before_it_is_opened_anew(
    hidapi: Mock, device: Mock, node: str
) -> None:
    """Linux may take a fob that was out for a moment for the same again: only a first opening makes it heard."""
    bus, attached = HidBus(), AttachedDevice(node, Transport.HID)
    link = bus.open(attached, 0)
    device.read.return_value = []
    with pytest.raises(LinkTimeout):
        link.receive(0.1)
    link.close()
    open_then: list[int] = []
    device.open_path.side_effect = lambda _path: open_then.append(openings(node))
    device.read.return_value = list(REPORT)
    assert bus.open(attached, 0).receive(0.1) == REPORT
    assert open_then == [1], "its own, and no other"
    assert (openings(node), hidapi.device.call_count) == (1, 2)


@pytest.mark.usefixtures("hidapi")
def test_nodes_are_opened_one_at_a_time(tmp_path: Path, mocker: MockerFixture) -> None:
    nodes = [tmp_path / f"hidraw{number}" for number in range(4)]
    busy, most = threading.Semaphore(1), []
    real_open = os.open

    def slow_open(path: str, flags: int) -> int:
        alone = busy.acquire(blocking=False)
        most.append(alone)
        time.sleep(0.01)
        if alone:
            busy.release()
        return real_open(path, flags)

    for file in nodes:
        file.touch()
    mocker.patch.object(os, "open", side_effect=slow_open)
    with ThreadPoolExecutor(len(nodes)) as pool:
        links = list(pool.map(HidLink, map(str, nodes)))
    assert most == [True] * len(nodes)
    for link in links:
        link.close()


def openings(node: str) -> int:
    """How often this process has it open."""
    return sum(Path(handle).resolve() == Path(node) for handle in Path("/proc/self/fd").iterdir())


@pytest.mark.usefixtures("hidapi")
def test_a_closed_node_names_the_rule(node: str, mocker: MockerFixture) -> None:
    mocker.patch.object(os, "open", side_effect=PermissionError)
    with pytest.raises(PermissionDenied) as caught:
        HidLink(node)
    assert caught.value.rule == "/etc/udev/rules.d/70-kagiya.rules"


@pytest.mark.usefixtures("hidapi")
def test_a_node_that_went_away_is_lost(tmp_path: Path) -> None:
    with pytest.raises(LinkLost):
        HidLink(str(tmp_path / "hidraw9"))


def test_open_failed_is_busy_while_the_node_is_there(device: Mock, node: str) -> None:
    device.open_path.side_effect = OSError("open failed")
    with pytest.raises(DeviceBusy):
        HidLink(node)
    device.open_path.side_effect = _vanish
    with pytest.raises(LinkLost):
        HidLink(node)


def _vanish(path: bytes) -> None:
    Path(os.fsdecode(path)).unlink()
    raise OSError("open failed")


@pytest.mark.parametrize("outcome", [-1, 0, 64, OSError("read error"), ValueError("not open")])
def test_a_write_that_is_not_whole_is_a_lost_link(device: Mock, node: str, outcome: Any) -> None:
    link = HidLink(node)
    device.write.configure_mock(**_returns(outcome))
    device.send_feature_report.configure_mock(**_returns(outcome))
    with pytest.raises(LinkLost):
        link.send(REPORT)
    with pytest.raises(LinkLost):
        link.send_feature(1, bytes(8))


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ([], LinkTimeout),
        ([1, 2, 3], LinkLost),
        (OSError("read error"), LinkLost),
        (ValueError("not open"), LinkLost),
    ],
)
def test_a_read_that_fails_is_a_link_error(device: Mock, node: str, outcome: Any, error: type[LinkFailed]) -> None:
    link = HidLink(node)
    device.read.configure_mock(**_returns(outcome))
    with pytest.raises(error) as caught:
        link.receive(0.2)
    assert caught.value.path == node


@pytest.mark.parametrize("outcome", [[], [1, 2], OSError("x"), ValueError("x")])
def test_a_feature_report_that_does_not_come_is_a_lost_link(device: Mock, node: str, outcome: Any) -> None:
    link = HidLink(node)
    device.get_feature_report.configure_mock(**_returns(outcome))
    with pytest.raises(LinkLost):
        link.get_feature(1, 8)


@pytest.mark.usefixtures("hidapi")
def test_the_log_has_lengths_and_no_bytes(node: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    link = HidLink(node)
    link.send(REPORT)
    link.receive(0.1)
    assert "64 bytes" in caplog.text
    for secret in (REPORT[8:16].hex(), repr(REPORT[8:16])[2:-1], str(list(REPORT[8:16]))[1:-1]):
        assert secret not in caplog.text


def _returns(outcome: Any) -> dict[str, Any]:
    return {"side_effect": outcome} if isinstance(outcome, Exception) else {"return_value": outcome}


def test_a_feature_report_that_is_long_in_failing_was_asked_of_a_mute_device(
    device: Mock, node: str, mocker: MockerFixture
) -> None:
    link = HidLink(node)
    device.get_feature_report.side_effect = OSError("read error")
    device.send_feature_report.return_value = -1
    for ask in (lambda: link.get_feature(0, 8), lambda: link.send_feature(0, bytes(8))):
        mocker.patch.object(hid_links, "monotonic", side_effect=[100.0, 105.1])
        with pytest.raises(LinkTimeout) as caught:
            ask()
        assert caught.value.waited_s == 5.1
    Path(node).unlink()
    mocker.patch.object(hid_links, "monotonic", side_effect=[100.0, 105.1])
    with pytest.raises(LinkLost):
        link.get_feature(0, 8)

"""A device on the USB/IP socket, with this test in the kernel's place."""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from tests.rig.usb.plan import HidInterface, UsbPlan
from tests.rig.usb.served import ServedDevice
from tests.rig.usb.trouble import Trouble, TroubleKind

_SUBMIT: Final = struct.Struct(">IIIIIIiiii8s")
_SET_FEATURE_REPORT: Final = bytes.fromhex("2109000300000800")
_ANSWER: Final = struct.Struct(">20xi24x")


class _Listener:
    """Takes every feature report, and knows how many."""

    def __init__(self) -> None:
        self.heard = 0

    def set_feature(self, data: bytes) -> None:
        del data
        self.heard += 1

    def get_feature(self) -> bytes:
        return bytes(8)


class _Host:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._number = 0

    def say(self) -> bool:
        """One feature report to the device; whether it got there."""
        return self.status_of_report() == 0

    def status_of_report(self) -> int | None:
        """What the answer to it says, or None if there is none."""
        self._number += 1
        head = _SUBMIT.pack(1, self._number, 1, 0, 0, 0, 8, 0, 0, 0, _SET_FEATURE_REPORT)
        try:
            self._connection.sendall(head + bytes(8))
            answer = self._connection.recv(_ANSWER.size, socket.MSG_WAITALL)
        except OSError:
            return None
        return int(_ANSWER.unpack(answer)[0]) if len(answer) == _ANSWER.size else None


@contextmanager
def _plugged(pace: float = 0, listener: _Listener | None = None) -> Iterator[tuple[ServedDevice, _Host]]:
    ours, hosts = socket.socketpair()
    plan = UsbPlan(0x1209, 1, 0x100, "maker", "key", "", (HidInterface(0, b"", 8, listener or _Listener(), 8),))
    device = ServedDevice(plan, ours, pace=pace)
    device.thread.start()
    with hosts:
        yield device, _Host(hosts)
        device.cut()
        device.thread.join(10)


def test_a_report_counts_as_crossed_when_the_host_has_its_answer() -> None:
    with _plugged() as (device, host):
        for number in range(1, 500):
            assert host.say()
            assert device.crossed == number


@pytest.mark.parametrize("pace", [1, 2])
def test_reports_take_their_frames_where_there_is_a_pace(pace: float) -> None:
    with _plugged(pace) as (_, host):
        assert host.say()
        begun_s = time.monotonic()
        assert all(host.say() for _ in range(20))
        assert time.monotonic() - begun_s >= 0.019 * pace


def test_a_cut_set_between_two_conversations_lets_the_report_through_that_it_names() -> None:
    for _ in range(100):
        with _plugged() as (device, host):
            assert host.say()
            device.trouble(Trouble(TroubleKind.CUT, 1))
            assert host.say()
            assert not host.say()
            assert device.is_out


@pytest.mark.parametrize("after", [0, 2])
def test_trouble_that_waits_for_something_begins_behind_the_report_that_brought_it(after: int) -> None:
    listener = _Listener()
    with _plugged(listener=listener) as (device, host):
        device.trouble(Trouble(TroubleKind.STALL, after, lambda: listener.heard >= 3))
        assert all(host.say() for _ in range(3 + after))
        assert host.status_of_report() == -errno.EPIPE
        assert listener.heard == 3 + after


def test_what_is_said_to_a_device_that_just_came_out_fails_at_once() -> None:
    with _plugged() as (device, host):
        device.trouble(Trouble(TroubleKind.CUT, 1))
        assert host.say()
        assert host.status_of_report() == -errno.EPROTO
        assert host.status_of_report() is None
        assert device.is_out


def test_a_device_to_which_nothing_is_said_any_more_comes_out_all_the_same() -> None:
    with _plugged() as (device, host):
        device.trouble(Trouble(TroubleKind.CUT, 1))
        assert host.say()
        device.thread.join(10)
        assert host.status_of_report() is None

"""A plugged-in device at work: a thread that answers the kernel's USB/IP messages on a socket."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.rig.usb import usbip
from tests.rig.usb.device import UsbDevice
from tests.rig.usb.function import Setup
from tests.rig.usb.pace import Pace
from tests.rig.usb.plan import AcmInterface, HidInterface, Interface, Stalled, UsbPlan
from tests.rig.usb.trouble import Trouble, TroubleKind
from tests.rig.usb.usbip import Submit, Unlink

_LOOK_S: Final = 0.02
_LOOK_SELDOM_S: Final = 0.25
_LOOK_PACED_S: Final = 0.002
"""A device that takes its time has something to say a little later than it was told something."""
_REFUSAL_S: Final = 0.01
_NEXT_REQUEST_S: Final = 0.5
_LIVELY_S: Final = 3.0
"""So long after the host said something, a device that may speak unasked is asked often."""


class _CableOut(Exception):
    """The trouble was a cut."""


@dataclass
class _Set:
    """A trouble, and how much had crossed when it began to count; None while it does not."""

    trouble: Trouble
    counted_from: int | None

    def kind_at(self, crossed: int) -> TroubleKind:
        """What is the matter when so much has crossed."""
        if self.counted_from is None and self.trouble.counts():
            self.counted_from = crossed
        begun = self.counted_from is not None and crossed - self.counted_from >= self.trouble.after
        return self.trouble.kind if begun else TroubleKind.NONE


class ServedDevice:
    """One plugging, from power to the end. `pace`: all talk takes so many times the wire's real time."""

    def __init__(self, plan: UsbPlan, connection: socket.socket, *, pace: float) -> None:
        self._connection = connection
        self._pace = Pace(pace) if pace else None
        self._wake_read, self._wake_write = socket.socketpair()
        self._device = UsbDevice(plan, self._wake)
        self._speaks_unasked = any(map(_speaks_unasked, plan.interfaces))
        self._look_s = _LOOK_PACED_S if pace else _LOOK_S
        self._waiting: dict[int, Submit] = {}
        self._unanswered: set[int] = set()
        self._trouble = _Set(Trouble(), 0)
        self._lively_until_s = 0.0
        self.crossed = 0
        self.is_out = False
        self.thread = threading.Thread(target=self._serve, name=f"usb {plan.product}", daemon=True)

    def trouble(self, trouble: Trouble) -> None:
        """From now on."""
        self._trouble = _Set(trouble, self.crossed if trouble.counts() else None)
        self._wake()

    def cut(self) -> None:
        """Pull the cable."""
        self.is_out = True
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_write.send(b".")

    def _serve(self) -> None:
        try:
            while self._hear():
                self._give()
        except (_CableOut, OSError):
            pass
        finally:
            self.cut()
            self._device.lose_power()
            for end in (self._connection, self._wake_read, self._wake_write):
                end.close()

    def _hear(self) -> bool:
        """Wait for a message, a function or the time to look; False when the cable is out."""
        ready, _, _ = select.select([self._connection, self._wake_read], [], [], self._pause_s())
        if self._wake_read in ready:
            self._wake_read.recv(4096)
        if self._connection not in ready:
            return True
        message = usbip.receive(self._connection)
        if isinstance(message, Unlink):
            self._unlink(message)
        elif message is not None:
            self._submit(message)
        return message is not None

    def _pause_s(self) -> float | None:
        if not self._waiting or not self._speaks_unasked:
            return None
        if time.monotonic() >= self._lively_until_s:
            return _LOOK_SELDOM_S
        return self._look_s

    def _unlink(self, message: Unlink) -> None:
        taken_back = self._waiting.pop(message.whose, None) is not None or message.whose in self._unanswered
        self._unanswered.discard(message.whose)
        self._connection.sendall(usbip.unlinked(message, -errno.ECONNRESET if taken_back else 0))

    def _submit(self, submit: Submit) -> None:
        if submit.is_control:
            setup = Setup.from_bytes(submit.setup)
            talk = self._device.is_talk(setup)
            self._perform(submit, lambda: self._request(setup, submit.data, talk=talk), talk=talk)
        elif submit.is_in:
            self._waiting[submit.number] = submit
        else:
            self._lively_until_s = time.monotonic() + _LIVELY_S
            self._perform(submit, lambda: self._take(submit), talk=True)

    def _request(self, setup: Setup, data: bytes, *, talk: bool) -> bytes:
        if self._pace and talk:
            self._pace.control()
        return self._device.control(setup, data)

    def _take(self, submit: Submit) -> bytes:
        function, endpoint = self._device.endpoint(submit.endpoint)
        if self._pace:
            self._pace.transfer(endpoint, len(submit.data))
        function.take(endpoint, submit.data)
        return b""

    def _perform(self, submit: Submit, act: Callable[[], bytes], *, talk: bool) -> None:
        kind = self._trouble_now() if talk else TroubleKind.NONE
        if kind is TroubleKind.MUTE:
            self._unanswered.add(submit.number)
            return
        status, data = -errno.EPIPE, b""
        if kind is not TroubleKind.STALL:
            with contextlib.suppress(Stalled):
                status, data = 0, act()
        self._answer(submit, status, data, crosses=talk)

    def _give(self) -> None:
        """Hand over what functions have for transfers that wait, in the order in which they came."""
        kind = self._trouble_now()
        if kind is TroubleKind.MUTE:
            return
        for number, submit in list(self._waiting.items()):
            if kind is TroubleKind.STALL:
                del self._waiting[number]
                # the kernel asks again at once
                time.sleep(_REFUSAL_S)
                self._answer(submit, -errno.EPIPE)
                continue
            function, endpoint = self._device.endpoint(submit.endpoint)
            data = function.give(endpoint, submit.size)
            if data is not None:
                del self._waiting[number]
                if self._pace:
                    self._pace.transfer(endpoint, len(data))
                self._answer(submit, 0, data, crosses=True)

    def _trouble_now(self) -> TroubleKind:
        return self._trouble.kind_at(self.crossed)

    def _answer(self, submit: Submit, status: int, data: bytes = b"", *, crosses: bool = False) -> None:
        """What `crosses` is counted before the host has it: trouble that is set then begins behind it."""
        self.crossed += crosses
        self._connection.sendall(usbip.submitted(submit, status, data))
        if crosses and self._trouble_now() is TroubleKind.CUT:
            if submit.is_control:
                self._fail_next_request()
            raise _CableOut

    def _fail_next_request(self) -> None:
        """As a host controller does with a request to a device that is out.

        The virtual one lets it wait for five seconds, and with it everybody who has a HID node.
        """
        self.is_out = True
        until_s = time.monotonic() + _NEXT_REQUEST_S
        while (left_s := until_s - time.monotonic()) > 0:
            if not select.select([self._connection], [], [], left_s)[0]:
                return
            message = usbip.receive(self._connection)
            if message is None:
                return
            if isinstance(message, Submit) and message.is_control:
                self._connection.sendall(usbip.submitted(message, -errno.EPROTO))
                return


def _speaks_unasked(part: Interface) -> bool:
    """Whether somebody must look from time to time whether it has something to say."""
    match part:
        case AcmInterface():
            return not part.only_answers
        case HidInterface():
            return hasattr(part.gadget, "next_report") and not part.only_answers
        case _:
            return False

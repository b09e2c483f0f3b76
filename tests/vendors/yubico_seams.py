"""Where Yubico's own libraries let another transport in: the emulated key itself stands behind the seam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yubico.yubikey_usb_hid import YubiKeyHIDDevice
from yubikit.core import TRANSPORT
from yubikit.core.otp import OtpConnection
from yubikit.core.smartcard import SmartCardConnection

from tests.rig.usb.plan import CardGadget, FeatureGadget


class GadgetOtp(OtpConnection):
    """yubikit's connection to a keyboard interface."""

    def __init__(self, gadget: FeatureGadget) -> None:
        self._gadget = gadget

    def receive(self) -> bytes:
        """One feature report from the key."""
        return self._gadget.get_feature()

    def send(self, data: bytes) -> None:
        """One feature report to the key."""
        self._gadget.set_feature(data)

    def close(self) -> None:
        """Nothing is open."""


class GadgetCard(SmartCardConnection):
    """yubikit's connection to a smart card."""

    def __init__(self, card: CardGadget) -> None:
        self._card = card
        card.power_on()

    @property
    def transport(self) -> TRANSPORT:
        """As if over USB."""
        return TRANSPORT.USB

    def send_and_receive(self, apdu: bytes) -> tuple[bytes, int]:
        """One APDU; answer and status word."""
        answer = self._card.exchange(apdu, lambda: None)
        return answer[:-2], int.from_bytes(answer[-2:], "big")

    def close(self) -> None:
        """No power any more."""
        self._card.power_off()


class GadgetHid(YubiKeyHIDDevice):  # type: ignore[misc] # the library has no types
    """python-yubico's HID device, without the search on the USB."""

    def __init__(self, gadget: FeatureGadget) -> None:
        self._gadget = gadget
        super().__init__()

    def _open(self, skip: int = 0) -> bool:
        del skip
        self._usb_handle = _Handle(self._gadget)
        return True


class _Handle:
    """A pyusb handle of old, as far as the library uses it."""

    def __init__(self, gadget: FeatureGadget) -> None:
        self._gadget = gadget

    def controlMsg(  # noqa: N802 - pyusb's name
        self, request_type: int, _request: int, buffer: int | bytes, **_where: Any
    ) -> Sequence[int] | int:
        """GET_REPORT with a size, SET_REPORT with data."""
        if request_type & 0x80:
            return list(self._gadget.get_feature())
        assert isinstance(buffer, bytes)
        self._gadget.set_feature(buffer)
        return len(buffer)

    def releaseInterface(self) -> None:  # noqa: N802 - pyusb's name
        """Nothing was claimed."""

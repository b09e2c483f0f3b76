"""The class descriptor of a CCID interface: table 5.1-1 of the specification, 54 bytes."""

from __future__ import annotations

import struct
from typing import Final

from tests.rig.usb.plan import CcidInterface

DESCRIPTOR_BYTES: Final = 54
_LAYOUT: Final = struct.Struct("<BBHBB IIIB IIBI III I BB H BB")
_CCID_1_10: Final = 0x0110
_CLOCK_KHZ: Final = 4_000
_BITS_PER_S: Final = 307_200
_ECHO_CLASS: Final = 0xFF


def ccid_descriptor(interface: CcidInterface) -> bytes:
    """As it follows the interface descriptor in the configuration."""
    head = (DESCRIPTOR_BYTES, 0x21, _CCID_1_10, 0, interface.voltages)
    clock = (interface.protocols, _CLOCK_KHZ, _CLOCK_KHZ, 0)
    rate = (_BITS_PER_S, _BITS_PER_S, 0, interface.max_ifsd)
    features = (0, 0, interface.features, interface.max_message_bytes)
    return _LAYOUT.pack(*head, *clock, *rate, *features, _ECHO_CLASS, _ECHO_CLASS, 0, 0, 1)

"""What a test shows of a vendor's program: a marker that the table in docs/devices.md is made of."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import pytest


class Program(StrEnum):
    """Programs that we did not write, as the table names them."""

    YUBIKIT = "yubikit (yubikey-manager)"
    PYTHON_YUBICO = "python-yubico"
    YKMAN = "ykman (yubikey-manager)"
    LIBNITROKEY = "libnitrokey"
    ONLYKEY = "onlykey-cli (onlykey)"
    PCSC = "pcscd, libccid and pyscard"
    GMSSL = "gmssl"
    TIO = "tio"
    SOCAT = "socat"


MARK: Final = "shows"


def shows(family: str, program: Program, *what: str) -> pytest.MarkDecorator:
    """This test shows that `program` does `what` with the emulated device of `family`."""
    return pytest.mark.shows(family, program, *what)

"""`python -m tests.vendors.onlykey_program SOCKET WORDS…`: onlykey-cli with a hidapi that leads to a socket."""

from __future__ import annotations

import importlib
import sys
from multiprocessing.connection import Client, Connection
from types import ModuleType
from typing import Any

VENDOR_ID, PRODUCT_ID, RAW_HID = 0x1D50, 0x60FC, 2


class StandIn(ModuleType):
    """What the program imports as `hid`, as far as it uses that."""

    def __init__(self, connection: Connection) -> None:
        super().__init__("hid")
        self._connection = connection

    def enumerate(self, *_ids: int) -> list[dict[str, Any]]:
        """The interface that it looks for."""
        facts = {"vendor_id": VENDOR_ID, "product_id": PRODUCT_ID, "serial_number": "1000000000"}
        return [{**facts, "interface_number": RAW_HID, "usage_page": 0xFFAB, "path": b"socket"}]

    def device(self) -> _Device:
        """A handle."""
        return _Device(self._connection)


class _Device:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open_path(self, path: bytes) -> None:
        """It is open."""

    def set_nonblocking(self, flag: bool) -> None:
        """Reads have a time limit anyway."""

    def write(self, data: bytes) -> int:
        """One output report."""
        self._connection.send(("write", bytes(data), 0))
        return int(self._connection.recv())

    def read(self, size: int, timeout_ms: int = 0) -> list[int]:
        """One input report, or nothing."""
        self._connection.send(("read", b"", timeout_ms))
        return list(self._connection.recv()[:size])

    def close(self) -> None:
        """It stays open."""


def main(socket: str, words: list[str]) -> None:
    """The program's own entry, with its own words."""
    with Client(socket, "AF_UNIX") as connection:
        sys.modules["hid"] = StandIn(connection)
        sys.argv = ["onlykey-cli", *words]
        importlib.import_module("onlykey.cli").main()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

"""The inherited battery on OnlyKey and OnlyKey DUO."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.devices.battery import Battery
from tests.devices.onlykeys import OnlyKeySubject
from tests.devices.subject import Subject
from tests.rig.onlykey.device import Model


class TestOnlyKey(Battery):
    profile = "onlykey"
    firmware = "2.1.2"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield OnlyKeySubject()


class TestOnlyKeyDuo(Battery):
    profile = "onlykey-duo"
    firmware = "2.1.2"

    @contextmanager
    def device(self, folder: Path) -> Iterator[Subject]:
        yield OnlyKeySubject(Model.DUO)

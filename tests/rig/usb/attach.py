"""Emulated devices in this computer's USB sockets, and what a person does with them, told line by line.

Lines in: `ACT NAME [NUMBER]` with the acts of `Cabinet`; lines out: one JSON object for each line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TextIO, TypeVar

from tests.rig.usb.controller import NoController, UsbSocket
from tests.rig.usb.emulated import Emulated
from tests.rig.usb.families import DEVICES
from tests.rig.usb.trouble import Trouble, TroubleKind

T = TypeVar("T")


@dataclass(frozen=True)
class _Place:
    device: Emulated
    socket: UsbSocket


class Cabinet:
    """Devices by name: FAMILY:SERIAL, or FAMILY:SERIAL#2 for another with the same serial number.

    What lasts of them is kept below `folder`. `pace`: so many times the wire's real time is taken, and devices
    take their own; at 0 everything happens at once.
    """

    def __init__(self, folder: Path, *, pace: float = 0.0) -> None:
        self._folder = folder
        self._pace = pace
        self._places: dict[str, _Place] = {}
        self._acts: dict[str, Callable[[str, int], Any]] = {
            "make": lambda name, _: self._place(name) and None,
            "plug": lambda name, hub: self._place(name).socket.plug(hub),
            "unplug": lambda name, _: self._place(name).socket.unplug(),
            "press": lambda name, _: self._place(name).device.press(),
            "display": lambda name, _: self._place(name).device.display(),
            "plugged": lambda name, _: self._place(name).socket.plugged,
            "crossed": lambda name, _: self._place(name).socket.crossed,
            "worked": lambda name, _: self._place(name).device.worked_s(),
        }
        for kind in TroubleKind:
            self._acts[kind.value] = self._troubles(kind)
            self._acts[f"{kind}-in-write"] = self._troubles_in_write(kind)

    def act(self, line: str) -> dict[str, Any]:
        """Do what a line says: {"done": answer} or {"failed": why}."""
        act, _, rest = line.strip().partition(" ")
        name, _, number = rest.partition(" ")
        try:
            return {"done": _known(act, self._acts)(name, int(number or 0))}
        except (ValueError, OSError, NoController) as error:
            return {"failed": f"{type(error).__name__}: {error}"}

    def close(self) -> None:
        """Pull everything out."""
        for place in self._places.values():
            place.socket.unplug()

    def _place(self, name: str) -> _Place:
        if name not in self._places:
            family, _, label = name.partition(":")
            serial, _, _ = label.partition("#")
            device = _known(family, DEVICES)(self._folder / name.replace(":", "-"), serial)
            if self._pace:
                device.take_time()
            self._places[name] = _Place(device, UsbSocket(device.plan, pace=self._pace))
        return self._places[name]

    def _troubles(self, kind: TroubleKind) -> Callable[[str, int], None]:
        return lambda name, after: self._place(name).socket.trouble(Trouble(kind, after))

    def _troubles_in_write(self, kind: TroubleKind) -> Callable[[str, int], None]:
        """It counts from when the device keeps another secret than now."""

        def act(name: str, after: int) -> None:
            place = self._place(name)
            held, before = place.device.held, place.device.held()
            place.socket.trouble(Trouble(kind, after, lambda: held() != before))

        return act


def _known(word: str, words: Mapping[str, T]) -> T:
    """What it stands for. Raises ValueError, which tells those there are."""
    if word not in words:
        raise ValueError(f"{word!r} is none of {', '.join(sorted(words))}")
    return words[word]


def serve(cabinet: Cabinet, names: Iterable[str], heard: TextIO = sys.stdin, told: TextIO = sys.stdout) -> None:
    """Plug in what is named, then do what the lines say until there are no more."""
    try:
        for line in chain((f"plug {name}" for name in names), heard):
            _tell(cabinet.act(line), told)
    finally:
        cabinet.close()


def _tell(answer: dict[str, Any], told: TextIO) -> None:
    told.write(json.dumps(answer) + "\n")
    told.flush()

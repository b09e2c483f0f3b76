"""Inputs that are kept: one file for each target, a line of Base64 for each input, the shortest first."""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from hashlib import shake_256
from pathlib import Path
from types import FrameType
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "corpus"
_WORDS: Final = (
    b"",
    b"\0",
    b"\xff",
    b"[" * 5_000,
    b'"',
    b"{}",
    b"-1",
    b"1e999",
    b"\xe2\x80\xae",
    b"\\ud800",
    b"null",
)


def kept(name: str) -> list[bytes]:
    """The corpus of a target."""
    return [b64decode(line) for line in (FOLDER / f"{name}.txt").read_text(encoding="ascii").splitlines()]


def keep(name: str, inputs: Iterable[bytes]) -> None:
    """Write it."""
    lines = sorted({b64encode(one).decode() for one in inputs}, key=lambda line: (len(line), line))
    (FOLDER / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="ascii")


def variants(inputs: list[bytes], count: int) -> Iterator[bytes]:
    """So many, each altered at one to three places; the same ones every time."""
    for number in range(count):
        dice = shake_256(b"variant %d" % number).digest(32)
        data = inputs[int.from_bytes(dice[:4]) % len(inputs)]
        for at in (4, 11, 18)[: 1 + dice[31] % 3]:
            data = _altered(data, dice[at : at + 7], inputs)
        yield data


def _altered(data: bytes, dice: bytes, inputs: list[bytes]) -> bytes:
    place = int.from_bytes(dice[:3]) % (len(data) + 1)
    size = 1 + dice[3] % 8
    match dice[4] % 6:
        case 0:
            return data[:place] + bytes([dice[5]]) + data[place + 1 :]
        case 1:
            return data[:place] + data[place + size :]
        case 2:
            return data[:place] + _WORDS[dice[5] % len(_WORDS)] + data[place:]
        case 3:
            return data[:place]
        case 4:
            return data[:place] + data[place : place + size] * (1 + dice[5] % 40) + data[place:]
        case _:
            return data[:place] + inputs[dice[5] % len(inputs)][place:]


def smallest(run: Callable[[bytes], None], inputs: Iterable[bytes], packages: tuple[str, ...]) -> list[bytes]:
    """Those of them that reach a line of these packages which no shorter one has reached."""
    reached: set[tuple[str, int]] = set()
    found = []
    for data in sorted(set(inputs), key=lambda data: (len(data), data)):
        lines = _lines(run, data, packages)
        if not lines <= reached:
            reached |= lines
            found.append(data)
    return found


def _lines(run: Callable[[bytes], None], data: bytes, packages: tuple[str, ...]) -> set[tuple[str, int]]:
    lines: set[tuple[str, int]] = set()

    def trace(frame: FrameType, _event: str, _argument: Any) -> Any:
        module = frame.f_globals.get("__name__", "")
        if not any(module == package or module.startswith(f"{package}.") for package in packages):
            return None
        lines.add((module, frame.f_lineno))
        return trace

    sys.settrace(trace)
    try:
        run(data)
    finally:
        sys.settrace(None)
    return lines

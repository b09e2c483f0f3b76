"""The arguments of `totp add`, read one after another as the application does."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from tests.rig.flipper_totp import words
from tests.rig.flipper_totp.device import ALGORITHMS, DIGITS, PERIODS_S, Token

_AUTOMATION: Final = ("none", "enter", "tab", "slower")
_ENCODINGS: Final = ("base32", "base64")
_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_MISTYPED: Final = str.maketrans("018", "OLB")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The token without its secret, and how that will be typed."""

    token: Token
    encoding: str = "base32"
    shown: bool = False


class Refused(Exception):
    """What the console says to arguments that it does not take."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said + words.INVALID_ARGUMENTS


def read_add(text: str) -> Wanted:
    """`"name" -a sha1 …`. Raises Refused."""
    name, rest = _name(text)
    if not name:
        raise Refused("")
    wanted = Wanted(Token(name, b""))
    arguments = iter(rest.split())
    for argument in arguments:
        if argument == "-u":
            wanted = replace(wanted, shown=True)
        elif argument in _READERS:
            wanted = _READERS[argument](wanted, argument, next(arguments, ""))
        else:
            raise Refused(f'Unknown argument "{argument}"\r\n')
    return wanted


def decode_secret(text: str, encoding: str) -> bytes:
    """The seed; empty when it cannot be read. Padding is no letter of its base32, and left-over bits are lost."""
    if encoding == "base64":
        try:
            return base64.b64decode(text + "=" * (-len(text) % 4))
        except binascii.Error:
            return b""
    letters = [_BASE32.find(letter) for letter in text.upper().translate(_MISTYPED)]
    if -1 in letters:
        return b""
    bits = "".join(f"{letter:05b}" for letter in letters)
    whole = len(bits) // 8
    return int(bits[: whole * 8] or "0", 2).to_bytes(whole, "big")


def _name(text: str) -> tuple[str, str]:
    text = text.strip()
    if text.startswith('"'):
        name, _, rest = text[1:].partition('"')
    else:
        name, _, rest = text.partition(" ")
    return name, rest


def _number(wanted: Wanted, argument: str, value: str, field: str, allowed: tuple[int, ...] | range) -> Wanted:
    if not value.isdecimal() or int(value) > 255:
        raise Refused(words.error(f'Missed or incorrect value for argument "{argument}"\r\n'))
    if int(value) not in allowed:
        raise _incorrect(argument, value)
    change: dict[str, int] = {field: int(value)}
    return replace(wanted, token=replace(wanted.token, **change))  # type: ignore[arg-type]


def _algorithm(wanted: Wanted, argument: str, value: str) -> Wanted:
    if value.lower() not in ALGORITHMS:
        raise _incorrect(argument, value)
    return replace(wanted, token=replace(wanted.token, algorithm=value.lower()))


def _encoding(wanted: Wanted, argument: str, value: str) -> Wanted:
    if value.lower() not in _ENCODINGS:
        raise _incorrect(argument, value)
    return replace(wanted, encoding=value.lower())


def _one_of(allowed: tuple[str, ...]) -> Callable[[Wanted, str, str], Wanted]:
    def read(wanted: Wanted, argument: str, value: str) -> Wanted:
        if value.lower() not in allowed:
            raise _incorrect(argument, value)
        return wanted

    return read


def _incorrect(argument: str, value: str) -> Refused:
    return Refused(words.error(f'"{value}" is incorrect value for argument "{argument}"\r\n'))


_READERS: Final[dict[str, Callable[[Wanted, str, str], Wanted]]] = {
    "-a": _algorithm,
    "-d": lambda wanted, argument, value: _number(wanted, argument, value, "digits", DIGITS),
    "-l": lambda wanted, argument, value: _number(wanted, argument, value, "period_s", PERIODS_S),
    "-e": _encoding,
    "-b": _one_of(_AUTOMATION),
    "-t": _one_of(("totp",)),
}

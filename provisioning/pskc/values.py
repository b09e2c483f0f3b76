"""Simple values in a PSKC file, each in one spelling only."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Final

from provisioning.pskc.markup import Element, Fault
from provisioning.pskc.names import pskc
from provisioning.pskc_refusals import PskcFault

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_SERIAL: Final = re.compile(r"[0-9A-Z][0-9A-Z-]{0,31}", re.ASCII)
_SHORT: Final = 40


def octets(element: Element) -> bytes:
    """Base64 as its encoder would have written it, but for space. Raises Fault."""
    letters = "".join(element.value().split())
    try:
        value = base64.b64decode(letters.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise Fault(PskcFault.BAD_VALUE, element.name) from None
    if not value or base64.b64encode(value).decode("ascii") != letters:
        raise Fault(PskcFault.BAD_VALUE, element.name)
    return value


def integer(element: Element) -> int:
    """A decimal number. Raises Fault."""
    if not _INTEGER.fullmatch(element.value()):
        raise Fault(PskcFault.BAD_VALUE, element.name)
    return int(element.text)


def plain_integer(element: Element | None, otherwise: int) -> int:
    """A number of `Data`, which stands there in plain. Raises Fault."""
    if element is None:
        return otherwise
    return integer(element.fields(required=(pskc("PlainValue"),))[pskc("PlainValue")])


def instant(element: Element | None) -> datetime | None:
    """An instant with its zone. Raises Fault."""
    if element is None:
        return None
    try:
        if _INSTANT.fullmatch(element.value()):
            return datetime.fromisoformat(element.text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Fault(PskcFault.BAD_VALUE, element.name)


def line(element: Element | None) -> str:
    """A short text of one line, or nothing. Raises Fault."""
    text = "" if element is None else element.value()
    if len(text) > _SHORT or not text.isprintable():
        raise Fault(PskcFault.BAD_VALUE, "" if element is None else element.name)
    return text


def serial_number(element: Element) -> str:
    """A serial number as labels have it. Raises Fault."""
    if not _SERIAL.fullmatch(element.value()):
        raise Fault(PskcFault.BAD_VALUE, element.name)
    return element.text

"""A whole file of seeds: either every key is good, or each that is not is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provisioning.pskc.ciphers import FileKey
from provisioning.pskc.keys import PskcKey, read_key, serial_of
from provisioning.pskc.markup import Element, Fault, children_of_root
from provisioning.pskc.names import pskc
from provisioning.pskc.protection import read_protection
from provisioning.pskc_refusals import PskcFault, PskcRefusal, PskcRefused

MOST_KEYS: Final = 20_000
MOST_REFUSALS: Final = 100
"""So many are told of one file; then nobody reads on."""
_SCHEMA_PLACE: Final = "http://www.w3.org/2001/XMLSchema-instance schemaLocation"


@dataclass(frozen=True, slots=True)
class PskcFile:
    """The keys that can be used, and why the others cannot."""

    keys: tuple[PskcKey, ...]
    refusals: tuple[PskcRefusal, ...]


def read_pskc(data: bytes, given: FileKey) -> PskcFile:
    """Everything in the file. Raises PskcRefused where it cannot be read as a whole."""
    try:
        return _read(children_of_root(data), given)
    except Fault as fault:
        raise PskcRefused((PskcRefusal(fault.fault, fault.what),)) from None


def _read(elements: Iterator[Element], given: FileKey) -> PskcFile:
    _check_root(next(elements))
    keys: list[PskcKey] = []
    refusals: list[PskcRefusal] = []
    first = next(elements, None)
    if first is not None and first.name == pskc("KeyPackage"):
        raise Fault(PskcFault.PLAIN_SECRET)
    encryption_key = _named(first, pskc("EncryptionKey"))
    protection = read_protection(encryption_key, _named(next(elements, None), pskc("MACMethod")), given)
    for number, package in enumerate(elements, 1):
        if package.name != pskc("KeyPackage"):
            raise Fault(PskcFault.UNKNOWN_ELEMENT, package.name)
        if number > MOST_KEYS:
            raise Fault(PskcFault.TOO_BIG)
        try:
            keys.append(read_key(package, number, protection))
        except Fault as fault:
            refusals.append(PskcRefusal(fault.fault, fault.what, number, serial_of(package)))
        if len(refusals) >= MOST_REFUSALS:
            break
    if not keys and not refusals:
        raise Fault(PskcFault.NO_KEYS)
    return PskcFile(tuple(keys), tuple(refusals))


def _check_root(root: Element) -> None:
    if root.name != pskc("KeyContainer"):
        raise Fault(PskcFault.UNKNOWN_ELEMENT, root.name)
    root.fields(attributes=("Version", "Id", _SCHEMA_PLACE))
    if root.attribute("Version") != "1.0":
        raise Fault(PskcFault.UNSUPPORTED, "Version")


def _named(element: Element | None, name: str) -> Element:
    if element is None or element.name != name:
        raise Fault(PskcFault.MISSING, name)
    return element

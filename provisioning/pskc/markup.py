"""Foreign XML, without anything that makes XML dangerous: no DTD, no entities, bounded in every direction.

The root's children come one after another, so that a file of many keys never stands in memory as a tree.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from xml.parsers import expat

from provisioning.pskc_refusals import PskcFault

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_DEPTH: Final = 16
MAX_ELEMENTS: Final = 200
"""Within one child of the root."""
MAX_CHARACTERS: Final = 8 * 1024
"""In one text or one attribute."""
MAX_TOKEN_BYTES: Final = 128 * 1024
"""From `<` to `>`: a parser looks through all of a tag or comment that goes on for ever, again and again."""
_PIECE_BYTES: Final = 64 * 1024
_SPACE: Final = " \t\r\n"
_ENCODINGS: Final = frozenset({"", "utf-8", "us-ascii"})
_SHOWN: Final = 40


class Fault(Exception):
    """Something in the file cannot be used: `what` is the name of an element, attribute or algorithm."""

    def __init__(self, fault: PskcFault, what: str = "") -> None:
        super().__init__(fault)
        self.fault = fault
        local = what.rpartition(" ")[2]
        self.what = "".join(letter for letter in local if letter.isascii() and letter.isprintable())[:_SHOWN]


@dataclass(slots=True)
class Element:
    """One element with its name as `NAMESPACE LOCAL`, or `LOCAL` alone."""

    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list, repr=False)

    @property
    def text(self) -> str:
        """Its characters, without the space around them."""
        return "".join(self.pieces).strip(_SPACE)

    def fields(
        self, required: Collection[str] = (), optional: Collection[str] = (), attributes: Collection[str] = ()
    ) -> dict[str, Element]:
        """Its children by name. Raises Fault for one that is unknown, missing or there twice, and for text."""
        self._check_attributes(attributes)
        if self.text:
            raise Fault(PskcFault.BAD_VALUE, self.name)
        found: dict[str, Element] = {}
        for child in self.children:
            if child.name not in required and child.name not in optional:
                raise Fault(PskcFault.UNKNOWN_ELEMENT, child.name)
            if child.name in found:
                raise Fault(PskcFault.REPEATED_ELEMENT, child.name)
            found[child.name] = child
        for name in required:
            if name not in found:
                raise Fault(PskcFault.MISSING, name)
        return found

    def value(self, attributes: Collection[str] = ()) -> str:
        """Its text, where it may have nothing else. Raises Fault."""
        self._check_attributes(attributes)
        for child in self.children:
            raise Fault(PskcFault.UNKNOWN_ELEMENT, child.name)
        return self.text

    def _check_attributes(self, known: Collection[str]) -> None:
        for attribute in self.attributes:
            if attribute not in known:
                raise Fault(PskcFault.UNKNOWN_ELEMENT, attribute)

    def attribute(self, name: str) -> str:
        """Raises Fault where it is missing."""
        if name not in self.attributes:
            raise Fault(PskcFault.MISSING, name)
        return self.attributes[name]


def children_of_root(data: bytes) -> Iterator[Element]:
    """The root without its children, then each child as soon as it is complete. Raises Fault."""
    if len(data) > MAX_BYTES:
        raise Fault(PskcFault.TOO_BIG)
    reading = _Reading()
    pieces = memoryview(data)
    try:
        for start in range(0, len(data), _PIECE_BYTES):
            reading.parser.Parse(pieces[start : start + _PIECE_BYTES], False)
            if start + _PIECE_BYTES - reading.parser.CurrentByteIndex > MAX_TOKEN_BYTES + _PIECE_BYTES:
                raise Fault(PskcFault.TOO_BIG)
            while reading.complete:
                yield reading.complete.popleft()
        reading.parser.Parse(b"", True)
    except expat.ExpatError:
        raise Fault(PskcFault.NOT_XML) from None
    yield from reading.complete


class _Reading:
    """The handlers behind one parser."""

    def __init__(self) -> None:
        self.complete: deque[Element] = deque()
        self._open: list[Element] = []
        self._elements = 0
        # its own encoding, whatever the file declares: another one is not well-formed
        self.parser: Any = expat.ParserCreate("utf-8", namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.XmlDeclHandler = self._declared
        for name in (
            "StartDoctypeDeclHandler", "EntityDeclHandler", "UnparsedEntityDeclHandler", "NotationDeclHandler",
            "ExternalEntityRefHandler", "SkippedEntityHandler", "ProcessingInstructionHandler",
        ):  # fmt: skip
            setattr(self.parser, name, self._forbidden)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise Fault(PskcFault.TOO_DEEP, name)
        self._elements = 0 if len(self._open) < 2 else self._elements + 1
        if self._elements > MAX_ELEMENTS or any(len(value) > MAX_CHARACTERS for value in attributes.values()):
            raise Fault(PskcFault.TOO_BIG, name)
        element = Element(name, attributes)
        if not self._open:
            self.complete.append(element)
        elif len(self._open) > 1:
            self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if len(self._open) == 1:
            self.complete.append(element)

    def _characters(self, text: str) -> None:
        element = self._open[-1]
        if len(self._open) == 1:
            if text.strip(_SPACE):
                raise Fault(PskcFault.BAD_VALUE, element.name)
            return
        element.pieces.append(text)
        if len(element.pieces) > MAX_ELEMENTS or sum(map(len, element.pieces)) > MAX_CHARACTERS:
            raise Fault(PskcFault.TOO_BIG, element.name)

    @staticmethod
    def _declared(_version: str, encoding: str | None, _standalone: int) -> None:
        if (encoding or "").lower() not in _ENCODINGS:
            raise Fault(PskcFault.NOT_XML)

    @staticmethod
    def _forbidden(*_arguments: object) -> NoReturn:
        raise Fault(PskcFault.DOCUMENT_TYPE)

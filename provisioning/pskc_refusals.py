"""Why a maker's file of seeds is refused: all of it, with every key that is in the way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provisioning.errors import Refused


class PskcFault(StrEnum):
    """Why a file of seeds, or one key in it, cannot be used."""

    NOT_XML = "not_xml"
    DOCUMENT_TYPE = "document_type"
    TOO_BIG = "too_big"
    TOO_DEEP = "too_deep"
    UNKNOWN_ELEMENT = "unknown_element"
    REPEATED_ELEMENT = "repeated_element"
    MISSING = "missing"
    BAD_VALUE = "bad_value"
    UNSUPPORTED = "unsupported"
    NO_KEYS = "no_keys"
    OTHER_KIND_OF_KEY = "other_kind_of_key"
    WRONG_KEY = "wrong_key"
    NOT_AUTHENTIC = "not_authentic"
    PLAIN_SECRET = "plain_secret"
    SEED_LENGTH = "seed_length"
    POLICY = "policy"
    SOMEBODYS = "somebodys"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    NOT_WANTED = "not_wanted"
    DRIFTED = "drifted"
    TWICE_IN_FILE = "twice_in_file"
    IN_STOCK = "in_stock"


@dataclass(frozen=True)
class PskcRefusal:
    """`what` names an element or algorithm; `number` counts keys from 1 and is 0 for the file as a whole."""

    fault: PskcFault
    what: str = ""
    number: int = 0
    serial: str = ""


@dataclass
class PskcRefused(Refused):
    """Nothing of the file was imported, because of each of `refusals`."""

    refusals: tuple[PskcRefusal, ...]

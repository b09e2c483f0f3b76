"""States of credential, fob and programming job, and the only ways between them (R34).

The tables are data. Fobs and jobs are moved by them (`store.journal`); a credential's few statements each name the
states they lead from, and a stateful test explores that these are the table's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class TokenKind(StrEnum):
    """The two choices of screen BOT010."""

    SOFT = "soft"
    HARD = "hard"


class Slot(StrEnum):
    """A customer holds at most one open credential in each slot (R35)."""

    CURRENT = "current"
    SUCCESSOR = "successor"


class CredentialState(StrEnum):
    """Where one seed stands in its life with one customer."""

    ISSUED = "issued"
    SET_UP = "set_up"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class EndedHow(StrEnum):
    """Why a credential ended; ended is for ever."""

    RELEASED = "released"
    REVOKED = "revoked"
    EXPIRED = "expired"
    REPLACED = "replaced"
    LOST = "lost"
    CANCELLED = "cancelled"


class FobState(StrEnum):
    """Where a key fob is."""

    IN_STOCK = "in_stock"
    IN_TRANSIT = "in_transit"
    RESERVED = "reserved"
    PROGRAMMING = "programming"
    PROGRAMMED = "programmed"
    HANDED_OVER = "handed_over"
    IN_USE = "in_use"
    RETURNED = "returned"
    RETIRED = "retired"
    LOST = "lost"
    BROKEN = "broken"


class JobKind(StrEnum):
    """What a station is asked to do with a fob."""

    PROGRAM = "program"
    ERASE = "erase"


class JobState(StrEnum):
    """Where a station's job stands. PROGRAM ends well as PROVED, ERASE as WRITTEN."""

    QUEUED = "queued"
    WRITING = "writing"
    WRITTEN = "written"
    PROVED = "proved"
    FAILED = "failed"
    ABANDONED = "abandoned"


CREDENTIAL_MOVES: Final[dict[CredentialState, frozenset[CredentialState]]] = {
    CredentialState.ISSUED: frozenset({CredentialState.SET_UP, CredentialState.ENDED}),
    CredentialState.SET_UP: frozenset({CredentialState.ACTIVE, CredentialState.SUSPENDED, CredentialState.ENDED}),
    CredentialState.ACTIVE: frozenset({CredentialState.SUSPENDED, CredentialState.ENDED}),
    CredentialState.SUSPENDED: frozenset({CredentialState.SET_UP, CredentialState.ACTIVE, CredentialState.ENDED}),
    CredentialState.ENDED: frozenset(),
}

GONE: Final = frozenset({FobState.RETIRED, FobState.LOST, FobState.BROKEN})
"""Where a fob is not expected back."""

SEEDLESS: Final = GONE | {FobState.RETURNED}
"""Where a fob keeps no seed of its maker's."""

FOB_MOVES: Final[dict[FobState, frozenset[FobState]]] = {
    FobState.IN_STOCK: GONE | {FobState.RESERVED, FobState.IN_TRANSIT},
    # between two branches: arrived, come back, or never seen again
    FobState.IN_TRANSIT: frozenset({FobState.IN_STOCK, FobState.LOST}),
    # PROGRAMMED at once: it came with its seed, and a code from it was proved
    FobState.RESERVED: GONE | {FobState.PROGRAMMING, FobState.PROGRAMMED, FobState.IN_STOCK},
    # a failed or abandoned write: the fob must be erased before it is stock again
    FobState.PROGRAMMING: GONE | {FobState.PROGRAMMED, FobState.RESERVED, FobState.RETURNED},
    FobState.PROGRAMMED: GONE | {FobState.HANDED_OVER, FobState.IN_USE, FobState.RETURNED},
    # PROGRAMMING: a reissue to the same customer writes over the dead seed, without passing through stock
    FobState.HANDED_OVER: GONE | {FobState.IN_USE, FobState.RETURNED, FobState.PROGRAMMING},
    # released at home: the fob is with the customer, but no longer in use
    FobState.IN_USE: GONE | {FobState.HANDED_OVER, FobState.RETURNED},
    FobState.RETURNED: GONE | {FobState.IN_STOCK},
    FobState.RETIRED: frozenset(),
    FobState.LOST: frozenset({FobState.RETURNED, FobState.RETIRED}),
    FobState.BROKEN: frozenset({FobState.RETIRED}),
}

JOB_MOVES: Final[dict[JobState, frozenset[JobState]]] = {
    JobState.QUEUED: frozenset({JobState.WRITING, JobState.ABANDONED}),
    JobState.WRITING: frozenset({JobState.WRITTEN, JobState.FAILED, JobState.ABANDONED}),
    JobState.WRITTEN: frozenset({JobState.PROVED, JobState.FAILED, JobState.ABANDONED}),
    JobState.PROVED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.ABANDONED: frozenset(),
}


class EndReason(StrEnum):
    """Why a token is ended at the counter."""

    CUSTOMERS_WISH = "customers_wish"
    CHANGE_OF_PHONE = "change_of_phone"
    LOST = "lost"
    STOLEN = "stolen"
    BROKEN = "broken"
    SUSPICION = "suspicion"
    WRONGLY_ISSUED = "wrongly_issued"

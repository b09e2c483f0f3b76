"""The roles a server process can have; each decides which keys the process holds (design §1.5)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """One side of the server. `kagiya demo` has all of them in one process."""

    STAFF = "staff"
    CUSTOMER = "customer"
    BANK = "bank"
    STATION = "station"
    VERIFIER = "verifier"
    WORKER = "worker"


ALL_ROLES: Final = frozenset(Role)

OPENS_SEEDS: Final = frozenset({Role.VERIFIER})
"""Only these hold the private half of the vault's key (R51)."""

HANDLES_ADDRESSES: Final = frozenset({Role.STAFF, Role.CUSTOMER, Role.BANK, Role.WORKER})
"""These take, show or send to mail addresses (R66)."""

HANDLES_TICKETS: Final = frozenset({Role.STAFF, Role.CUSTOMER, Role.BANK})
"""These make activation tickets or answer the app, and keep secrets inside web sessions."""

ANSWERS_STATIONS: Final = frozenset({Role.STATION})
"""Only these sign what stations believe (R76)."""

SHOWS_PAGES: Final = frozenset({Role.STAFF, Role.CUSTOMER})
"""These speak to people; the others to programs alone."""

SENDS_MAIL: Final = frozenset({Role.WORKER})
"""Only these know the SMTP password."""

SIGNS_CHECKPOINTS: Final = frozenset({Role.WORKER})
"""Only these can sign what the audit log is held to afterwards (R61)."""

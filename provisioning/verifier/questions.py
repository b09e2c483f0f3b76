"""What the verifier is asked: a verdict about typed codes, or what locks a device; never a seed.

A question changes nothing, wherever it is answered: what an answer leads to is written by the asker, in the
transaction of its act, and only if the row still is as it was read. So a question may be asked again at will.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from provisioning.rules.otp import Expected, Match
from provisioning.rules.verifier import Operation
from provisioning.store.vault import SealedSeed, SeedContext


@dataclass(frozen=True, slots=True)
class CodeQuestion:
    """Are `codes` (ASCII digits; two for RESYNC, else one) those of this credential now, as the asker read it?"""

    operation: Operation
    sealed: SealedSeed
    context: SeedContext
    expected: Expected
    codes: tuple[str, ...] = field(repr=False)
    now: datetime


@dataclass(frozen=True, slots=True)
class AdoptQuestion:
    """Is `code` that of the seed which came with `fob_id`? If so, seal it for the credential of `to`."""

    fob_id: str
    sealed: SealedSeed
    context: SeedContext
    to: SeedContext
    expected: Expected
    code: str = field(repr=False)
    now: datetime


@dataclass(frozen=True, slots=True)
class Adopted:
    """The judgement; `sealed` is the seed in its new context if the code is FRESH."""

    match: Match
    sealed: SealedSeed | None


class Verifier(Protocol):
    """Whoever opens seeds, in this process or another.

    Every method raises VaultError where it cannot tell (VerifierAway: nobody answers), and ClockUntrusted.
    """

    def judge(self, question: CodeQuestion) -> Match:
        """The verdict, with the counters to store. Raises WrongState if the row is not as the asker read it."""
        ...

    def decoy(self, operation: Operation, expected: Expected, code: str, now: datetime) -> None:
        """Take as long as `judge` takes, about nobody (R09)."""
        ...

    def adopt(self, question: AdoptQuestion) -> Adopted:
        """The verdict, and the seed sealed anew. Raises WrongState as `judge`."""
        ...

    def access_code(self, profile: str, serial: str, now: datetime) -> bytes:
        """The 32 bytes that lock that device (provisioning.store.access_codes)."""
        ...

    def canary(self, sealed: SealedSeed, now: datetime) -> bytes:
        """SHA-256 of a canary (CANARY_CONTEXT) that was sealed with the asker's half of the vault."""
        ...


CANARY_CONTEXT: Final = SeedContext("readyz", "canary", 1)
"""Of what is sealed and opened to see whether the vault's two halves fit; nothing else is sealed in it."""

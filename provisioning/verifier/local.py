"""The verifier in its own process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from provisioning.private_memory import overwrite
from provisioning.rules.otp import Expected, Match, Verdict, match, resynchronise
from provisioning.rules.verifier import Operation
from provisioning.store.access_codes import AccessSecret
from provisioning.store.vault import SealedSeed, SeedOpener, SeedSealer
from provisioning.verifier.questions import CANARY_CONTEXT, Adopted, AdoptQuestion, CodeQuestion

_DECOY_SEED: Final = bytes(64)


@dataclass(frozen=True, slots=True)
class LocalVerifier:
    """Opens the seed for the moment of judging; it is in no answer, and overwritten afterwards."""

    opener: SeedOpener = field(repr=False)
    sealer: SeedSealer

    def judge(self, question: CodeQuestion) -> Match:
        """The verdict. Raises VaultError."""
        with self._opened(question) as seed:
            if question.operation is Operation.RESYNC:
                first, second = question.codes
                return resynchronise(seed, question.expected, (first, second), question.now)
            (code,) = question.codes
            return match(seed, question.expected, code, question.now)

    def decoy(self, operation: Operation, expected: Expected, code: str, now: datetime) -> None:
        """As long as a code that is compared."""
        match(_DECOY_SEED, expected, code, now)

    def adopt(self, question: AdoptQuestion) -> Adopted:
        """The verdict, and the seed under the credential's own context. Raises VaultError."""
        with self._opened(question) as seed:
            found = match(seed, question.expected, question.code, question.now)
            fits = found.verdict is Verdict.FRESH
            return Adopted(found, self.sealer.seal(seed, question.to) if fits else None)

    def access_code(self, profile: str, serial: str, now: datetime) -> bytes:
        """From the secret in the vault's directory. Raises VaultError."""
        del now  # nor here: it hangs on no clock
        return AccessSecret(self.sealer.keys).code(self.opener, profile, serial)

    def canary(self, sealed: SealedSeed, now: datetime) -> bytes:
        """What is in it, hashed. Raises VaultError."""
        del now  # nobody has to be believed here
        # by whoever asks how we are; it must not drive customers' data keys out of memory
        return sha256(self.opener.open_anew(sealed, CANARY_CONTEXT)).digest()

    @contextmanager
    def _opened(self, question: CodeQuestion | AdoptQuestion) -> Iterator[bytearray]:
        seed = self.opener.open(question.sealed, question.context)
        try:
            yield seed
        finally:
            overwrite(seed)

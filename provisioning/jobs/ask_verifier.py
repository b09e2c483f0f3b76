"""Where this process asks: itself, if it opens seeds, or the verifier over the network (R51)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement

from provisioning.errors import VaultError, WrongState
from provisioning.jobs.rounds import Overtaken
from provisioning.rules.otp import Counters, Expected, Match, Tolerance
from provisioning.rules.verifier import Operation
from provisioning.services import Services
from provisioning.store.tables import Credential
from provisioning.store.vault import SealedSeed, SeedContext
from provisioning.verifier.local import LocalVerifier
from provisioning.verifier.questions import Adopted, AdoptQuestion, CodeQuestion, Verifier


def can_ask(services: Services) -> bool:
    """Whether this process has a verifier, here or elsewhere."""
    return services.opener is not None or services.verifier is not None


def verifier_of(services: Services) -> Verifier:
    """Whom to ask. Raises VaultError in a process that has none."""
    if services.opener is not None:
        return LocalVerifier(services.opener, services.sealer)
    if services.verifier is None:
        raise VaultError
    return services.verifier


def expected_codes(services: Services, credential: Credential) -> Expected:
    """Parameters, tolerance and counters of the row."""
    return Expected(
        credential.parameters,
        Tolerance.of(services.institution(credential.institution_id), credential.kind),
        Counters(credential.last_step, credential.highest_seen_step, credential.drift_steps),
    )


def sealed_of(credential: Credential) -> SealedSeed:
    """The row's seed as it is stored. Raises WrongState if there is none (yet, or any more)."""
    if credential.sealed_seed is None or credential.wrapped_key is None or credential.kek_id is None:
        raise WrongState("credential", credential.state.value)
    return SealedSeed(credential.sealed_seed, credential.wrapped_key, credential.kek_id)


def context_of(credential: Credential) -> SeedContext:
    """What the row's seed is bound to."""
    return SeedContext(credential.institution_id, credential.id, credential.seed_version)


def question_about(
    services: Services, credential: Credential, operation: Operation, codes: tuple[str, ...], now: datetime
) -> CodeQuestion:
    """A question about the row as it is now. Raises WrongState if it has no seed."""
    return CodeQuestion(
        operation, sealed_of(credential), context_of(credential), expected_codes(services, credential), codes, now
    )


def ask(services: Services, question: CodeQuestion) -> Match:
    """The verdict; not to be asked for inside a transaction that writes (provisioning.jobs.rounds).

    Raises VaultError, ClockUntrusted, and Overtaken where the verifier found another row than we read.
    """
    try:
        return verifier_of(services).judge(question)
    except WrongState:
        raise Overtaken from None


def ask_to_adopt(services: Services, question: AdoptQuestion) -> Adopted:
    """The verdict, and the seed sealed anew. As `ask`."""
    try:
        return verifier_of(services).adopt(question)
    except WrongState:
        raise Overtaken from None


def ask_access_code(services: Services, profile: str, serial: str, now: datetime) -> bytes:
    """What locks that device; not to be asked for inside a transaction that writes. Raises VaultError."""
    return verifier_of(services).access_code(profile, serial, now)


def as_asked(credential: Credential) -> tuple[ColumnElement[bool], ...]:
    """The row where everything that a verdict rests on still is as in `credential`."""
    return (
        Credential.id == credential.id,
        Credential.state == credential.state,
        Credential.seed_version == credential.seed_version,
        Credential.last_step == credential.last_step,
        Credential.highest_seen_step == credential.highest_seen_step,
        Credential.drift_steps == credential.drift_steps,
    )

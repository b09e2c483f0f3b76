"""What a credential row says about its next codes, for jobs that act inside a transaction."""

from __future__ import annotations

from provisioning.errors import WrongState
from provisioning.jobs.open_seed import open_seed
from provisioning.rules.otp import Counters, Expected, Tolerance
from provisioning.rules.parameters import OtpParameters
from provisioning.services import Services
from provisioning.store.tables import Credential
from provisioning.store.vault import SealedSeed, SeedContext


def expected_codes(services: Services, credential: Credential) -> Expected:
    """Parameters, tolerance and counters of the row."""
    return Expected(
        OtpParameters(credential.otp_type, credential.algorithm, credential.digits, credential.period_s),
        Tolerance.of(services.institution(credential.institution_id), credential.kind),
        Counters(credential.last_step, credential.highest_seen_step, credential.drift_steps),
    )


def stored_seed(services: Services, credential: Credential) -> bytes:
    """The row's seed. Raises WrongState if there is none (yet, or any more), VaultError."""
    if credential.sealed_seed is None or credential.wrapped_key is None or credential.kek_id is None:
        raise WrongState("credential", credential.state.value)
    sealed = SealedSeed(credential.sealed_seed, credential.wrapped_key, credential.kek_id)
    context = SeedContext(credential.institution_id, credential.id, credential.seed_version)
    return open_seed(services, sealed, context)

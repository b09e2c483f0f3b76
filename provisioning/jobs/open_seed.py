"""Open a sealed seed where this process holds the key to it."""

from __future__ import annotations

from provisioning.errors import VaultError
from provisioning.services import Services
from provisioning.store.vault import SealedSeed, SeedContext


def open_seed(services: Services, sealed: SealedSeed, context: SeedContext) -> bytes:
    """The seed. Raises VaultError outside the verifier role (R51), or if anything was changed or moved."""
    if services.opener is None:
        raise VaultError
    return services.opener.open(sealed, context)

"""Seeds: each in one place, where its token is, and nowhere after its end."""

from __future__ import annotations

from collections import Counter

from provisioning.errors import VaultError
from provisioning.rules.states import CredentialState
from provisioning.store.tables import Credential
from provisioning.store.vault import SealedSeed, SeedContext
from tests.faults.storm.books.evidence import Evidence

_BOUND = (CredentialState.SET_UP, CredentialState.ACTIVE, CredentialState.SUSPENDED)


def in_one_place(evidence: Evidence) -> list[str]:
    """No two fobs, no two credentials share one."""
    found = []
    in_fobs = Counter(seed for seed in evidence.seeds_in_fobs.values() if seed)
    kept = Counter(_seed(evidence, one) for one in evidence.credentials if one.sealed_seed is not None)
    found += ["one seed in two fobs" for n in in_fobs.values() if n > 1]
    found += ["one seed for two tokens" for seed, n in kept.items() if seed and n > 1]
    if kept[None]:
        found.append(f"{kept[None]} seeds cannot be opened")
    outlived = [one for one in evidence.credentials if one.state is CredentialState.ENDED and one.sealed_seed]
    return found + [f"the seed of {one.id} outlived it" for one in outlived]


def bound_by_it(evidence: Evidence) -> list[str]:
    """A token in a fob is the one that the verifier knows."""
    serials = {fob.id: fob.serial for fob in evidence.fobs}
    found = []
    for one in evidence.credentials:
        if (
            one.fob_id
            and one.state in _BOUND
            and _seed(evidence, one) != evidence.seeds_in_fobs[serials[one.fob_id]]
        ):
            found.append(f"{one.id} is bound to {serials[one.fob_id]}, which holds another seed")
    return found


def _seed(evidence: Evidence, one: Credential) -> bytes | None:
    assert evidence.services.opener is not None
    assert one.sealed_seed is not None
    assert one.wrapped_key is not None
    assert one.kek_id is not None
    sealed = SealedSeed(one.sealed_seed, one.wrapped_key, one.kek_id)
    try:
        context = SeedContext(one.institution_id, one.id, one.seed_version)
        return bytes(evidence.services.opener.open(sealed, context))
    except VaultError:
        return None

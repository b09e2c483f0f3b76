"""Every end of a token that was in use is told to the bank's host, once (R41)."""

from __future__ import annotations

from collections import Counter

from provisioning.rules.states import CredentialState
from tests.faults.storm.books.evidence import Evidence


def told_to_the_host(evidence: Evidence) -> list[str]:
    """One event for each, and none without."""
    ended = {one.id for one in evidence.credentials if one.activated_at and one.state is CredentialState.ENDED}
    told = Counter(event.credential_id for event in evidence.events)
    found = [f"the end of {one} is told {told[one]} times" for one in ended if told[one] != 1]
    return found + [f"{one} is told as ended, and is not" for one in told if one not in ended]

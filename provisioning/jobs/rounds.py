"""Reading, asking somebody who may take long, and writing only where nothing has changed meanwhile (R06, R72).

No transaction that writes is open while a verifier or a hardware security module is asked: on SQLite everybody who
writes would wait for the answer, on PostgreSQL everybody who needs the same rows.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from provisioning.errors import StoreFault, StoreUnavailable

# each round is lost only to another act on the same rows that was decided meanwhile
MAX_ROUNDS: Final = 8

Result = TypeVar("Result")


class Overtaken(Exception):
    """What the answer was about is no longer as this round read it; nothing of the round was written."""


def until_settled(one_round: Callable[[], Result]) -> Result:
    """What the first round that nobody overtook came to.

    A round reads, ends the read, asks, and then writes in one transaction, which raises Overtaken where it finds
    another row than was read: whatever was asked is then asked anew. Raises StoreUnavailable after the last round,
    and whatever a round raises.
    """
    for _ in range(MAX_ROUNDS):
        with suppress(Overtaken):
            return one_round()
    raise StoreUnavailable(StoreFault.LOCKED)

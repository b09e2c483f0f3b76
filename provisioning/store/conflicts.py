"""Transactions that the database gives up so that others can go on are run again (R72).

PostgreSQL ends one of two that wait for each other, and one that cannot be put in an order with others;
nothing of it was written. Only whoever began it can run it again, for only they know what it was to do.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from provisioning.errors import StoreConflict, StoreUnavailable

TRIES: Final = 5
_FIRST_PAUSE_MS: Final = 20

Given = ParamSpec("Given")
Result = TypeVar("Result")


def retried(act: Callable[Given, Result]) -> Callable[Given, Result]:
    """Run `act` again, at most TRIES times in all, while its transaction is given up for another's.

    To be put on a function that makes one transaction and changes nothing outside of it. After the last try
    it raises StoreUnavailable, as for any other lock that was not to be had.
    """

    @wraps(act)
    def again(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        for tried in range(1, TRIES):
            try:
                return act(*args, **kwargs)
            except StoreConflict:
                _pause(tried)
        try:
            return act(*args, **kwargs)
        except StoreConflict as conflict:
            raise StoreUnavailable(conflict.fault) from conflict

    return again


def _pause(tried: int) -> None:
    """Up to 20 ms, 40 ms … by chance: whoever met once is not to meet again."""
    time.sleep(secrets.randbelow(_FIRST_PAUSE_MS << (tried - 1)) / 1000)

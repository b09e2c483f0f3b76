"""Fobs that are locked with a code of ours, as far as stations have told."""

from __future__ import annotations

from sqlalchemy import func, select

from provisioning.rules.states import GONE
from provisioning.store.engine import Store
from provisioning.store.tables import Fob


def count_locked_fobs(store: Store) -> int:
    """Of every institution, without those that are not expected back."""
    locked = select(func.count()).where(Fob.access_code_set, Fob.state.not_in(GONE))
    with store.read_connection() as connection:
        return connection.execute(locked).scalar_one()

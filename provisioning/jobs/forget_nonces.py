"""Forget nonces and turns of stations' requests that the time rules refuse anyway (the worker's clean-up)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete

from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import SpentNonce, StationRequest


@retried
def forget_nonces(services: Services, now: datetime) -> None:
    """Delete whatever expired before `now`."""
    with services.store.write() as tx:
        tx.execute(delete(SpentNonce).where(SpentNonce.expires_at < now))
        tx.execute(delete(StationRequest).where(StationRequest.expires_at < now))

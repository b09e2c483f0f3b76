"""Systems of the bank that called a moment ago: asking the database again each time would cost a round trip."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from provisioning.jobs.check_bank_key import KnownClient, check_bank_key
from provisioning.services import Services

BELIEVED_FOR: Final = timedelta(seconds=1)
"""A revoked key works for this long at most."""
_MOST: Final = 100


class KnownClients:
    """Keys that were good a moment ago, by their SHA-256; no others are kept. Safe to share between threads."""

    def __init__(self) -> None:
        self._found: OrderedDict[bytes, tuple[datetime, KnownClient]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, services: Services, authorization: str, now: datetime) -> KnownClient:
        """The caller with this `Authorization` header. Raises NotAuthentic, StoreUnavailable."""
        name = sha256(authorization.encode("utf-8", "surrogateescape")).digest()
        with self._lock:
            found = self._found.get(name)
        if found is not None and timedelta(0) <= now - found[0] < BELIEVED_FOR:
            return found[1]
        client = check_bank_key(services, authorization)
        with self._lock:
            self._found[name] = (now, client)
            self._found.move_to_end(name)
            while len(self._found) > _MOST:
                self._found.popitem(last=False)
        return client

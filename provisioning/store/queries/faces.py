"""By which other profiles stations see a fob: a key with keyboard and card reader has two faces."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.store.engine import Store
from provisioning.store.own_rows import own_row
from provisioning.store.queries.stations import CONNECTED_WITHIN
from provisioning.store.tables import Fob, Station


def other_faces(store: Store, institution_id: str, fob_id: str, now: datetime) -> tuple[str, ...]:
    """The profiles by which a connected station could use the fob as well, without the one in force.

    Raises NotFound.
    """
    with store.read() as session:
        fob = own_row(session, Fob, fob_id, institution_id)
        return tuple(sorted(name for name, seen in faces(session, fob, now).items() if seen["problem"] is None))


def faces(session: Session, fob: Fob, now: datetime) -> dict[str, Mapping[str, Any]]:
    """What the connected stations of the institution tell of the other faces, by profile."""
    connected = select(Station).where(
        Station.institution_id == fob.institution_id,
        Station.revoked_at.is_(None),
        Station.last_seen_at >= now - CONNECTED_WITHIN,
    )
    told = [item for station in session.scalars(connected) for item in station.devices if item["serial"]]
    ours = [item for item in told if (item["numbering"], item["serial"]) == (fob.numbering, fob.serial)]
    return {item["profile"]: item for item in ours if item["profile"] not in ("", fob.profile)}

"""Fobs whose serial number only their label tells: written where one alone of the kind is plugged in (R28)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from devices.profiles import SerialSource
from provisioning.errors import AlreadyTaken, WrongState
from provisioning.rules.states import FobState, JobState
from provisioning.services import Services
from provisioning.store.queries.stations import CONNECTED_WITHIN
from provisioning.store.tables import BatchItem, BatchItemState, Fob, ProgrammingJob, Station


def is_unnamed(services: Services, profile_name: str) -> bool:
    """Whether devices of that profile tell no serial number."""
    profile = services.profiles.get(profile_name)
    return profile is not None and profile.use.serial is SerialSource.LABEL


def station_for(tx: Session, services: Services, fob: Fob, station_id: str | None, now: datetime) -> str | None:
    """The station that is to work on `fob`: `station_id` as it is, but for an unnamed fob the one that sees it.

    Raises WrongState("device", "not_found" or "not_alone") unless exactly one unnamed device of the kind is
    plugged in there, AlreadyTaken("device") while it may be the fob of another job.
    """
    if not is_unnamed(services, fob.profile):
        return station_id
    here = [
        Station.institution_id == fob.institution_id,
        Station.branch == fob.branch,
        Station.revoked_at.is_(None),
    ]
    if station_id is not None:
        here.append(Station.id == station_id)
    connected = tx.scalars(select(Station).where(*here, Station.last_seen_at >= now - CONNECTED_WITHIN)).all()
    seen = [station for station in connected for device in station.devices if device["profile"] == fob.profile]
    if len(seen) != 1:
        raise WrongState("device", "not_alone" if seen else "not_found")
    # of two who want the one device for different fobs, the second waits here and then sees the job of the first
    tx.execute(select(Station.id).where(Station.id == seen[0].id).with_for_update(key_share=True))
    if _is_waited_for(tx, fob, seen[0].id):
        raise AlreadyTaken("device")
    return seen[0].id


def may_be_there(tx: Session, station_id: str, profile_name: str, now: datetime) -> bool:
    """Whether the station sees a device of the kind, or is not heard and cannot say."""
    station = tx.get_one(Station, station_id)
    heard = station.last_seen_at is not None and station.last_seen_at >= now - CONNECTED_WITHIN
    return not heard or any(device["profile"] == profile_name for device in station.devices)


def _is_waited_for(tx: Session, fob: Fob, station_id: str) -> bool:
    """Whether an open job at the station is for another fob of the kind, which nobody could tell from this one.

    One that was written there and not handed over yet may still be plugged in: a customer's seed would be lost.
    In a batch it was out before it was put down as done.
    """
    put_down = (
        BatchItem.fob_id == ProgrammingJob.fob_id,
        BatchItem.state == BatchItemState.DONE,
        BatchItem.changed_at >= ProgrammingJob.proved_at,
    )
    query = (
        select(ProgrammingJob.id)
        .join(Fob, Fob.id == ProgrammingJob.fob_id)
        .where(
            ProgrammingJob.institution_id == fob.institution_id,
            ProgrammingJob.station_id.is_(None) | (ProgrammingJob.station_id == station_id),
            Fob.profile == fob.profile,
            Fob.id != fob.id,
            ProgrammingJob.closed_at.is_(None)
            | (
                (ProgrammingJob.state == JobState.PROVED)
                & (Fob.state == FobState.PROGRAMMED)
                & ~exists().where(*put_down)
            ),
        )
    )
    return tx.scalars(query.limit(1)).first() is not None

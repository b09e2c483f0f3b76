"""A station's requests, and its silence, by a clock that was set back (R04, R76)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning.errors import AuthFault, ClockUntrusted, NotAuthentic
from provisioning.jobs.check_station import check_station
from provisioning.jobs.forget_nonces import forget_nonces
from provisioning.services import Services
from provisioning.store.queries import stations
from provisioning.store.queries.stations import StationStatus
from tests.fixtures.databases import sqlite_only
from tests.fobs.case import Case
from tests.fobs.desk import Desk
from tests.fobs.test_stations import signed

pytestmark = sqlite_only


def test_a_clock_that_was_set_back_believes_no_station(services: Services, desk: Desk) -> None:
    """What was recorded before, and was forgotten since because it was too old, would be new again."""
    recorded, hour_later = signed(desk), desk.now + timedelta(hours=1)
    check_station(services, recorded, desk.now)
    forget_nonces(services, hour_later)
    services.clock.check(hour_later)
    for request in (recorded, signed(desk)):
        with pytest.raises(ClockUntrusted):
            check_station(services, request, desk.now)


def test_a_request_from_a_desk_that_is_ahead_comes_once_though_the_clock_is_corrected(
    services: Services, desk: Desk
) -> None:
    ahead, later = signed(desk, after=timedelta(seconds=60)), desk.now + timedelta(seconds=121)
    check_station(services, ahead, desk.now)
    services.clock.check(later)
    forget_nonces(services, later)
    with pytest.raises(NotAuthentic) as refused:
        check_station(services, ahead, later - timedelta(seconds=60))
    assert refused.value.fault is AuthFault.REPLAYED


def test_a_station_that_falls_silent_after_the_clock_was_set_back_is_seen_to(case: Case) -> None:
    case.desk.poll()
    case.desk.now -= timedelta(hours=1)
    case.desk.poll()

    def status(seconds: float) -> StationStatus:
        now = case.now + timedelta(seconds=seconds)
        return next(iter(stations.stations(case.services.store, "dual", now))).status

    assert (status(15), status(16)) == (StationStatus.CONNECTED, StationStatus.SILENT)

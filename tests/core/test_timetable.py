"""Waiting rules to the second, in Japan time (R36, R38; manuals 001, 003, 004)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from provisioning.rules.timetable import (
    JST,
    day_begins,
    day_ends,
    japan_day,
    last_day_before,
    reissue_from,
    wait_after_revocation,
)


def japan(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JST)


@pytest.mark.parametrize(
    ("released", "may"),
    [
        ("2026-11-20 23:59:59", "2026-11-21 00:00:00"),
        ("2026-11-21 00:00:00", "2026-11-22 00:00:00"),
        ("2026-11-20 00:00:00", "2026-11-21 00:00:00"),
        ("2026-11-20 08:59:59", "2026-11-21 00:00:00"),  # still the day before in UTC
        ("2026-12-31 23:59:59", "2027-01-01 00:00:00"),
        ("2028-02-28 12:00:00", "2028-02-29 00:00:00"),
    ],
)
def test_reissue_from_the_next_day(released: str, may: str) -> None:
    assert reissue_from(japan(released).astimezone(UTC)) == japan(may)
    assert reissue_from(japan(released)).tzinfo is UTC


@pytest.mark.parametrize(
    ("revoked", "may"),
    [
        ("2026-11-20 20:49:59", "2026-11-20 21:09:59"),
        ("2026-11-20 20:50:00", "2026-11-21 08:10:00"),
        ("2026-11-20 08:09:59", "2026-11-20 08:10:00"),
        ("2026-11-20 08:10:00", "2026-11-20 08:30:00"),
        ("2026-11-20 23:59:59", "2026-11-21 08:10:00"),
        ("2026-11-21 00:00:00", "2026-11-21 08:10:00"),
        ("2026-12-31 20:50:00", "2027-01-01 08:10:00"),
        ("2026-12-31 20:49:59", "2026-12-31 21:09:59"),
        ("2028-02-28 20:50:00", "2028-02-29 08:10:00"),
        ("2028-02-29 20:50:00", "2028-03-01 08:10:00"),
        ("2027-02-28 20:50:00", "2027-03-01 08:10:00"),
    ],
)
def test_waiting_after_revocation(revoked: str, may: str) -> None:
    assert wait_after_revocation(japan(revoked).astimezone(UTC)) == japan(may)


def test_days_are_japans() -> None:
    assert japan_day(datetime(2026, 11, 20, 14, 59, 59, tzinfo=UTC)) == "2026-11-20"
    assert japan_day(datetime(2026, 11, 20, 15, 0, 0, tzinfo=UTC)) == "2026-11-21"


def test_a_day_has_a_beginning_an_end_and_a_last_instant() -> None:
    for moment in (japan("2026-11-20 00:00:00"), japan("2026-11-20 23:59:59")):
        assert day_begins(moment.astimezone(UTC)) == japan("2026-11-20 00:00:00")
    assert day_ends(date(2026, 12, 31)) == japan("2027-01-01 00:00:00")
    midnight = japan("2026-11-21 00:00:00").astimezone(UTC)
    assert last_day_before(midnight) == date(2026, 11, 20)
    assert last_day_before(midnight + timedelta(microseconds=1)) == date(2026, 11, 21)
    assert {day_begins(midnight).tzinfo, day_ends(date(2026, 11, 20)).tzinfo} == {UTC}

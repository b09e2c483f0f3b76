"""Stations: invited, enrolled, believed by their signature, revoked, silent (R27, R76)."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from devices.contract import Authorization, FailureCode, Problem, signed_text
from provisioning.errors import (
    AlreadyTaken,
    AuthFault,
    BadInput,
    InputFault,
    NotAuthentic,
    NotFound,
    StoreFault,
    StoreUnavailable,
    WrongState,
)
from provisioning.jobs.abandon_stale import abandon_stale
from provisioning.jobs.check_station import SignedRequest, check_station
from provisioning.jobs.claim_job import ClaimJobCommand, claim_job
from provisioning.jobs.enrol_station import EnrolStationCommand, enrol_station
from provisioning.jobs.forget_nonces import forget_nonces
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.reserve_fob import ReservedFob, ReserveFobCommand, reserve_fob
from provisioning.jobs.revoke_station import RevokeStationCommand, revoke_station
from provisioning.jobs.take_into_stock import TakeIntoStockCommand, take_into_stock
from provisioning.rules.actor import Actor
from provisioning.rules.states import FobState, JobState
from provisioning.services import Services
from provisioning.store.queries import fobs, jobs, stations
from provisioning.store.queries.next_step import NextStep
from provisioning.store.queries.stations import StationStatus
from tests.fixtures.databases import sqlite_only
from tests.fobs.case import Case
from tests.fobs.desk import Desk, PlainFob, open_desk

KEY = secrets.token_hex(32)
PATH = "/api/station/v1/poll"


def test_a_code_enrols_once_however_it_is_typed(services: Services, teller_actor: Actor, now: datetime) -> None:
    invitation = invite_station(services, InviteStationCommand("dual", "本店", "窓口2", teller_actor), now)
    assert len(invitation.code.replace("-", "")) == 20
    assert invitation.code not in repr(invitation)
    typed = f" {invitation.code.lower().replace('-', ' ')}"
    assert enrol_station(services, EnrolStationCommand(typed, KEY, KEY), now).name == "窓口2"
    with pytest.raises(NotFound):
        enrol_station(services, EnrolStationCommand(invitation.code, KEY, KEY), now)


def test_a_code_is_good_for_an_hour(services: Services, teller_actor: Actor, now: datetime) -> None:
    invitation = invite_station(services, InviteStationCommand("dual", "本店", "窓口2", teller_actor), now)
    command = EnrolStationCommand(invitation.code, KEY, KEY)
    with pytest.raises(NotFound):
        enrol_station(services, command, now + timedelta(hours=1))
    enrol_station(services, command, now + timedelta(hours=1, microseconds=-1))


@pytest.mark.parametrize(
    ("key", "fault"),
    [("zz" * 32, InputFault.BAD_FORM), ("00" * 32, InputFault.BAD_FORM), ("11" * 31, InputFault.WRONG_LENGTH)],
)
def test_unusable_keys_do_not_spend_the_code(
    services: Services, teller_actor: Actor, now: datetime, key: str, fault: InputFault
) -> None:
    invitation = invite_station(services, InviteStationCommand("dual", "本店", "窓口2", teller_actor), now)
    with pytest.raises(BadInput) as refused:
        enrol_station(services, EnrolStationCommand(invitation.code, KEY, key), now)
    assert refused.value == BadInput("sealing_key", fault)
    enrol_station(services, EnrolStationCommand(invitation.code, KEY, KEY), now)


@pytest.mark.parametrize(
    ("branch", "name", "field"), [("空港支店", "窓口", "branch"), ("本店", " ", "name"), ("本店", "a\nb", "name")]
)
def test_an_invitation_needs_a_known_branch_and_a_name(
    services: Services, teller_actor: Actor, branch: str, name: str, field: str
) -> None:
    command = InviteStationCommand("dual", branch, name, teller_actor)
    with pytest.raises(BadInput) as refused:
        invite_station(services, command, datetime.now().astimezone())
    assert refused.value.field == field


def signed(desk: Desk, body: bytes = b"{}", after: timedelta = timedelta(0), path: str = PATH) -> SignedRequest:
    """A request as the desk's agent signs it, `after` from now."""
    time, nonce = str(int((desk.now + after).timestamp() * 1000)), secrets.token_hex(16)
    signature = desk.signing_key.sign(signed_text("POST", path, time, nonce, body))
    header = Authorization(desk.station_id, time, nonce, signature).header()
    return SignedRequest(header, "POST", path, body)


def test_a_signed_request_is_believed_once(services: Services, desk: Desk) -> None:
    request = signed(desk)
    known = check_station(services, request, desk.now)
    assert (known.id, known.institution_id, known.branch) == (desk.station_id, "dual", "本店")
    with pytest.raises(NotAuthentic) as refused:
        check_station(services, request, desk.now)
    assert refused.value.fault is AuthFault.REPLAYED


@pytest.mark.parametrize("seconds", [-61, 61, 10**9])
def test_a_late_or_early_request_is_refused(services: Services, desk: Desk, seconds: int) -> None:
    with pytest.raises(NotAuthentic) as refused:
        check_station(services, signed(desk, after=timedelta(seconds=seconds)), desk.now)
    assert refused.value.fault is AuthFault.CLOCK


@pytest.mark.parametrize("seconds", [-60, 60])
def test_a_minute_of_skew_is_borne(services: Services, desk: Desk, seconds: int) -> None:
    assert check_station(services, signed(desk, after=timedelta(seconds=seconds)), desk.now)


@pytest.mark.parametrize(
    "change", [{"body": b"{ }"}, {"method": "PUT"}, {"path": "/api/station/v1/jobs/1/result"}]
)
def test_an_altered_request_is_refused(services: Services, desk: Desk, change: dict[str, object]) -> None:
    with pytest.raises(NotAuthentic) as refused:
        check_station(services, replace(signed(desk), **change), desk.now)  # type: ignore[arg-type]
    assert refused.value.fault is AuthFault.BAD_SIGNATURE


def test_another_stations_signature_is_refused(services: Services, desk: Desk) -> None:
    other = open_desk(services, desk.now, "窓口2")
    forged = replace(other, station_id=desk.station_id)
    with pytest.raises(NotAuthentic) as refused:
        check_station(services, signed(forged), desk.now)
    assert refused.value.fault is AuthFault.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("", AuthFault.MISSING),
        ("Bearer abc", AuthFault.BAD_FORM),
        (Authorization("0" * 32, "1", "0" * 32, bytes(64)).header(), AuthFault.UNKNOWN),
    ],
)
def test_nobody_in_particular_is_refused(services: Services, now: datetime, header: str, fault: AuthFault) -> None:
    with pytest.raises(NotAuthentic) as refused:
        check_station(services, SignedRequest(header, "POST", PATH, b""), now)
    assert refused.value.fault is fault


def test_a_request_that_was_overtaken_is_refused(services: Services, desk: Desk) -> None:
    first, second = signed(desk), signed(desk, after=timedelta(milliseconds=1))
    check_station(services, second, desk.now)
    with pytest.raises(NotAuthentic) as refused:
        check_station(services, first, desk.now)
    assert refused.value.fault is AuthFault.REPLAYED
    elsewhere = signed(desk, path="/api/station/v1/jobs/1/result")
    assert check_station(services, elsewhere, desk.now), "requests to other addresses may cross it on the way"


def test_turns_are_kept_as_long_as_the_time_rule_would_let_them_in(services: Services, desk: Desk) -> None:
    request = signed(desk, after=timedelta(seconds=60))
    check_station(services, request, desk.now)
    for seconds in (60, 120):
        forget_nonces(services, desk.now + timedelta(seconds=seconds))
        with pytest.raises(NotAuthentic) as refused:
            check_station(services, request, desk.now + timedelta(seconds=seconds))
        assert refused.value.fault is AuthFault.REPLAYED
    forget_nonces(services, desk.now + timedelta(seconds=121))
    with pytest.raises(NotAuthentic) as refused:
        check_station(services, request, desk.now + timedelta(seconds=121))
    assert refused.value.fault is AuthFault.CLOCK


def test_a_revoked_station_is_refused_and_its_work_goes_to_another(case: Case, reserved: ReservedFob) -> None:
    plain = case.desk.plug(case.fob)
    case.desk.poll()
    revoke = RevokeStationCommand("dual", case.desk.station_id, case.teller)
    revoke_station(case.services, revoke, case.now)
    revoke_station(case.services, revoke, case.now)
    with pytest.raises(NotAuthentic) as refused:
        check_station(case.services, signed(case.desk), case.now)
    assert refused.value.fault is AuthFault.REVOKED
    assert case.job(reserved.job_id).state is JobState.ABANDONED
    case.desk.running.clear()
    assert case.desk.poll() == (), "even a poll that was let in before gets no seed any more"
    other = open_desk(case.services, case.now, "窓口2")
    other.fobs.append(plain)
    assert other.work() == [JobState.PROVED]
    with pytest.raises(NotFound):
        revoke_station(case.services, replace(revoke, institution_id="other"), case.now)


@sqlite_only
def test_a_station_is_revoked_also_where_its_work_cannot_be_given_up_now(
    case: Case, reserved: ReservedFob, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.desk.plug(case.fob)
    case.desk.poll()

    def refuse(*_: object) -> bool:
        raise StoreUnavailable(StoreFault.LOCKED)

    with monkeypatch.context() as patch:
        patch.setattr("provisioning.jobs.revoke_station.give_up", refuse)
        revoke_station(case.services, RevokeStationCommand("dual", case.desk.station_id, case.teller), case.now)
    with pytest.raises(NotAuthentic):
        check_station(case.services, signed(case.desk), case.now)
    assert case.job(reserved.job_id).state is JobState.WRITING
    assert abandon_stale(case.services, case.now + timedelta(seconds=61)) == 1
    assert case.open_job().attempt == 2


def test_a_job_for_a_revoked_station_is_anybodys(case: Case) -> None:
    plain = case.desk.plug(case.fob)
    other = open_desk(case.services, case.now, "窓口2")
    case.reserve(station_id=other.station_id)
    assert case.desk.poll() == (), "the job is for the other station"
    revoke_station(case.services, RevokeStationCommand("dual", other.station_id, case.teller), case.now)
    assert case.desk.work() == [JobState.PROVED]
    assert plain.generation == 1


def test_another_institutions_station_gets_no_work(case: Case, reserved: ReservedFob) -> None:
    stranger = open_desk(case.services, case.now, institution_id="other")
    stranger.plug(case.fob)
    assert stranger.poll() == ()


def test_another_branchs_station_gets_no_work_whatever_it_says_that_it_sees(
    case: Case, reserved: ReservedFob
) -> None:
    """Its seed is the key to a customer's account: a desk that was taken over speaks for its own branch alone."""
    far = open_desk(case.services, case.now, branch="駅前支店")
    far.fobs.append(PlainFob(case.fob.serial))
    assert far.poll() == ()
    with pytest.raises(WrongState):
        claim_job(case.services, ClaimJobCommand(reserved.job_id, far.station_id, far.actor), case.now)
    assert jobs.job(case.services.store, "dual", reserved.job_id, case.now).next_step is NextStep.START_STATION
    with pytest.raises(NotFound):
        reserve_fob(
            case.services,
            ReserveFobCommand("dual", case.customer.id, case.fob.id, case.teller, station_id=far.station_id),
            case.now,
        )
    near = case.desk.plug(case.fob)
    assert [job.serial for job in case.desk.poll()] == [near.serial]


def test_the_timer_gives_up_what_a_silent_station_was_writing(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    case.desk.poll()
    case.desk.now += timedelta(seconds=60)
    assert abandon_stale(case.services, case.now) == 0
    case.desk.now += timedelta(seconds=1)
    assert abandon_stale(case.services, case.now) == 1
    assert case.job(reserved.job_id).failure == {"code": "station_silent", "facts": {}}
    assert case.open_job().attempt == 2
    assert abandon_stale(case.services, case.now) == 0
    case.desk.running.clear()
    assert case.desk.work() == [JobState.PROVED]


def test_the_timer_leaves_a_station_alone_that_is_heard(case: Case, reserved: ReservedFob) -> None:
    case.desk.plug(case.fob)
    case.desk.poll()
    for _ in range(10):
        case.desk.now += timedelta(seconds=30)
        case.desk.poll()
        assert abandon_stale(case.services, case.now) == 0


def test_a_fob_first_seen_is_taken_into_stock_with_what_the_station_told(case: Case) -> None:
    case.desk.fobs.append(PlainFob("KF7777777", generation=3))
    case.desk.poll()
    command = TakeIntoStockCommand("dual", case.desk.station_id, "kagiya-fob-hid", "KF7777777", case.teller)
    fob_id = take_into_stock(case.services, command, case.now).fob_id
    view = fobs.fob(case.services.store, "dual", fob_id)
    assert (view.serial, view.firmware, view.battery_percent, view.state) == (
        "KF7777777",
        "1.0.0",
        90,
        FobState.IN_STOCK,
    )
    assert (view.branch, view.clock_offset_s, view.first_seen_at) == ("本店", -4, case.now)
    with pytest.raises(AlreadyTaken):
        take_into_stock(case.services, command, case.now)
    with pytest.raises(NotFound):
        take_into_stock(case.services, replace(command, serial="KF7777778"), case.now)
    with pytest.raises(NotFound):
        take_into_stock(case.services, replace(command, institution_id="other"), case.now)


def test_a_device_with_a_problem_or_a_double_is_not_taken_into_stock(case: Case) -> None:
    doubtful = PlainFob("KF7777777", problem=Problem(FailureCode.UNSUPPORTED_FIRMWARE))
    case.desk.fobs.append(doubtful)
    case.desk.poll()
    command = TakeIntoStockCommand("dual", case.desk.station_id, "kagiya-fob-hid", "KF7777777", case.teller)
    with pytest.raises(WrongState) as refused:
        take_into_stock(case.services, command, case.now)
    assert refused.value == WrongState("device", "unsupported_firmware")
    doubtful.problem = None
    case.desk.fobs.append(PlainFob("KF7777777"))
    case.desk.poll()
    with pytest.raises(NotFound):
        take_into_stock(case.services, command, case.now)


def test_the_stations_page_shows_devices_as_they_come_and_go(case: Case, reserved: ReservedFob) -> None:
    store = case.services.store
    invite_station(case.services, InviteStationCommand("dual", "駅前支店", "窓口9", case.teller), case.now)
    case.desk.plug(case.fob)
    case.desk.fobs.append(PlainFob("KF8", problem=Problem(FailureCode.PERMISSION, {"path": "/dev/hidraw0"})))
    case.desk.poll()
    own, invited = stations.stations(store, "dual", case.now)
    assert (own.status, invited.status) == (StationStatus.CONNECTED, StationStatus.INVITED)
    known, unknown = own.devices
    assert (known.fob_id, known.fob_state, known.job_id) == (case.fob.id, FobState.PROGRAMMING, reserved.job_id)
    assert unknown.fob_id is None
    assert unknown.problem is not None
    assert (unknown.problem.code, unknown.problem.facts) == ("permission", {"path": "/dev/hidraw0"})
    case.desk.fobs.pop()
    case.desk.poll()
    assert len(stations.station(store, "dual", case.desk.station_id, case.now).devices) == 1
    silent = stations.station(store, "dual", case.desk.station_id, case.now + timedelta(seconds=16))
    assert (silent.status, silent.devices) == (StationStatus.SILENT, ())
    assert stations.stations(store, "dual", case.now, "駅前支店") == (invited,)
    with pytest.raises(NotFound):
        stations.station(store, "other", case.desk.station_id, case.now)

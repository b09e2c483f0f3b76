"""A credential's form follows the kind of fob; what a fob cannot hold is refused before anything is queued."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.contract import FailureCode, JobResult
from devices.notices import Notice, notices
from devices.profiles import FirmwareProfile
from devices.profiles import OtpType as DeviceOtpType
from provisioning.errors import CannotHold
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.fob_fit import fob_fit
from provisioning.jobs.hand_over import hand_over
from provisioning.jobs.prove_typed_code import ProveTypedCodeCommand, prove_typed_code
from provisioning.rules.parameters import OtpParameters, OtpType
from provisioning.rules.states import CredentialState, FobState, JobState
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import customer_actor
from tests.fixtures.services import DUAL
from tests.fobs.case import Case
from tests.fobs.kinds import (
    COUNTS_BY_16,
    KAGIYA,
    LOCKS,
    NAME,
    NEEDS_COMPANION,
    SIX_THIRTY,
    TYPES_ALL,
    UNNAMED,
    YUBIKEY,
    as_kind,
    kind,
    with_kind,
)

BY_COUNTER = OtpParameters(OtpType.HOTP, digits=8, period_s=0)


def with_institution(services: Services, **changes: object) -> Services:
    return replace(services, institutions={"dual": replace(DUAL, **changes)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("profile", "wanted", "written"),
    [
        (KAGIYA, OtpParameters(), OtpParameters()),
        (KAGIYA, BY_COUNTER, BY_COUNTER),
        (SIX_THIRTY, OtpParameters(digits=6, period_s=30), OtpParameters(digits=6, period_s=30)),
        (COUNTS_BY_16, OtpParameters(), BY_COUNTER),
        (kind(periods_s=(30,)), OtpParameters(), BY_COUNTER),
    ],
)
@sqlite_only
def test_by_time_where_the_fob_can_else_by_counter(
    services: Services, profile: FirmwareProfile, wanted: OtpParameters, written: OtpParameters
) -> None:
    fit = fob_fit(with_kind(services, profile), replace(DUAL, otp=wanted), NAME)
    assert (fit.otp, fit.refusal) == (written, None)


@pytest.mark.parametrize(
    ("profile", "typed_first", "first_counter", "written"),
    [
        (YUBIKEY, False, 0, OtpParameters()),
        (YUBIKEY, True, 0, BY_COUNTER),
        # it cannot begin there: a companion program shows the code rather than nobody
        (YUBIKEY, True, 8, OtpParameters()),
        # these type whatever they hold, or nothing: no reason to leave time
        (TYPES_ALL, True, 0, OtpParameters()),
        (KAGIYA, True, 0, OtpParameters()),
    ],
)
@sqlite_only
def test_an_institution_may_want_codes_typed_by_the_fob(
    services: Services, profile: FirmwareProfile, typed_first: bool, first_counter: int, written: OtpParameters
) -> None:
    institution = replace(DUAL, typed_first=typed_first, hotp_first_counter=first_counter)
    fit = fob_fit(with_kind(services, profile), institution, NAME)
    assert (fit.otp, fit.refusal) == (written, None)


@pytest.mark.parametrize(
    ("profile", "wanted", "first_counter", "refusal"),
    [
        (SIX_THIRTY, OtpParameters(), 0, CannotHold("digits", "8", "6")),
        (SIX_THIRTY, BY_COUNTER, 0, CannotHold("otp_type", "hotp", "totp")),
        (kind(seed_bytes=(10, 16)), OtpParameters(), 0, CannotHold("seed_bytes", "20", "10, 16")),
        (COUNTS_BY_16, OtpParameters(), 8, CannotHold("counter", "8", "multiples of 16")),
        (COUNTS_BY_16, OtpParameters(digits=6), 17, CannotHold("counter", "17", "multiples of 16")),
    ],
)
@sqlite_only
def test_what_the_fob_cannot_hold_is_named(
    services: Services,
    profile: FirmwareProfile,
    wanted: OtpParameters,
    first_counter: int,
    refusal: CannotHold,
) -> None:
    institution = replace(DUAL, otp=wanted, hotp_first_counter=first_counter)
    fit = fob_fit(with_kind(services, profile), institution, NAME)
    assert (fit.refusal, fit.notices) == (refusal, ())


def test_nothing_is_queued_for_a_fob_that_cannot_hold_it(case: Case) -> None:
    case = as_kind(case, SIX_THIRTY)
    case.desk.plug(case.fob)
    with pytest.raises(CannotHold) as caught:
        case.reserve()
    assert caught.value == CannotHold("digits", "8", "6")
    assert case.jobs() == []
    assert case.open_credentials() == []
    assert case.fob_state() is FobState.IN_STOCK
    assert case.desk.poll() == ()


def test_another_institutions_six_digits_go_into_the_same_fob(case: Case) -> None:
    case = as_kind(case, SIX_THIRTY)
    services = with_institution(case.services, otp=OtpParameters(digits=6, period_s=30))
    case = replace(case, services=services, desk=replace(case.desk, services=services))
    reserved = case.reserve()
    plain = case.desk.plug(case.fob)
    assert case.desk.work() == [JobState.PROVED]
    assert len(plain.code(case.now)) == 6
    assert case.credential(reserved.credential_id).period_s == 30


def test_a_fob_that_counts_begins_where_the_institution_says_and_its_proof_is_consumed(case: Case) -> None:
    case = as_kind(case, COUNTS_BY_16)
    services = with_institution(case.services, hotp_first_counter=32)
    case = replace(case, services=services, desk=replace(case.desk, services=services))
    reserved = case.reserve()
    plain = case.desk.plug(case.fob)
    plain.tells_code = False
    (job,) = case.desk.poll()
    assert (job.otp_type, job.digits, job.period_s, job.counter) == ("hotp", 8, 0, 32)
    assert case.desk.report(job.job_id, case.desk.write(job)) is JobState.WRITTEN

    first = plain.code(case.now)
    typed = ProveTypedCodeCommand("dual", reserved.job_id, first, case.teller)
    assert prove_typed_code(services, typed, case.now).proved
    credential = case.credential(reserved.credential_id)
    assert (credential.state, credential.last_step) == (CredentialState.SET_UP, 32)

    hand_over(services, case.of_fob(), case.now)
    user_id, actor = case.customer.user_id, customer_actor(case.customer)
    again = activate(services, ActivateCommand("dual", user_id, first, actor), case.now)
    assert again.outcome is Outcome.REFUSED
    assert plain.written_as is not None
    plain.written_as = replace(plain.written_as, counter=33)
    second = activate(services, ActivateCommand("dual", user_id, plain.code(case.now), actor), case.now)
    assert second.outcome is Outcome.ACCEPTED


def test_a_further_attempt_has_the_same_form(case: Case) -> None:
    case = as_kind(case, COUNTS_BY_16)
    case.reserve()
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    case.desk.fail(job.job_id, FailureCode.LINK_LOST)
    (again,) = case.desk.poll()
    assert (again.otp_type, again.counter) == ("hotp", 0)
    assert case.desk.open_seed(again) != case.desk.open_seed(job)


@pytest.mark.parametrize("profile", [KAGIYA, COUNTS_BY_16])
def test_a_fob_that_proves_another_seed_is_doubted_and_tried_with_a_fresh_one(
    case: Case, profile: FirmwareProfile
) -> None:
    case = as_kind(case, profile)
    reserved = case.reserve()
    plain = case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    wrong = plain.carry_out(job, bytes(20), case.now)
    assert case.desk.report(job.job_id, JobResult(receipt=wrong)) is JobState.FAILED
    failure = case.job(job.job_id).failure
    assert failure is not None
    assert (failure["code"], wrong.code in str(failure)) == ("not_proved", False)
    first = case.credential(reserved.credential_id)
    assert (first.state, first.sealed_seed) == (CredentialState.ENDED, None)
    assert case.desk.work() == [JobState.PROVED]


@pytest.mark.parametrize("code", [FailureCode.WRONG_ACCESS_CODE, FailureCode.LAST_TRY, FailureCode.DEVICE_LOCKED])
def test_a_locked_fob_is_not_tried_again_by_itself(case: Case, code: FailureCode) -> None:
    reserved = case.reserve()
    case.desk.plug(case.fob)
    case.desk.poll()
    case.desk.fail(reserved.job_id, code)
    assert case.desk.poll() == ()
    assert len(case.jobs()) == 1


@pytest.mark.parametrize(
    ("profile", "otp_type", "told"),
    [
        (KAGIYA, DeviceOtpType.TOTP, ()),
        (KAGIYA, DeviceOtpType.HOTP, (Notice.BY_COUNTER,)),
        (NEEDS_COMPANION, DeviceOtpType.TOTP, (Notice.COMPANION, Notice.CLOCK_WHILE_POWERED)),
        (COUNTS_BY_16, DeviceOtpType.HOTP, (Notice.DEVICE_TYPES, Notice.BY_COUNTER, Notice.PRESS_TO_PROVE)),
        (UNNAMED, DeviceOtpType.TOTP, (Notice.TYPE_FROM_DISPLAY, Notice.LABEL)),
        (LOCKS, DeviceOtpType.TOTP, (Notice.TYPE_FROM_DISPLAY, Notice.LOCKED)),
    ],
)
def test_what_must_be_known_before_writing_is_told(
    profile: FirmwareProfile, otp_type: DeviceOtpType, told: tuple[Notice, ...]
) -> None:
    assert notices(profile, otp_type) == told

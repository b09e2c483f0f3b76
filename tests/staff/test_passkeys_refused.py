"""Every answer of a passkey that is worth nothing: refused, written down, and its challenge spent."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from fido2.utils import websafe_encode
from sqlalchemy import func, select

from provisioning.errors import NotFound, PasskeyFault
from provisioning.jobs.disable_staff import DisableStaffCommand, disable_staff
from provisioning.jobs.passkey_assertion import AssertionClaim
from provisioning.jobs.passkey_challenges import forget_challenges
from provisioning.jobs.passkey_options import (
    approval_options,
    enrolment_options,
    sign_in_options,
    step_up_options,
)
from provisioning.jobs.passkey_registration import Registration, RegistrationClaim
from provisioning.rules.actor import SYSTEM
from provisioning.rules.passkeys import ChallengeUse
from provisioning.services import Services
from provisioning.store.tables import Passkey, PasskeyChallenge, Staff
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import NOON
from tests.fixtures.soft_authenticator import SoftAuthenticator, give_passkey
from tests.staff.passkey_claims import HASH, SIGN_IN, approve, audited, enrol, step_up, use

Spoil = Callable[[SoftAuthenticator], None]


def from_origin(origin: str) -> Spoil:
    """The browser showed a page of somebody else's."""
    return lambda key: setattr(key, "origin", origin)


WRONG: dict[str, tuple[Spoil, PasskeyFault]] = {
    "look-alike page": (from_origin("https://otp.example.evil"), PasskeyFault.ORIGIN),
    "plain http": (from_origin("http://otp.example"), PasskeyFault.ORIGIN),
    "another port": (from_origin("https://otp.example:8443"), PasskeyFault.ORIGIN),
    "nobody verified": (lambda key: setattr(key, "verified", False), PasskeyFault.NOT_VERIFIED),
    "counter stands still": (lambda key: setattr(key, "counter", 4), PasskeyFault.COUNTER_BACK),
    "counter back": (lambda key: setattr(key, "counter", 2), PasskeyFault.COUNTER_BACK),
    "counter at nothing": (lambda key: setattr(key, "counter", -1), PasskeyFault.COUNTER_BACK),
    "unknown passkey": (lambda key: setattr(key, "credential_id", b"?" * 32), PasskeyFault.UNKNOWN),
    "another key": (lambda key: setattr(key, "_key", SoftAuthenticator()._key), PasskeyFault.SIGNATURE),
    "another handle": (lambda key: setattr(key, "user_handle", b"x" * 16), PasskeyFault.NOT_THEIRS),
}


@sqlite_only
def test_a_wrong_answer_is_refused_recorded_and_spent(
    services: Services, teller: Staff, key: SoftAuthenticator
) -> None:
    key.counter = 4
    first = step_up_options(services, teller.id, NOON)
    assert use(services, AssertionClaim(step_up(teller), first.challenge, key.sign(first.json))).fault is None
    told: list[tuple[str, str | None]] = [("accepted", None)]
    for case, (spoil, fault) in WRONG.items():
        spoiled = replace(key)
        spoil(spoiled)
        options = step_up_options(services, teller.id, NOON)
        for refused in (fault, PasskeyFault.CHALLENGE):
            used = use(services, AssertionClaim(step_up(teller), options.challenge, spoiled.sign(options.json)))
            assert (case, used.fault, used.staff_id, used.signed) == (case, refused, "", None)
            told.append(("refused", refused))
            spoiled = replace(key, counter=9)
    assert audited(services, "use_passkey") == told


@sqlite_only
def test_an_answer_for_another_site_is_refused(services: Services, teller: Staff, key: SoftAuthenticator) -> None:
    options = sign_in_options(services, NOON)
    elsewhere = json.dumps(json.loads(options.json) | {"rpId": "other.example"})
    answer = replace(key, rp_id="other.example").sign(elsewhere)
    assert use(services, AssertionClaim(SIGN_IN, options.challenge, answer)).fault is PasskeyFault.RELYING_PARTY


def test_an_answer_is_good_once_for_its_purpose_its_person_and_its_payload(
    services: Services, teller: Staff, colleague: Staff, key: SoftAuthenticator
) -> None:
    def answered(use: ChallengeUse, challenge: bytes | None = None) -> AssertionClaim:
        options = approval_options(services, teller.id, HASH, NOON)
        return AssertionClaim(use, options.challenge if challenge is None else challenge, key.sign(options.json))

    others = (step_up(teller), SIGN_IN, approve(teller, bytes(32)), approve(colleague))
    for claim in (*map(answered, others), answered(approve(teller), bytes(32))):
        assert use(services, claim).fault is PasskeyFault.CHALLENGE
    mine = approval_options(services, teller.id, HASH, NOON)
    swapped = answered(approve(teller), mine.challenge)
    assert use(services, swapped).fault is PasskeyFault.CHALLENGE
    good = answered(approve(teller))
    assert use(services, good).fault is None
    assert use(services, good).fault is PasskeyFault.CHALLENGE


def test_of_the_same_answer_many_times_at_once_one_counts(services: Services, key: SoftAuthenticator) -> None:
    options = sign_in_options(services, NOON)
    claim = AssertionClaim(SIGN_IN, options.challenge, key.sign(options.json))
    with ThreadPoolExecutor(8) as pool:
        faults = list(pool.map(lambda _: use(services, claim).fault, range(8)))
    assert (faults.count(None), faults.count(PasskeyFault.CHALLENGE)) == (1, 7)
    with services.store.read() as tx:
        assert tx.scalars(select(Passkey.sign_count)).all() == [1]


@sqlite_only
def test_after_five_minutes_it_is_too_late(services: Services, teller: Staff, key: SoftAuthenticator) -> None:
    for seconds, fault in ((299, None), (300, PasskeyFault.TOO_LATE)):
        options = step_up_options(services, teller.id, NOON)
        claim = AssertionClaim(step_up(teller), options.challenge, key.sign(options.json))
        assert use(services, claim, NOON + timedelta(seconds=seconds)).fault == fault
    sign_in_options(services, NOON)
    sign_in_options(services, NOON + timedelta(minutes=1))
    with services.store.write() as tx:
        forget_challenges(tx, NOON + timedelta(minutes=5))
        assert tx.scalar(select(func.count()).select_from(PasskeyChallenge)) == 1


@sqlite_only
def test_somebody_elses_passkey_is_refused(
    services: Services, teller: Staff, colleague: Staff, key: SoftAuthenticator
) -> None:
    theirs = give_passkey(services, colleague.id, NOON)
    options = step_up_options(services, teller.id, NOON)
    claim = AssertionClaim(step_up(teller), options.challenge, theirs.sign(options.json))
    assert use(services, claim).fault is PasskeyFault.NOT_THEIRS


@sqlite_only
def test_disabled_staff_get_nowhere(services: Services, teller: Staff, key: SoftAuthenticator) -> None:
    options = sign_in_options(services, NOON)
    once_more = step_up_options(services, teller.id, NOON)
    making = enrolment_options(services, teller.id, NOON)
    disable_staff(services, DisableStaffCommand("dual", teller.id, SYSTEM), NOON)
    claim = AssertionClaim(SIGN_IN, options.challenge, key.sign(options.json))
    assert use(services, claim).fault is PasskeyFault.DISABLED
    claim = AssertionClaim(step_up(teller), once_more.challenge, key.sign(once_more.json))
    assert use(services, claim).fault is PasskeyFault.DISABLED
    made = SoftAuthenticator().make(making.json)
    assert (
        enrol(services, RegistrationClaim(teller.id, making.challenge, made, "鍵")).fault is PasskeyFault.DISABLED
    )
    with pytest.raises(NotFound):
        step_up_options(services, teller.id, NOON)


MALFORMED = ("", "{}", "[]", "null", "[" * 9000, "x" * 20_000, '{"id": "AA"}', '{"id": "é", "rawId": "é"}')


@sqlite_only
def test_what_is_no_answer_is_refused(services: Services, teller: Staff) -> None:
    for answer in MALFORMED:
        options = sign_in_options(services, NOON)
        assert use(services, AssertionClaim(SIGN_IN, options.challenge, answer)).fault is PasskeyFault.BAD_FORM
        making = enrolment_options(services, teller.id, NOON)
        refused = enrol(services, RegistrationClaim(teller.id, making.challenge, answer, "鍵"))
        assert refused == Registration(PasskeyFault.BAD_FORM)


SPOILT = (b"", bytes(37), b"[" * 3000, b'{"type": 1, "origin": []}', b'{"type": "webauthn.get", "origin": []}')


@sqlite_only
def test_no_part_of_an_answer_can_be_replaced(services: Services, teller: Staff, key: SoftAuthenticator) -> None:
    for part, spoilt in product(("clientDataJSON", "authenticatorData", "signature", "userHandle"), SPOILT):
        options = sign_in_options(services, NOON)
        answer = json.loads(key.sign(options.json))
        answer["response"][part] = websafe_encode(spoilt)
        used = use(services, AssertionClaim(SIGN_IN, options.challenge, json.dumps(answer)))
        # who it is need not be told; whatever is told has to be right
        assert (used.fault is None) == ((part, spoilt) == ("userHandle", b""))
    for part, spoilt in product(("clientDataJSON", "attestationObject"), (*SPOILT, b"\xa0", b"\x9f" * 3000)):
        options = enrolment_options(services, teller.id, NOON)
        answer = json.loads(SoftAuthenticator().make(options.json))
        answer["response"][part] = websafe_encode(spoilt)
        claim = RegistrationClaim(teller.id, options.challenge, json.dumps(answer), "鍵")
        assert enrol(services, claim).fault is not None


@sqlite_only
def test_a_passkey_made_wrongly_is_not_kept(services: Services, teller: Staff) -> None:
    for authenticator, fault in (
        (SoftAuthenticator(origin="https://evil.example"), PasskeyFault.ORIGIN),
        (SoftAuthenticator(verified=False), PasskeyFault.NOT_VERIFIED),
    ):
        options = enrolment_options(services, teller.id, NOON)
        claim = RegistrationClaim(teller.id, options.challenge, authenticator.make(options.json), "鍵")
        assert enrol(services, claim) == Registration(fault)
        assert enrol(services, claim) == Registration(PasskeyFault.CHALLENGE)
    with services.store.read() as tx:
        assert tx.scalars(select(Passkey)).all() == []

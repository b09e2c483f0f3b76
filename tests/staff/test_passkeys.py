"""Passkeys as the jobs see them: what the server asks for, and every answer that is worth nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    CollectedClientData,
    PublicKeyCredentialRpEntity,
    UserVerificationRequirement,
)
from sqlalchemy import func, select

from provisioning.errors import BadInput, NotFound, PasskeyFault
from provisioning.jobs.disable_staff import DisableStaffCommand, disable_staff
from provisioning.jobs.passkey_assertion import Assertion, AssertionClaim, verify_assertion
from provisioning.jobs.passkey_challenges import forget_challenges
from provisioning.jobs.passkey_options import (
    approval_options,
    enrolment_options,
    sign_in_options,
    step_up_options,
)
from provisioning.jobs.passkey_registration import Registration, RegistrationClaim, verify_registration
from provisioning.jobs.passkey_site import site_of
from provisioning.rules.passkeys import PASSKEYS_A_PERSON, ChallengePurpose, ChallengeUse, payload_challenge
from provisioning.rules.permissions import StaffRole
from provisioning.services import Services
from provisioning.settings import ServerSettings
from provisioning.store.audit import SYSTEM
from provisioning.store.tables import AuditEntry, Passkey, PasskeyChallenge, Staff
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import NOON
from tests.fixtures.soft_authenticator import SoftAuthenticator, give_passkey

HASH = bytes(range(32))
SIGN_IN = ChallengeUse(ChallengePurpose.SIGN_IN)


@pytest.fixture
def key(services: Services, teller: Staff) -> SoftAuthenticator:
    """The teller's security key."""
    return give_passkey(services, teller.id, NOON)


@pytest.fixture
def colleague(services: Services) -> Staff:
    """Somebody else at the same branch."""
    staff = Staff(institution_id="dual", branch="本店", name="役席 月子", role=StaffRole.APPROVER, created_at=NOON)
    with services.store.write() as tx:
        tx.add(staff)
    return staff


def step_up(staff: Staff) -> ChallengeUse:
    """For a step-up of this member of staff."""
    return ChallengeUse(ChallengePurpose.STEP_UP, staff.id)


def approve(staff: Staff, payload_hash: bytes = HASH) -> ChallengeUse:
    """For an approval by this member of staff."""
    return ChallengeUse(ChallengePurpose.APPROVE, staff.id, payload_hash)


def enrol(services: Services, claim: RegistrationClaim, now: datetime = NOON) -> Registration:
    """What the enrolment page does with the browser's answer."""
    with services.store.write() as tx:
        return verify_registration(tx, services, claim, now)


def use(services: Services, claim: AssertionClaim, now: datetime = NOON) -> Assertion:
    """What a page does with the browser's answer."""
    with services.store.write() as tx:
        return verify_assertion(tx, services, claim, now)


def audited(services: Services, act: str) -> list[tuple[str, str | None]]:
    """Result and fault of every entry of an act."""
    query = select(AuditEntry.result, AuditEntry.facts).where(AuditEntry.act == act).order_by(AuditEntry.id)
    with services.store.read() as tx:
        return [(result, facts.get("fault")) for result, facts in tx.execute(query)]


def test_a_passkey_is_kept_with_what_the_authenticator_told(services: Services, teller: Staff) -> None:
    key = give_passkey(services, teller.id, NOON)
    with services.store.read() as tx:
        (kept,) = tx.scalars(select(Passkey)).all()
    assert (kept.staff_id, kept.credential_id, kept.name) == (teller.id, key.credential_id, "鍵束の鍵")
    assert (kept.sign_count, kept.transports, kept.backed_up) == (0, ["usb", "internal"], False)
    assert (kept.created_at, kept.last_used_at) == (NOON, None)
    assert key.user_handle == bytes.fromhex(teller.id)
    asked = json.loads(enrolment_options(services, teller.id, NOON).json)
    assert (asked["rp"]["name"], asked["user"]["displayName"]) == ("見本第一銀行", "窓口 花子")
    assert [websafe_decode(each["id"]) for each in asked["excludeCredentials"]] == [key.credential_id]
    assert audited(services, "enrol_passkey") == [("enrolled", None)]
    with services.store.read() as tx:
        (entry,) = tx.scalars(select(AuditEntry).where(AuditEntry.act == "enrol_passkey"))
    assert (entry.actor_id, entry.branch, entry.facts["actor_role"]) == (teller.id, "本店", "teller")


def test_signing_in_tells_who_it_is(services: Services, teller: Staff, key: SoftAuthenticator) -> None:
    for later in range(3):
        now = NOON + timedelta(minutes=later)
        options = sign_in_options(services, now)
        assert json.loads(options.json)["allowCredentials"] == []
        used = use(services, AssertionClaim(SIGN_IN, options.challenge, key.sign(options.json)), now)
        assert (used.fault, used.staff_id) == (None, teller.id)
    with services.store.read() as tx:
        (kept,) = tx.scalars(select(Passkey)).all()
        assert (kept.sign_count, kept.last_used_at) == (3, NOON + timedelta(minutes=2))
        assert tx.scalar(select(func.count()).select_from(PasskeyChallenge)) == 0


@sqlite_only
def test_an_authenticator_that_does_not_count_is_good(services: Services, key: SoftAuthenticator) -> None:
    for _ in range(2):
        key.counter = -1
        options = sign_in_options(services, NOON)
        assert use(services, AssertionClaim(SIGN_IN, options.challenge, key.sign(options.json))).fault is None


@sqlite_only
def test_what_was_signed_for_an_approval_can_be_checked_by_others(
    services: Services, teller: Staff, key: SoftAuthenticator
) -> None:
    options = approval_options(services, teller.id, HASH, NOON)
    answer = key.sign(options.json)
    used = use(services, AssertionClaim(approve(teller, HASH), options.challenge, answer))
    assert used.fault is None
    assert used.signed is not None
    assert used.signed.nonce is not None
    client = CollectedClientData(used.signed.client_data)
    assert client.challenge == payload_challenge(used.signed.nonce, HASH)
    _check_with_another_library(client.challenge, answer, key.credential_id, used.signed.public_key)


@sqlite_only
def test_each_approval_of_the_same_payload_is_another_challenge(services: Services, teller: Staff) -> None:
    drawn = {approval_options(services, teller.id, HASH, NOON).challenge for _ in range(3)}
    assert len(drawn) == 3
    with pytest.raises(ValueError, match="32 bytes"):
        approval_options(services, teller.id, HASH[1:], NOON)


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


@sqlite_only
def test_a_passkey_belongs_to_one_person(services: Services, colleague: Staff, key: SoftAuthenticator) -> None:
    options = enrolment_options(services, colleague.id, NOON)
    again = RegistrationClaim(colleague.id, options.challenge, key.make(options.json), "鍵")
    assert enrol(services, again).fault is PasskeyFault.KNOWN


@sqlite_only
def test_names_and_number_of_passkeys_have_a_limit(services: Services, teller: Staff) -> None:
    for name in ("", " ", "a\nb", "鍵" * 61):
        with pytest.raises(BadInput):
            enrol(services, RegistrationClaim(teller.id, b"", "", name))
    for _ in range(PASSKEYS_A_PERSON):
        give_passkey(services, teller.id, NOON)
    options = enrolment_options(services, teller.id, NOON)
    claim = RegistrationClaim(teller.id, options.challenge, SoftAuthenticator().make(options.json), "鍵")
    assert enrol(services, claim).fault is PasskeyFault.TOO_MANY


@pytest.mark.parametrize(
    ("base_url", "rp_id", "origin"),
    [
        ("https://otp.example.co.jp", "otp.example.co.jp", "https://otp.example.co.jp"),
        ("https://OTP.example.co.jp:443/", "otp.example.co.jp", "https://otp.example.co.jp"),
        ("https://otp.example.co.jp:8443", "otp.example.co.jp", "https://otp.example.co.jp:8443"),
        ("http://localhost:8700", "localhost", "http://localhost:8700"),
    ],
)
def test_passkeys_are_bound_to_the_servers_address(base_url: str, rp_id: str, origin: str) -> None:
    site = site_of(ServerSettings(base_url=base_url))
    assert (site.rp_id, site.origin) == (rp_id, origin)


@sqlite_only
def test_secrets_show_in_no_repr(services: Services, key: SoftAuthenticator) -> None:
    options = sign_in_options(services, NOON)
    answer = key.sign(options.json)
    assert answer not in repr(AssertionClaim(SIGN_IN, options.challenge, answer))


def _check_with_another_library(challenge: bytes, answer: str, credential_id: bytes, public_key: bytes) -> None:
    """Raises where fido2 does not take the same answer under the same key."""
    relying_party = Fido2Server(PublicKeyCredentialRpEntity(name="", id="otp.example"))
    known = AttestedCredentialData(bytes(16) + len(credential_id).to_bytes(2) + credential_id + public_key)
    state = {"challenge": websafe_encode(challenge), "user_verification": UserVerificationRequirement.REQUIRED}
    taken = relying_party.authenticate_complete(
        state, [known], AuthenticationResponse.from_dict(json.loads(answer))
    )
    assert taken.credential_id == credential_id

"""Passkeys as the jobs see them: what the server asks for, and what a good answer leads to."""

from __future__ import annotations

import json
from datetime import timedelta

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

from provisioning.errors import BadInput, PasskeyFault
from provisioning.jobs.passkey_assertion import AssertionClaim
from provisioning.jobs.passkey_options import (
    approval_options,
    enrolment_options,
    sign_in_options,
)
from provisioning.jobs.passkey_registration import RegistrationClaim
from provisioning.jobs.passkey_site import site_of
from provisioning.rules.passkeys import PASSKEYS_A_PERSON, payload_challenge
from provisioning.services import Services
from provisioning.settings import ServerSettings
from provisioning.store.tables import AuditEntry, Passkey, PasskeyChallenge, Staff
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import NOON
from tests.fixtures.soft_authenticator import SoftAuthenticator, give_passkey
from tests.staff.passkey_claims import HASH, SIGN_IN, approve, audited, enrol, use


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

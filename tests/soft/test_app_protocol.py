"""The activation protocol over real HTTP, spoken by the independent client, on both databases."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.app_begin import AppBeginCommand, app_begin
from provisioning.jobs.cancel_issuance import CancelIssuanceCommand, cancel_issuance
from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState
from provisioning.rules.verdict import Outcome
from provisioning.store.tables import Customer, TicketState
from provisioning.store.vault import SealedSeed, SeedContext
from tests.fixtures.databases import sqlite_only
from tests.soft.conftest import app_for
from tests.soft.independent_client import IndependentClient, NotAuthentic, jwk_of, unb64
from tests.soft.issuing import ACTIVATION_PASSWORD, acts, credential, issue, ticket
from tests.soft.serving import MovableClock, Served
from tests.soft.trying import WRONG, refusal


def test_the_seed_reaches_app_and_vault_and_nothing_else(
    server: Served, issued: IssuedSoft, client: IndependentClient, clock: MovableClock
) -> None:
    token = client.set_up()
    assert (token.algorithm, token.digits, token.period_s) == ("sha1", 8, 60)
    assert token.institution == {"ja": "見本第一銀行", "en": "Sample First Bank"}
    row = credential(server.services, issued.credential_id)
    assert (row.state, row.seed_version, row.set_up_at) == (CredentialState.SET_UP, 1, clock())
    assert server.services.opener is not None
    sealed = SealedSeed(row.sealed_seed or b"", row.wrapped_key or b"", row.kek_id or "")
    assert server.services.opener.open(sealed, SeedContext("dual", row.id, 1)) == token.seed
    one = ticket(server.services, issued.credential_id)
    assert (one.state, one.sealed_password_key) == (TicketState.SPENT, None)
    assert acts(server.services)[-1] == ("app_complete", "set_up")


def test_nothing_is_in_force_before_the_first_code(
    server: Served, issued: IssuedSoft, client: IndependentClient, clock: MovableClock
) -> None:
    token = client.set_up()
    code = token.code(clock())
    before = verify(server.services, VerifyCommand("dual", issued.user_id, code, SYSTEM), clock())
    assert before.outcome is Outcome.REFUSED
    activated = activate(server.services, ActivateCommand("dual", issued.user_id, code, SYSTEM), clock())
    assert activated.outcome is Outcome.ACCEPTED
    clock.advance(minutes=1)
    after = verify(server.services, VerifyCommand("dual", issued.user_id, token.code(clock()), SYSTEM), clock())
    assert after.outcome is Outcome.ACCEPTED


def test_begin_answers_alike_for_everybody(
    server: Served, issued: IssuedSoft, client: IndependentClient, customer_b: Customer
) -> None:
    def asked(service_id: str, user_id: str) -> dict[str, Any]:
        stranger = replace(client, service_id=service_id, user_id=user_id)
        return stranger.begin()

    waiting = asked(issued.service_id, issued.user_id)
    others = [
        asked(issued.service_id, customer_b.user_id),
        asked(issued.service_id, "999999999999"),
        asked("99999999", issued.user_id),
    ]
    for other in others:
        assert other.keys() == waiting.keys()
        assert other["iterations"] == waiting["iterations"]
        assert [len(other[name]) for name in ("salt", "nonce")] == [len(waiting[n]) for n in ("salt", "nonce")]
    salts = {begun["salt"] for begun in [waiting, *others]}
    assert len(salts) == 4
    assert asked(issued.service_id, "999999999999")["salt"] == others[1]["salt"]


def test_the_salt_does_not_tell_when_a_token_is_issued(
    server: Served, customer_a: Customer, clock: MovableClock
) -> None:
    client = IndependentClient(
        server.origin, "10112231", customer_a.user_id, ACTIVATION_PASSWORD, least_iterations=1
    )
    before = client.begin()["salt"]
    issued = issue(server.services, customer_a, clock())
    during = client.begin()["salt"]
    client.set_up()
    after = client.begin()["salt"]
    cancel_issuance(server.services, CancelIssuanceCommand("dual", issued.credential_id, SYSTEM), clock())
    assert {before, during, after, client.begin()["salt"]} == {before}


def test_after_a_change_of_settings_only_a_ticket_in_use_answers_with_the_old_iterations(
    server: Served, issued: IssuedSoft, client: IndependentClient, clock: MovableClock
) -> None:
    app = replace(server.services.settings.app, pbkdf2_iterations=2000)
    changed = replace(server.services, settings=replace(server.services.settings, app=app))

    def asked(user_id: str = issued.user_id) -> int:
        return app_begin(changed, AppBeginCommand(issued.service_id, user_id), clock()).iterations

    assert (asked(), asked("999999999999")) == (1000, 2000)
    token = client.set_up()
    assert asked() == 1000  # the line may have been cut
    clock.advance(hours=24)
    assert asked() == 2000
    clock.advance(hours=-1)
    assert asked() == 1000
    activate(server.services, ActivateCommand("dual", issued.user_id, token.code(clock()), SYSTEM), clock())
    assert asked() == 2000


def test_refusals_are_byte_for_byte_alike(
    server: Served, issued: IssuedSoft, customer_b: Customer, clock: MovableClock
) -> None:
    def answer(client: IndependentClient) -> tuple[int, bytes, list[str]]:
        sent = httpx.post(f"{server.origin}/api/app/v1/complete", json=client.request(client.begin()), timeout=30)
        return sent.status_code, sent.content, sorted(sent.headers)

    wrong = app_for(server, issued, WRONG)
    nobody = replace(wrong, user_id="999999999999")
    no_ticket = replace(wrong, user_id=customer_b.user_id)
    no_service = replace(wrong, service_id="99999999")
    assert {(status, body) for status, body, _ in map(answer, (wrong, nobody, no_ticket, no_service))} == {
        (403, b'{"error":"refused"}\n')
    }
    assert answer(wrong)[2] == answer(nobody)[2]


@pytest.mark.parametrize("name", ["service_id", "user_id", "nonce", "app_nonce", "origin", "app_key", "mac"])
@sqlite_only
def test_every_changed_field_of_the_request_fails(
    server: Served, issued: IssuedSoft, client: IndependentClient, name: str
) -> None:
    request = client.request(client.begin())
    other = client.request(client.begin())
    changes = {
        "service_id": "10112249",
        "user_id": "123456780002",
        "origin": "https://otp.example",
        "app_key": jwk_of(ec.generate_private_key(ec.SECP256R1())),
    }
    changed = request | {name: changes.get(name, other[name])}
    status, body = refusal(lambda: client.post("complete", changed))
    assert (status, body["error"]) in {(403, "refused"), (409, "begin_again")}
    assert credential(server.services, issued.credential_id).state is CredentialState.ISSUED


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("service_id",), "10112249"),
        (("user_id",), "123456780002"),
        (("nonce",), "AAAA"),
        (("app_nonce",), "AAAA"),
        (("ticket",), "0" * 32),
        (("institution", "ja"), "見本第二銀行"),
        (("institution", "en"), "Sample Second Bank"),
        (("otp", "type"), "hotp"),
        (("otp", "algorithm"), "sha256"),
        (("otp", "digits"), 6),
        (("otp", "period_s"), 30),
        (("mac",), "A" * 43),
        (("version",), 2),
    ],
)
@sqlite_only
def test_every_changed_field_of_the_answer_fails(
    client: IndependentClient, path: tuple[str, ...], value: object
) -> None:
    begun = client.begin()
    answer = client.post("complete", client.request(begun))
    changed = deepcopy(answer)
    place = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(NotAuthentic):
        client.receive(begun, changed)
    client.receive(begun, answer)


@pytest.mark.parametrize("part", range(5))
@sqlite_only
def test_every_changed_part_of_the_seed_fails(client: IndependentClient, part: int) -> None:
    begun = client.begin()
    answer = client.post("complete", client.request(begun))
    parts = answer["seed_jwe"].split(".")
    parts[part] = ("B" if parts[part].startswith("A") else "A") + parts[part][1:]
    with pytest.raises(NotAuthentic):
        client.receive(begun, answer | {"seed_jwe": ".".join(parts)})


@sqlite_only
def test_the_envelope_names_whom_and_which_proof_it_is_for(client: IndependentClient) -> None:
    request = client.request(client.begin())
    answer = client.post("complete", request)
    head, encrypted_key, iv, _, tag = answer["seed_jwe"].split(".")
    header = json.loads(unb64(head))
    assert (header["alg"], header["enc"], header["epk"]["crv"]) == ("ECDH-ES", "A256GCM", "P-256")
    assert unb64(header["apu"]).decode() == f"{client.service_id}/{client.user_id}"
    assert unb64(header["apv"]) == unb64(request["nonce"]) + unb64(request["app_nonce"])
    assert (encrypted_key, len(unb64(iv)), len(unb64(tag))) == ("", 12, 16)


@sqlite_only
def test_the_seed_opens_for_its_own_app_only(client: IndependentClient) -> None:
    begun = client.begin()
    answer = client.post("complete", client.request(begun))
    own = client.key
    client.key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises((NotAuthentic, InvalidTag)):
        client.receive(begun, answer)
    client.key = own
    client.receive(begun, answer)


def test_a_look_alike_cannot_pass_an_honest_proof_on(server: Served, issued: IssuedSoft) -> None:
    honest = app_for(server, issued)
    honest.origin = "https://otp.example.attacker.example"
    request = honest.request(honest.begin())
    assert refusal(lambda: honest.post("complete", request))[0] == 403
    again = honest.request(honest.begin()) | {"origin": server.origin}
    assert refusal(lambda: honest.post("complete", again))[0] == 403
    assert credential(server.services, issued.credential_id).state is CredentialState.ISSUED


@sqlite_only
def test_a_nonce_is_good_once_for_its_ids_and_five_minutes(
    server: Served, client: IndependentClient, clock: MovableClock
) -> None:
    begun = client.begin()
    for nonce in ("AAAA", begun["nonce"][:-4] + "AAAA"):
        forged = client.request(begun | {"nonce": nonce})
        assert refusal(partial(client.post, "complete", forged))[0] == 409
    for other in (replace(client, user_id="999999999999"), replace(client, service_id="10112249")):
        elsewhere = client.request(begun | {"nonce": other.begin()["nonce"]})
        assert refusal(partial(client.post, "complete", elsewhere)) == (409, {"error": "begin_again"})
    clock.advance(minutes=5)
    assert refusal(lambda: client.post("complete", client.request(begun))) == (409, {"error": "begin_again"})
    clock.advance(seconds=-1)
    client.receive(begun, client.post("complete", client.request(begun)))
    assert refusal(lambda: client.post("complete", client.request(begun)))[0] == 409


@sqlite_only
def test_answers_tell_the_servers_time(server: Served, client: IndependentClient, clock: MovableClock) -> None:
    clock.advance(milliseconds=250)
    begun = client.begin()
    assert begun["server_time"] == "2026-11-20T03:00:00.250Z"
    clock.advance(seconds=2)
    assert client.post("complete", client.request(begun))["server_time"] == "2026-11-20T03:00:02.250Z"
    answer = httpx.get(server.url("/api/app/v1/time"), timeout=30)
    assert answer.json() == {"server_time": "2026-11-20T03:00:02.250Z"}
    assert answer.headers["Cache-Control"] == "no-store"


@sqlite_only
def test_an_app_asks_for_its_least_iterations(client: IndependentClient) -> None:
    client.least_iterations = 1001
    with pytest.raises(NotAuthentic):
        client.set_up()


@sqlite_only
def test_the_seed_travels_only_inside_its_envelope(client: IndependentClient) -> None:
    begun = client.begin()
    answer = client.post("complete", client.request(begun))
    seed = client.receive(begun, answer).seed
    texts = repr(answer) + "".join(unb64(part).hex() for part in answer["seed_jwe"].split("."))
    assert seed.hex() not in texts

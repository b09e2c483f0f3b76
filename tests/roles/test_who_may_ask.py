"""Whom the verifier believes, and what each role may ask of it: every role × every operation (R51, R76)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from provisioning.clock import ClockGuard
from provisioning.rules.roles import Role
from provisioning.rules.states import CredentialState
from provisioning.rules.verifier import MAY_ASK, Operation
from provisioning.store.tables import Customer
from provisioning.verifier import messages
from provisioning.verifier.certificates import certify_roles, certify_verifier, fingerprint, make_authority
from provisioning.verifier.questions import CANARY_CONTEXT
from provisioning.verifier.role_tokens import LIFE
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import give_token, read_credential
from tests.roles.conftest import Apart
from web.app import create_app

pytestmark = sqlite_only
TRIES = 60
ABOUT_NO_CODE = {Operation.ACCESS_CODE, Operation.READY}


def question(apart: Apart, operation: Operation) -> tuple[str, bytes]:
    """A well-formed question of that kind about nobody: address and body."""
    if operation is Operation.READY:
        sealed = apart.services.sealer.seal(b"canary", CANARY_CONTEXT)
        return messages.READY, messages.dump(messages.ReadyRequest(*messages.sealed_texts(sealed)))
    if operation is Operation.ADOPT:
        return messages.ADOPT, messages.dump(messages.AdoptRequest("c", "f", 1, "12345678"))
    if operation is Operation.ACCESS_CODE:
        return messages.ACCESS_CODE, messages.dump(messages.AccessCodeRequest("yubikey-5", "12345678"))
    codes = "12345678 12345679" if operation is Operation.RESYNC else "12345678"
    return messages.JUDGE, messages.dump(messages.JudgeRequest(operation, "c", 1, codes))


def ask(apart: Apart, operation: Operation, headers: dict[str, str]) -> httpx.Response:
    path, body = question(apart, operation)
    return apart.http.post(path, content=body, headers=headers)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_asks_what_the_table_gives_it_and_nothing_else(apart: Apart, role: Role) -> None:
    headers = apart.header(apart.pair(role))
    for operation in Operation:
        answer = ask(apart, operation, headers)
        if operation in MAY_ASK.get(role, ()):
            assert answer.status_code == (200 if operation in ABOUT_NO_CODE else 409)
        else:
            assert (answer.status_code, answer.json()) == (403, {"error": "out_of_scope", "scope": operation})


def test_a_certificate_without_a_role_asks_nothing(apart: Apart) -> None:
    answers = {ask(apart, operation, apart.header(apart.pair())).status_code for operation in Operation}
    assert answers == {403}


def test_a_process_with_two_roles_asks_for_both(apart: Apart) -> None:
    headers = apart.header(apart.pair(Role.BANK, Role.STATION))
    answers = {operation: ask(apart, operation, headers).status_code for operation in Operation}
    assert answers.pop(Operation.ADOPT) == 403
    assert 403 not in answers.values()


def fault(apart: Apart, headers: dict[str, str]) -> str:
    """Why nobody is believed; the question itself is fine, and the bank's to ask."""
    answer = ask(apart, Operation.VERIFY, headers)
    assert answer.status_code == 401
    return str(answer.json()["fault"])


def token_parts(headers: dict[str, str]) -> list[str]:
    return headers["Authorization"].removeprefix("Kagiya-Role ").split(".")


def joined(*parts: str) -> dict[str, str]:
    return {"Authorization": "Kagiya-Role " + ".".join(parts)}


def test_nobody_and_nonsense(apart: Apart) -> None:
    certificate, seconds, signature = token_parts(apart.header(apart.pair(Role.BANK)))
    assert fault(apart, {}) == "missing"
    for headers in (
        {"Authorization": "Bearer abc"},
        joined("a.b"),
        joined(certificate, seconds),
        joined(certificate, "now", signature),
        joined("!!", seconds, signature),
        joined(certificate[:-8], seconds, signature),
        joined(certificate, seconds, signature + "A" * 9_000),
    ):
        assert fault(apart, headers) == "bad_form"


def test_a_signature_made_by_another_or_for_another_time(apart: Apart) -> None:
    certificate, seconds, signature = token_parts(apart.header(apart.pair(Role.BANK)))
    _, _, of_another = token_parts(apart.header(apart.pair(Role.BANK)))
    assert fault(apart, joined(certificate, seconds, of_another)) == "bad_signature"
    assert fault(apart, joined(certificate, str(int(seconds) + 1), signature)) == "bad_signature"


def test_a_certificate_that_somebody_else_signed(apart: Apart) -> None:
    theirs = certify_roles(make_authority(apart.now), "bank", {Role.BANK}, apart.now)
    assert fault(apart, apart.header(theirs)) == "unknown"


def test_the_verifiers_own_certificate_and_the_authoritys_ask_nothing(apart: Apart) -> None:
    own = certify_verifier(apart.authority, ["verifier.example"], apart.now)
    assert fault(apart, apart.header(own)) == "unknown"
    assert fault(apart, apart.header(apart.authority)) == "unknown"


@pytest.mark.parametrize("later", [timedelta(days=30, seconds=1), timedelta(minutes=-6)])
def test_a_certificate_that_ended_or_has_not_begun(apart: Apart, later: timedelta) -> None:
    pair = apart.pair(Role.BANK)
    apart.now += later
    assert fault(apart, apart.header(pair)) == "expired"


def test_a_token_is_good_for_a_minute(apart: Apart) -> None:
    headers = apart.header(apart.pair(Role.BANK))
    begun = apart.now
    apart.now = begun + LIFE
    assert ask(apart, Operation.READY, headers).status_code == 200
    for away in (LIFE + timedelta(seconds=1), -LIFE - timedelta(seconds=1)):
        apart.now = begun + away
        assert fault(apart, headers) == "clock"


def test_a_revoked_certificate_is_refused_from_the_next_question_on(apart: Apart) -> None:
    pair, other = apart.pair(Role.BANK), apart.pair(Role.BANK)
    assert ask(apart, Operation.READY, apart.header(pair)).status_code == 200
    apart.revoked.write_text(f"{fingerprint(pair.certificate).upper()} bank 2026-11-20\n\n")
    assert fault(apart, apart.header(pair)) == "revoked"
    assert ask(apart, Operation.READY, apart.header(other)).status_code == 200


def test_nobody_is_believed_without_the_list_of_those_revoked(apart: Apart) -> None:
    headers = apart.header(apart.pair(Role.BANK))
    apart.revoked.unlink()
    assert fault(apart, headers) == "revoked"


def test_a_station_cannot_have_a_token_in_use_judged_as_a_proof(apart: Apart, customer_a: Customer) -> None:
    headers = apart.header(apart.pair(Role.STATION))
    statuses = {}
    for state in (CredentialState.ISSUED, CredentialState.SET_UP, CredentialState.ACTIVE, CredentialState.ENDED):
        token = give_token(apart.services, customer_a, apart.now, state)
        asked = messages.JudgeRequest(Operation.PROVE, token.credential_id, 1, token.code(apart.now))
        statuses[state] = apart.http.post(
            messages.JUDGE, content=messages.dump(asked), headers=headers
        ).status_code
        with apart.services.store.write() as tx:
            read = read_credential(apart.services, token)
            read.state = CredentialState.ENDED
            tx.merge(read)
    assert statuses.pop(CredentialState.ISSUED) == 200
    assert set(statuses.values()) == {409}


def test_another_version_of_the_seed_is_not_judged(apart: Apart, customer_a: Customer) -> None:
    token = give_token(apart.services, customer_a, apart.now)
    asked = messages.JudgeRequest(Operation.VERIFY, token.credential_id, 2, token.code(apart.now))
    answer = apart.http.post(
        messages.JUDGE, content=messages.dump(asked), headers=apart.header(apart.pair(Role.BANK))
    )
    assert (answer.status_code, answer.json()) == (409, {"error": "wrong_state"})


def test_a_role_that_was_taken_over_cannot_guess_for_long(apart: Apart, customer_a: Customer) -> None:
    token = give_token(apart.services, customer_a, apart.now)
    headers = apart.header(apart.pair(Role.BANK))
    asked = messages.dump(messages.JudgeRequest(Operation.VERIFY, token.credential_id, 1, token.wrong(apart.now)))
    answers = [
        apart.http.post(messages.JUDGE, content=asked, headers=headers).status_code for _ in range(TRIES + 1)
    ]
    assert answers == [200] * TRIES + [429]
    nobody = messages.dump(messages.JudgeRequest(Operation.VERIFY, messages.NOBODY, 0, "12345678"))
    answers = [
        apart.http.post(messages.JUDGE, content=nobody, headers=headers).status_code for _ in range(TRIES + 9)
    ]
    assert set(answers) == {409}, "who does not exist is asked about by everybody"


def changed(**change: object) -> Callable[[dict[str, object]], object]:
    return lambda body: body | change


OTHER_FORMS: tuple[Callable[[dict[str, object]], object], ...] = (
    lambda _: [],
    lambda body: {name: value for name, value in body.items() if name != "codes"},
    changed(now="2026-11-20T03:00:00Z"),
    changed(credential_id="c\0"),
    changed(credential_id="\ud800"),
    changed(seed_version="1"),
    changed(seed_version=True),
    changed(codes=["12345678"]),
    changed(codes="12345678 12345678"),
    changed(codes="１２３４５６７８"),
    changed(codes=""),
    changed(operation="resync"),
    changed(operation="adopt"),
    changed(operation="access_code"),
    changed(operation="export"),
)


def test_a_question_of_another_form_is_refused(apart: Apart) -> None:
    _, body = question(apart, Operation.VERIFY)
    headers = apart.header(apart.pair(Role.BANK))
    for change in OTHER_FORMS:
        answer = apart.http.post(messages.JUDGE, content=json.dumps(change(json.loads(body))), headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (422, "bad_message")
    assert apart.http.post(messages.JUDGE, content=b"[" * 40_000, headers=headers).status_code == 422


def test_no_answer_holds_the_seed(apart: Apart, customer_a: Customer) -> None:
    token = give_token(apart.services, customer_a, apart.now)
    headers = apart.header(apart.pair(Role.BANK))
    for code in (token.code(apart.now), token.wrong(apart.now)):
        asked = messages.JudgeRequest(Operation.VERIFY, token.credential_id, 1, code)
        answer = apart.http.post(messages.JUDGE, content=messages.dump(asked), headers=headers).content
        for form in (token.seed, token.seed.hex().encode(), base64.b64encode(token.seed)):
            assert form not in answer


def test_a_verifier_whose_clock_is_in_doubt_judges_nothing(apart: Apart, customer_a: Customer) -> None:
    token = give_token(apart.services, customer_a, apart.now)
    authority = create_app(
        replace(apart.services, clock=ClockGuard(lambda: False), roles_authority=apart.believes),
        {Role.VERIFIER},
        lambda: apart.now,
    )
    apart.transport = httpx.WSGITransport(authority)
    asked = messages.JudgeRequest(Operation.VERIFY, token.credential_id, 1, token.code(apart.now))
    answer = apart.http.post(
        messages.JUDGE, content=messages.dump(asked), headers=apart.header(apart.pair(Role.BANK))
    )
    assert (answer.status_code, answer.json()) == (503, {"error": "clock"})


def test_the_questions_are_answered_by_no_process_that_has_another_role(apart: Apart) -> None:
    served = replace(apart.services, roles_authority=apart.believes)
    for roles in ({Role.VERIFIER, Role.BANK}, {Role.BANK}, {Role.STATION}):
        apart.transport = httpx.WSGITransport(create_app(served, roles, lambda: apart.now))
        assert ask(apart, Operation.READY, apart.header(apart.pair(Role.BANK))).status_code == 404

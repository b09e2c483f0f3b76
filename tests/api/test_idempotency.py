"""Idempotency keys: a request that comes twice is done once and answered alike."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from threading import Barrier

import httpx
import pytest
from sqlalchemy import func, select

from provisioning.errors import StoreFault, StoreUnavailable
from provisioning.jobs.keep_answer import forget_answers
from provisioning.rules.institution import Institution
from provisioning.store.engine import Store
from provisioning.store.queries.token_state import TokenState, token_state
from provisioning.store.tables import AuditEntry, BankAnswer, Credential, Customer
from tests.api.bank import SOFT, Bank, later, open_bank
from tests.api.conftest import Served
from tests.fixtures.canaries import everything_stored, shapes
from tests.fixtures.databases import listening, sqlite_only
from tests.fobs.desk import Desk, PlainFob
from tests.soft.issuing import strict
from web.api.bank.acts import tokens

KEY = "8e6c1f0a-5b0e-4d58-9f0e-6f2f2b7d3a11"
REPLAYED = "Idempotency-Replayed"


def credentials(served: Served) -> int:
    with served.services.store.read() as tx:
        return tx.scalar(select(func.count()).select_from(Credential)) or 0


def test_the_same_request_is_done_once_and_answered_alike(bank: Bank) -> None:
    first = bank.post("/credentials", key=KEY, **SOFT)
    again = bank.post("/credentials", key=KEY, **SOFT)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert credentials(bank.served) == 1
    assert bank.post("/credentials", **SOFT).status_code == 409


@sqlite_only
def test_a_code_accepted_is_told_so_again_and_used_for_everybody_else(bank: Bank, active: PlainFob) -> None:
    code = active.code(bank.served.at)
    assert [bank.post("/verify", key=KEY, otp=code).json() for _ in range(2)] == [{"outcome": "accepted"}] * 2
    assert bank.decide("/verify", otp=code) == ("refused", "used")


@sqlite_only
def test_a_wrong_code_sent_again_counts_once(bank: Bank, active: PlainFob) -> None:
    wrong = f"{(int(active.code(bank.served.at)) + 1) % 10**8:08d}"
    for _ in range(6):
        assert bank.post("/verify", key=KEY, otp=wrong).json() == {"outcome": "refused", "reason": "wrong"}
    assert bank.state()["state"] == "active"


def test_a_refusal_is_an_answer_for_a_day(bank: Bank, desk: Desk) -> None:
    refused = bank.post("/revoke", key=KEY)
    assert refused.status_code == 404
    assert bank.post("/credentials", **SOFT).status_code == 201
    later(bank, desk, hours=23, minutes=59, seconds=59)
    assert bank.post("/revoke", key=KEY).content == refused.content
    later(bank, desk, seconds=1)
    assert bank.post("/revoke", key=KEY).status_code == 200


@pytest.mark.parametrize(("path", "more"), [("/credentials", {"language": "en"}), ("/revoke", {})])
def test_another_request_under_the_key_is_refused(bank: Bank, path: str, more: dict[str, str]) -> None:
    bank.post("/credentials", key=KEY, **SOFT)
    other = SOFT | more if path == "/credentials" else more
    answer = bank.post(path, key=KEY, **other)
    assert (answer.status_code, answer.json()) == (422, {"error": "idempotency_key_reused"})
    assert bank.state()["state"] == "issued"


@sqlite_only
def test_another_customer_is_another_request(bank: Bank, customer_b: Customer) -> None:
    bank.post("/apply", key=KEY)
    bank.user_id = customer_b.user_id
    assert bank.post("/apply", key=KEY).json() == {"error": "idempotency_key_reused"}


@sqlite_only
def test_the_order_of_members_is_no_difference(bank: Bank) -> None:
    ids = {"service_id": bank.service_id, "user_id": bank.user_id}
    first = bank.post("/credentials", {**ids, **SOFT}, key=KEY)
    assert bank.post("/credentials", {**SOFT, **ids}, key=KEY).content == first.content


@sqlite_only
def test_keys_belong_to_one_client(served: Served, bank: Bank, customer_b: Customer) -> None:
    bank.post("/apply", key=KEY)
    assert open_bank(served, customer_b.user_id).post("/apply", key=KEY).status_code == 201


@sqlite_only
@pytest.mark.parametrize("key", ["", "a b", "x" * 65])
def test_a_malformed_key_is_named(bank: Bank, key: str) -> None:
    answer = bank.post("/apply", key=key)
    refused = {"error": "bad_input", "field": "Idempotency-Key", "fault": "bad_form"}
    assert (answer.status_code, answer.json()) == (422, refused)


@sqlite_only
def test_what_is_malformed_claims_nothing(bank: Bank) -> None:
    assert bank.post("/credentials", key=KEY, kind="soft").status_code == 422
    bank.post("/credentials", key="other", kind="paper")
    assert bank.post("/credentials", key="other", **SOFT).status_code == 201


def test_two_at_the_same_time_are_done_once(served: Served, bank: Bank) -> None:
    start = Barrier(8)

    def call(_: int) -> httpx.Response:
        start.wait()
        return bank.post("/credentials", key=KEY, **SOFT)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(call, range(8)))
    done = {answer.content for answer in answers if answer.status_code == 201}
    others = {(answer.status_code, answer.content) for answer in answers if answer.status_code != 201}
    assert len(done) == 1
    assert others <= {(409, b'{"error":"in_progress"}\n')}
    assert credentials(served) == 1
    assert bank.post("/credentials", key=KEY, **SOFT).content in done


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def apply(*_: object) -> None:
        raise error

    monkeypatch.setattr(tokens, "apply", apply)


@sqlite_only
def test_what_the_database_refused_is_tried_again(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        failing(patch, StoreUnavailable(StoreFault.LOCKED))
        assert bank.post("/apply", key=KEY).status_code == 503
    assert bank.post("/apply", key=KEY).status_code == 201


@sqlite_only
@pytest.mark.parametrize(
    ("error", "status"), [(StoreUnavailable(StoreFault.UNREACHABLE), 503), (MemoryError(), 500)]
)
def test_what_was_cut_off_is_not_done_again(
    bank: Bank, desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    with monkeypatch.context() as patch:
        failing(patch, error)
        assert bank.post("/apply", key=KEY).status_code == status
    assert bank.ask("/apply", key=KEY) == (409, {"error": "in_progress"})
    for minutes in (1, -3):  # the clock may be set back in between
        later(bank, desk, minutes=minutes)
        assert bank.ask("/apply", key=KEY) == (409, {"error": "outcome_unknown"})
    assert bank.ask("/apply", key="another")[0] == 201


@sqlite_only
@pytest.mark.parametrize("fault", StoreFault)
def test_what_is_done_is_not_told_as_undone_where_nobody_can_read_it_any_more(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, fault: StoreFault
) -> None:
    assert bank.ask("/apply", key="before")[0] == 201
    reads = count()

    def read(store: Store, institution_id: str, user_id: str) -> TokenState:
        if next(reads) >= 2:  # the customer and the application are found before
            raise StoreUnavailable(fault)
        return token_state(store, institution_id, user_id)

    with monkeypatch.context() as patch:
        patch.setattr("web.api.bank.calls.token_state", read)
        told = bank.ask("/withdraw", key=KEY, kind="hard")
    assert told == (409, {"error": "outcome_unknown"})
    assert bank.ask("/withdraw", key=KEY, kind="hard") == (409, {"error": "in_progress"}), "it is not done again"
    assert bank.ask("/withdraw", key="another", kind="hard")[0] == 404, "it was done"


@sqlite_only
def test_an_answer_that_cannot_be_kept_is_told_all_the_same(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(*_: object) -> None:
        raise StoreUnavailable(StoreFault.FULL)

    with monkeypatch.context() as patch:
        patch.setattr("web.api.bank.once.keep_answer", keep)
        assert bank.post("/apply", key=KEY).status_code == 201
    assert bank.ask("/apply", key=KEY) == (409, {"error": "in_progress"})


def test_answers_are_forgotten_after_their_day(served: Served, bank: Bank) -> None:
    bank.post("/apply", key=KEY)
    for age, left in ((timedelta(hours=24, microseconds=-1), 1), (timedelta(hours=24), 0)):
        forget_answers(served.services, served.at + age)
        with served.services.store.read() as tx:
            assert len(tx.scalars(select(BankAnswer)).all()) == left


@sqlite_only
def test_nothing_is_asked_and_written_without_a_key(served: Served, bank: Bank) -> None:
    said: list[str] = []
    with listening(served.services.store, "before_cursor_execute", lambda *call: said.append(call[2])):
        bank.post("/verify", otp="12345678")
        assert said == []
        bank.post("/verify", otp="12345678", key=KEY)
    assert len([statement for statement in said if "bank_answer" in statement]) == 3


class TestStrictProfile:
    """Answers that hold a set-up code."""

    @pytest.fixture
    def institutions(self, institutions: Mapping[str, Institution]) -> Mapping[str, Institution]:
        """`dual` is strict."""
        return strict(institutions)

    def test_a_kept_answer_is_whole_and_holds_no_secret_in_the_clear(self, served: Served, bank: Bank) -> None:
        first = bank.post("/credentials", key=KEY, **SOFT)
        code = first.json()["setup_code"]
        assert bank.post("/credentials", key=KEY, **SOFT).json()["setup_code"] == code
        stored = everything_stored(served.services)
        secrets = (code.encode(), code.replace("-", "").encode(), SOFT["activation_password"].encode())
        assert [shape for secret in secrets for shape in shapes(secret) if shape in stored] == []

    @sqlite_only
    def test_a_repetition_is_not_audited_as_another_issuance(self, served: Served, bank: Bank) -> None:
        for _ in range(3):
            bank.post("/credentials", key=KEY, **SOFT)
        with served.services.store.read() as tx:
            assert len(tx.scalars(select(AuditEntry).where(AuditEntry.act == "issue_soft")).all()) == 1

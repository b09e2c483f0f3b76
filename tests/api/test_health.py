"""For the operator: alive, ready, and numbers that tell of no person."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from provisioning.clock import ClockGuard
from provisioning.jobs.check_ready import Readiness, check_ready
from provisioning.rules.audit_watch import UNSEALED_FOR, AuditAlarm
from provisioning.rules.roles import ALL_ROLES, Role
from provisioning.services import Services
from provisioning.store.engine import Store
from provisioning.store.queries.backlog import Backlog, backlog
from provisioning.store.tables import Customer
from tests.api.bank import open_bank
from tests.api.conftest import Served
from tests.fixtures.refusals import read_only
from tests.fixtures.vaults import halves_of, new_vault
from web import health
from web.app import create_app


def sample(text: str, name: str, **labels: str) -> float:
    """One number of a scrape."""
    for family in text_string_to_metric_families(text):
        for found in family.samples:
            if found.name == name and found.labels == labels:
                return found.value
    raise AssertionError(f"{name} {labels} is not in the scrape")


def readiness(served: Served, services: Services) -> tuple[int, dict[str, object]]:
    """What /readyz says with these services."""
    answer = create_app(services, {Role.BANK}, lambda: served.at).test_client().get("/readyz")
    return answer.status_code, answer.get_json()


def test_alive_and_ready(served: Served) -> None:
    assert served.http.get("/healthz").json() == {"status": "alive"}
    answer = served.http.get("/readyz")
    assert answer.status_code == 200
    fine = {"database": True, "vault": True, "clock": True, "certificates": True, "certificate_ends": {}}
    assert answer.json() == {"status": "ready", **fine, "audit_alarms": []}


def test_a_flood_of_strangers_costs_ten_looks_a_second(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes the database's turn to write and the HSM's, which codes wait for."""
    looks, now = Counter[str](), [1_000.0]

    def look(services: Services, at: datetime) -> Readiness:
        looks["ready"] += 1
        return check_ready(services, at)

    def count(store: Store) -> Backlog:
        looks["numbers"] += 1
        return backlog(store)

    monkeypatch.setattr(health, "check_ready", look)
    monkeypatch.setattr(health, "backlog", count)
    monkeypatch.setattr(health, "monotonic", lambda: now[0])
    client = create_app(served.services, {Role.BANK}, lambda: served.at).test_client()
    for wanted in (1, 2):
        told = {client.get("/readyz").status_code for _ in range(20)} | {client.get("/metrics").status_code}
        client.get("/metrics")
        assert (told, looks) == ({200}, Counter(ready=wanted, numbers=wanted))
        now[0] += 0.1


def test_not_ready_names_what_is_wrong(served: Served, tmp_path: Path) -> None:
    services = served.services
    nowhere = Store(f"sqlite:///{tmp_path / 'missing' / 'kagiya.db'}")
    strange = halves_of(new_vault(tmp_path))[1]
    broken = {
        "database": replace(services, store=nowhere),
        "vault": replace(services, opener=strange),
        "clock": replace(services, clock=ClockGuard(lambda: False)),
        "certificates": replace(services, certificate_ends={"role": served.at}),
    }
    for part, with_fault in broken.items():
        status, answer = readiness(served, with_fault)
        fine = dict.fromkeys(broken, True) | {part: False}
        ends = str(answer.pop("certificate_ends"))
        assert answer.pop("audit_alarms") == (None if part == "database" else [])
        assert (status, answer) == (503, {"status": "not_ready", **fine})
        assert (ends != "{}") == (part == "certificates")
    nowhere.close()


def test_what_is_wrong_with_the_audit_log_is_told_and_shuts_nobody_out(
    served: Served, customer_a: Customer
) -> None:
    open_bank(served, customer_a.user_id)
    served.advance(seconds=UNSEALED_FOR.total_seconds() + 1)
    answer = served.http.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["audit_alarms"] == [AuditAlarm.NOT_SEALED]


def test_a_database_without_our_tables_is_not_ready(served: Served) -> None:
    with served.services.store.write_connection() as connection:
        connection.exec_driver_sql("ALTER TABLE credential RENAME TO credential_away")
    status, answer = readiness(served, served.services)
    assert (status, answer["database"]) == (503, False)


def test_a_database_that_takes_no_writes_is_not_ready(served: Served) -> None:
    with read_only(served.services) as unwritable:
        status, answer = readiness(served, unwritable)
    assert (status, answer["database"]) == (503, False)


def test_a_role_without_the_private_key_is_ready_if_it_can_seal(served: Served) -> None:
    assert readiness(served, replace(served.services, opener=None))[0] == 200


def test_decisions_requests_and_backlog_are_counted_without_names(served: Served, customer_a: Customer) -> None:
    bank = open_bank(served, customer_a.user_id)
    for _ in range(3):
        bank.decide("/verify", otp="13572468")
    issued = {"kind": "soft", "mail_address": "taro@carrier.example", "activation_password": "83719264"}
    bank.post("/credentials", **issued)
    text = served.http.get("/metrics").text
    decided = sample(text, "kagiya_decisions_total", use="verify", outcome="refused", reason="not_active")
    assert decided == 3
    assert sample(text, "kagiya_request_seconds_count", endpoint="bank_api.post_verify", status="200") == 3
    assert sample(text, "kagiya_mails", state="queued") == 1
    assert sample(text, "kagiya_mails", state="failed") == 0
    assert sample(text, "kagiya_open_jobs", state="queued") == 0
    for private in (customer_a.user_id, customer_a.id, "taro", "13572468", "83719264", bank.key, bank.service_id):
        assert private not in text


def test_counters_are_told_even_while_the_database_is_away(served: Served, tmp_path: Path) -> None:
    nowhere = Store(f"sqlite:///{tmp_path / 'missing' / 'kagiya.db'}")
    app = create_app(replace(served.services, store=nowhere), ALL_ROLES, lambda: served.at)
    text = app.test_client().get("/metrics").get_data(as_text=True)
    assert "kagiya_decisions" in text
    assert "kagiya_mails" not in text
    nowhere.close()

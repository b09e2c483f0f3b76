"""Whatever can happen has words, in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from devices.contract import FailureCode
from provisioning.rules.actor import ActorKind
from provisioning.rules.closing import FindingKind
from provisioning.rules.custody import Compartment, Holder
from provisioning.rules.mail_fault import MailFault
from provisioning.rules.permissions import StaffRole
from provisioning.rules.staff_proof import SignInProof
from provisioning.rules.states import CredentialState, EndedHow, EndReason, FobState, JobKind, JobState, TokenKind
from provisioning.store.queries.batches import BatchStage
from provisioning.store.queries.mails import MailState
from provisioning.store.queries.next_step import NextStep
from provisioning.store.queries.stations import ProblemView, StationStatus
from provisioning.store.queries.timeline import StageName
from web import catalogues
from web.pages.audit import entry_words
from web.pages.staff import account_words, act_words, batch_words, closing_words, device_words, mail_words, words

JOBS = Path(act_words.__file__).parents[3] / "provisioning" / "jobs"


def audited_acts() -> set[str]:
    """The act's name in every audit row that a job writes with a plain name."""
    found = set()
    for file in JOBS.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            position = {"AuditRecord": 2, "record_fob_act": 4}.get(node.func.id)
            if position is not None and len(node.args) > position:
                argument = node.args[position]
                if isinstance(argument, ast.Constant):
                    found.add(str(argument.value))
    assert {"hand_over", "issue_soft", "end_credential"} <= found
    return found


def test_every_audited_act_has_a_line() -> None:
    assert audited_acts() - set(entry_words.LINES) == set()


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (words.ROLES, StaffRole),
        (words.ENDED_HOW, EndedHow),
        (words.FOB, FobState),
        (words.HOLDER, Holder),
        (closing_words.COMPARTMENTS, Compartment),
        (closing_words.KINDS, FindingKind),
        (closing_words.MENDS, FindingKind),
        (batch_words.STAGES, BatchStage),
        (words.JOB, JobState),
        (words.JOB_KIND, JobKind),
        (words.MAIL, MailState),
        (mail_words.REPLY, MailFault),
        (words.STATION, StationStatus),
        (words.STAGE, StageName),
        (words.REASONS, EndReason),
        (act_words.ACTORS, ActorKind),
        (account_words.PROOFS, SignInProof),
        (device_words.NEXT_STEPS, NextStep),
    ],
)
def test_every_state_has_words(table: dict[object, object], members: Iterable[object]) -> None:
    assert set(table) == set(members)


def test_every_failure_has_a_reason_and_a_mend() -> None:
    vague = device_words.diagnosis("no such code")
    assert [code for code in FailureCode if device_words.diagnosis(code.value) is vague] == []


@pytest.mark.parametrize(
    "what", ["application", "application_closed", "pin", "pin_not_set", "config_mode", "admin_pin", "user_pin"]
)
def test_what_exactly_is_locked_has_its_own_mend(what: str) -> None:
    vague = device_words.diagnosis("device_locked")
    told, facts = device_words.problem_in_words(ProblemView("device_locked", {"what": what}))
    assert told is not vague
    assert facts == []
    assert device_words.diagnosis("device_locked", {"what": "something new"}) is vague


def test_every_state_of_a_token_has_words() -> None:
    for kind in TokenKind:
        for state in CredentialState:
            assert words.credential(kind, state).look is not None
    assert words.credential(None, None) is words.NO_TOKEN


def test_nothing_of_the_console_lacks_english() -> None:
    missing = {text: place for text, place in catalogues.missing().items() if "staff" in place}
    assert missing == {}


def test_every_result_that_a_job_records_has_words() -> None:
    """A page in Japanese does not say "registered"."""
    told = {
        call.args[3].value
        for file in JOBS.rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "AuditRecord"
        if len(call.args) > 3 and isinstance(call.args[3], ast.Constant)
    }
    assert {"done", "registered", "queued"} <= told
    assert told <= set(entry_words.RESULTS)

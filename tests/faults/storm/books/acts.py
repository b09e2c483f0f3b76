"""Requests against the log: what was told as done is there once, what was refused is not, nothing failed open."""

from __future__ import annotations

from collections import Counter

from tests.faults.storm.books.evidence import Evidence
from tests.faults.storm.ledger import JUDGED, Act, Attempt, Code
from tests.faults.storm.plan import FaultKind

_FAULT = 500


def told_as_done(evidence: Evidence) -> list[str]:
    """An answer is what happened; where none came, it happened at most once."""
    return [fault for attempt in evidence.ledger.attempts if (fault := _told_wrongly(evidence, attempt))]


def _told_wrongly(evidence: Evidence, attempt: Attempt) -> str:
    marks = evidence.marks(attempt)
    results = [mark.result for mark in marks]
    if attempt.is_accepted:
        wanted = "accepted" if attempt.act in JUDGED else None
        if len(marks) == 1 and wanted in (None, results[0]):
            return ""
        return f"{_named(attempt)} was accepted, and the log says {results}"
    if attempt.is_judged_wrong:
        reasons = [mark.facts.get("reason") for mark in marks]
        if results == ["refused"] and reasons == [attempt.answer["reason"]]:
            return ""
        return (
            f"{_named(attempt)} was refused for {attempt.answer['reason']}, and the log says {results} {reasons}"
        )
    if attempt.is_unknown:
        return f"{_named(attempt)} was asked once and done {len(marks)} times" if len(marks) > 1 else ""
    # a set-up that was done before is refused, and stays done
    if marks and attempt.act is not Act.SET_UP:
        return f"{_named(attempt)} was not done by its answer, and the log says {results}"
    return ""


def nobody_else(evidence: Evidence) -> list[str]:
    """Every act of the bank's in the log was asked for."""
    asked = {(one.client_id, evidence.customers[one.customer].id) for one in evidence.ledger.attempts}
    return [f"{key} was never asked" for key in evidence.by_request if key not in asked]


def no_fault_of_ours(evidence: Evidence) -> list[str]:
    """Whatever broke, every answer is one that was thought of."""
    return [
        f"{_named(one)} met a fault of the program" for one in evidence.ledger.attempts if one.status == _FAULT
    ]


def no_code_twice(evidence: Evidence) -> list[str]:
    """Whatever was lost on the way: a code of a token is good once."""
    judged = [one for one in evidence.ledger.attempts if one.act in JUDGED and evidence.was_accepted(one)]
    times = Counter((one.credential_id, one.otp) for one in judged)
    return [
        f"a code of {credential_id} was accepted {n} times" for (credential_id, _), n in times.items() if n > 1
    ]


def nothing_fails_open(evidence: Evidence) -> list[str]:
    """Whoever typed it knows what it was."""
    found = []
    accepted = [one for one in evidence.ledger.attempts if one.act in JUDGED and evidence.was_accepted(one)]
    times = Counter((one.credential_id, one.otp) for one in accepted)
    for attempt in accepted:
        if attempt.code in (Code.WRONG, Code.OF_AN_ENDED_TOKEN):
            found.append(f"{_named(attempt)} was accepted")
        # one that seemed used may be the first of two, or the first to arrive
        if attempt.code is Code.REPEATED and times[attempt.credential_id, attempt.otp] > 1:
            found.append(f"{_named(attempt)} was accepted")
        if FaultKind.CLOCK_UNKNOWN in attempt.throughout:
            found.append(f"{_named(attempt)} was accepted without a clock")
    return found


def _named(attempt: Attempt) -> str:
    code = f" with a code that is {attempt.code}" if attempt.code else ""
    met = f" during {', '.join(sorted(attempt.meanwhile))}" if attempt.meanwhile else ""
    return f"request {attempt.number}, {attempt.act}{code} (answer {attempt.status}){met},"

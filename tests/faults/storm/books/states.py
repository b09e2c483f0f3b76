"""Tokens against the log: a token stands where its entries led it, and none is half created."""

from __future__ import annotations

from collections import Counter

from provisioning.rules.states import CredentialState, JobState, TokenKind
from provisioning.store.tables import AuditEntry, Credential
from tests.faults.storm.books.evidence import Evidence
from tests.faults.storm.ledger import JUDGED


def nothing_after_its_time(evidence: Evidence) -> list[str]:
    """In the order of the log."""
    found = []
    for credential in evidence.credentials:
        suspended = ended = False
        for entry in evidence.of_credential(credential.id):
            accepted = entry.act in JUDGED and entry.result == "accepted"
            # a release ends the token first, within the same transaction
            if accepted and (suspended or (ended and entry.act != "release")):
                found.append(f"{credential.id}: entry {entry.id} accepts after {'end' if ended else 'suspension'}")
            suspended = (suspended or bool(entry.facts.get("suspended"))) and entry.act != "lift_suspension"
            ended = ended or entry.act == "end_credential"
    return found


def as_the_log_says(evidence: Evidence) -> list[str]:
    """State, wrong codes in a row, and the last accepted step."""
    found = []
    steps: dict[str, int] = {}
    for attempt in evidence.ledger.attempts:
        if attempt.act in JUDGED and evidence.was_accepted(attempt):
            steps[attempt.credential_id] = max(steps.get(attempt.credential_id, -1), attempt.step)
    for credential in evidence.credentials:
        state, failures = _led(evidence.of_credential(credential.id))
        if credential.state is not state:
            found.append(f"{credential.id} is {credential.state}, and its entries led to {state}")
        if credential.state is not CredentialState.ENDED and credential.failures != failures:
            found.append(f"{credential.id} counts {credential.failures} wrong codes of {failures}")
        # a fob's proof by the station takes a step, too
        if credential.last_step < steps.get(credential.id, -1):
            found.append(f"{credential.id} forgot the step {steps[credential.id]}")
    return found


def _led(entries: list[AuditEntry]) -> tuple[CredentialState, int]:
    """Where the entries lead, and the wrong codes since the last right one."""
    state = resumed = CredentialState.ISSUED
    failures = 0
    for entry in entries:
        if entry.result == "set_up" or (entry.act == "prove_job" and entry.result == JobState.PROVED):
            state = CredentialState.SET_UP
        elif entry.act == "activate" and entry.result == "accepted":
            state, failures = CredentialState.ACTIVE, 0
        elif entry.act in JUDGED and entry.result == "accepted":
            failures = 0
        elif "failures" in entry.facts and entry.act in JUDGED:
            failures = entry.facts["failures"]
        if entry.facts.get("suspended") and entry.act in JUDGED:
            resumed, state = state, CredentialState.SUSPENDED
        if entry.act == "lift_suspension":
            state, failures = resumed, 0
        if entry.act == "end_credential":
            return CredentialState.ENDED, failures
    return state, failures


def none_half_created(evidence: Evidence) -> list[str]:
    """Credential, its first entry, and what makes it usable: a ticket and a mail, or a job."""
    tickets = Counter(ticket.credential_id for ticket in evidence.tickets)
    jobs = Counter(job.credential_id for job in evidence.jobs)
    mails = Counter(mail.credential_id for mail in evidence.outbox if mail.credential_id)
    found = []
    for credential in evidence.credentials:
        opened = [one for one in evidence.of_credential(credential.id) if one.act == "open_credential"]
        soft = credential.kind is TokenKind.SOFT
        has = (tickets[credential.id], mails[credential.id]) if soft else (jobs[credential.id],)
        if len(opened) != 1 or not all(has):
            found.append(f"{credential.id} ({credential.kind}) has {len(opened)} openings, {has}")
        found += _half_written(credential)
    return found


def _half_written(credential: Credential) -> list[str]:
    parts = {credential.sealed_seed is None, credential.wrapped_key is None, credential.kek_id is None}
    wants_seed = credential.state in (CredentialState.SET_UP, CredentialState.ACTIVE, CredentialState.SUSPENDED)
    if len(parts) > 1 or (wants_seed and True in parts):
        return [f"{credential.id} has half a seed"]
    return []


def one_of_each(evidence: Evidence) -> list[str]:
    """What unique indexes and jobs promise."""
    open_ones = [one for one in evidence.credentials if one.state is not CredentialState.ENDED]
    found = []
    for what in ("customer_id", "fob_id"):
        times = Counter(name for one in open_ones if (name := getattr(one, what)))
        found += [f"{n} open tokens of one {what}" for n in times.values() if n > 1]
    waiting = {one.id for one in open_ones if one.state is CredentialState.ISSUED and one.fob_id}
    at_work = {job.credential_id for job in evidence.jobs if job.closed_at is None and job.credential_id}
    found += [f"{one} waits for a fob and has no job" for one in waiting - at_work]
    found += [f"a job is open for {one}, which waits for none" for one in at_work - waiting]
    return found

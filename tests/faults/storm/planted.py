"""Each kind of violation, to be planted into a copy of what a storm has left: the rules must see it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from provisioning.services import Services
from provisioning.store.engine import Store
from provisioning.store.tables import MailState
from provisioning.store.vault import SeedContext
from tests.faults.storm.books import Rule, acts, ends, log, mails, seeds, states
from tests.faults.storm.books.evidence import Evidence, gather
from tests.faults.storm.institution import STORMY
from tests.faults.storm.ledger import JUDGED, Attempt, Code, Ledger
from tests.faults.storm.plan import FaultKind
from tests.faults.storm.run import Storm


class Left:
    """A copy of what a storm has left, to plant something in."""

    def __init__(self, over: Storm, file: Path) -> None:
        source = over.house.services.settings.store.url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(source)) as whole, closing(sqlite3.connect(file)) as copy:
            whole.backup(copy)
        self._file = file
        self._directory = over.house.directory
        self.caught_often = False
        self.services: Services = replace(over.house.services, store=Store(f"sqlite:///{file}"))
        self.ledger = Ledger()
        self.ledger.attempts = [replace(one) for one in over.ledger.attempts]
        self.evidence = self.read()

    def write(self, statement: str, *values: object) -> None:
        """Change the database behind everybody's back."""
        with closing(sqlite3.connect(self._file)) as copy, copy:
            assert copy.execute(statement, values).rowcount > 0, statement

    def read(self) -> Evidence:
        """All of it, as it is now."""
        found = gather(self.services, self._directory, self.ledger)
        return replace(found, caught=found.caught * 2) if self.caught_often else found

    def accepted(self) -> Attempt:
        """A code that was accepted."""
        return next(one for one in self.ledger.attempts if one.act in JUDGED and one.is_accepted)

    def entry_of(self, attempt: Attempt) -> int:
        """Number of the entry that tells of it."""
        return self.evidence.marks(attempt)[0].id

    def copy_entry(self, number: int, **changes: object) -> None:
        """The same entry once more."""
        with closing(sqlite3.connect(self._file)) as copy, copy:
            names = [row[1] for row in copy.execute("PRAGMA table_info(audit_entry)") if row[1] != "id"]
            values = [changes.get(name, f"\0{name}") for name in names]
            shown = ", ".join(
                name if value == f"\0{name}" else "?" for name, value in zip(names, values, strict=True)
            )
            given = [value for name, value in zip(names, values, strict=True) if value != f"\0{name}"]
            into = f"INSERT INTO audit_entry ({', '.join(names)}) SELECT {shown} FROM audit_entry WHERE id = ?"
            copy.execute(into, (*given, number))


def _lose_an_entry(left: Left) -> None:
    left.write("UPDATE audit_entry SET act = 'other' WHERE id = ?", left.entry_of(left.accepted()))


def _do_it_twice(left: Left) -> None:
    left.copy_entry(left.entry_of(left.accepted()))


def _do_what_was_refused(left: Left) -> None:
    refused = next(one for one in left.ledger.attempts if one.is_judged_wrong)
    left.write("UPDATE audit_entry SET result = 'accepted' WHERE id = ?", left.entry_of(refused))


def _act_unasked(left: Left) -> None:
    left.copy_entry(left.entry_of(left.accepted()), actor_id="nobody we know")


def _fall_over(left: Left) -> None:
    left.accepted().status = 500


def _accept_twice(left: Left) -> None:
    attempt = left.accepted()
    other = replace(attempt, client_id="another one", status=None, answer={})
    left.ledger.attempts.append(other)
    left.copy_entry(left.entry_of(attempt), actor_id=other.client_id)


def _accept_a_wrong_code(left: Left) -> None:
    left.accepted().code = Code.WRONG


def _accept_a_used_code(left: Left) -> None:
    _accept_twice(left)
    left.ledger.attempts[-1].code = Code.REPEATED


def _accept_without_a_clock(left: Left) -> None:
    left.accepted().throughout = frozenset({FaultKind.CLOCK_UNKNOWN})


def _accept_while_suspended(left: Left) -> None:
    before = min(one.id for one in left.evidence.of_credential(left.accepted().credential_id))
    left.write("UPDATE audit_entry SET facts = '{\"suspended\": true}' WHERE id = ?", before)


def _accept_after_the_end(left: Left) -> None:
    ended = next(one for one in left.evidence.entries if one.act == "end_credential")
    left.copy_entry(ended.id, act="verify", result="accepted")


def _count_wrong_codes(left: Left) -> None:
    left.write("UPDATE credential SET failures = 4 WHERE state = 'active'")


def _forget_a_step(left: Left) -> None:
    left.write("UPDATE credential SET last_step = 7 WHERE state = 'active'")


def _suspend_silently(left: Left) -> None:
    left.write("UPDATE credential SET state = 'suspended', resume_state = 'active' WHERE state = 'active'")


def _lose_a_ticket(left: Left) -> None:
    left.write("DELETE FROM ticket WHERE id = (SELECT min(id) FROM ticket)")


def _lose_half_a_seed(left: Left) -> None:
    left.write("UPDATE credential SET wrapped_key = NULL WHERE state = 'active'")


def _leave_a_job_open(left: Left) -> None:
    left.write("UPDATE programming_job SET closed_at = NULL WHERE state = 'proved'")


def _lose_an_event(left: Left) -> None:
    left.write("DELETE FROM host_event WHERE rowid = (SELECT min(rowid) FROM host_event)")


def _tell_an_end_that_was_none(left: Left) -> None:
    left.write("UPDATE host_event SET credential_id = (SELECT id FROM credential WHERE state = 'active')")


def _seal_alike(left: Left) -> None:
    for one in [one for one in left.evidence.credentials if one.sealed_seed][:2]:
        _seal(left, one.id, one.seed_version)


def _seal_another_into_a_fob(left: Left) -> None:
    one = next(one for one in left.evidence.credentials if one.sealed_seed and one.fob_id)
    _seal(left, one.id, one.seed_version)


def _seal(left: Left, credential_id: str, version: int) -> None:
    sealed = left.services.sealer.seal(bytes(20), SeedContext(STORMY.id, credential_id, version))
    values = (sealed.sealed_seed, sealed.wrapped_key, sealed.kek_id, credential_id)
    left.write("UPDATE credential SET sealed_seed = ?, wrapped_key = ?, kek_id = ? WHERE id = ?", *values)


def _claim_a_mail_was_sent(left: Left) -> None:
    one = next(mail for mail in left.evidence.outbox if mail.state is MailState.SENT)
    left.write("UPDATE outbox_mail SET id = 'never sent' WHERE id = ?", one.id)


def _leave_a_mail(left: Left) -> None:
    left.write("UPDATE outbox_mail SET state = 'queued' WHERE id = (SELECT min(id) FROM outbox_mail)")


def _send_often(left: Left) -> None:
    left.write("UPDATE outbox_mail SET attempts = 1 WHERE state = 'sent'")
    left.caught_often = True


def _owe_nothing(left: Left) -> None:
    left.write("DELETE FROM outbox_mail WHERE kind = 'token_activated'")


def _change_an_entry(left: Left) -> None:
    left.write("UPDATE audit_entry SET origin = 'elsewhere' WHERE id = 3")


PLANTED: Final[tuple[tuple[Callable[[Left], None], Rule], ...]] = (
    (_lose_an_entry, acts.told_as_done),
    (_do_it_twice, acts.told_as_done),
    (_do_what_was_refused, acts.told_as_done),
    (_act_unasked, acts.nobody_else),
    (_fall_over, acts.no_fault_of_ours),
    (_accept_twice, acts.no_code_twice),
    (_accept_a_wrong_code, acts.nothing_fails_open),
    (_accept_a_used_code, acts.nothing_fails_open),
    (_accept_without_a_clock, acts.nothing_fails_open),
    (_accept_while_suspended, states.nothing_after_its_time),
    (_accept_after_the_end, states.nothing_after_its_time),
    (_count_wrong_codes, states.as_the_log_says),
    (_forget_a_step, states.as_the_log_says),
    (_suspend_silently, states.as_the_log_says),
    (_lose_a_ticket, states.none_half_created),
    (_lose_half_a_seed, states.none_half_created),
    (_leave_a_job_open, states.one_of_each),
    (_lose_an_event, ends.told_to_the_host),
    (_tell_an_end_that_was_none, ends.told_to_the_host),
    (_seal_alike, seeds.in_one_place),
    (_seal_another_into_a_fob, seeds.bound_by_it),
    (_claim_a_mail_was_sent, mails.sent),
    (_leave_a_mail, mails.sent),
    (_send_often, mails.not_in_vain),
    (_owe_nothing, mails.owed),
    (_change_an_entry, log.whole),
)


def unseen(over: Storm, directory: Path) -> list[str]:
    """Names of what was planted and not seen by its rule, one after the other."""
    found = []
    for plant, rule in PLANTED:
        left = Left(over, directory / f"{plant.__name__}.db")
        before = rule(left.evidence)
        plant(left)
        if before or not rule(left.read()):
            found.append(plant.__name__)
        left.services.store.close()
    return found

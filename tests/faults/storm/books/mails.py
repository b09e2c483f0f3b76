"""Mails: every one that is owed was sent, and none twice without a reason."""

from __future__ import annotations

from collections import Counter

from provisioning.rules.mail_kind import MailKind
from provisioning.store.tables import MailState
from tests.faults.storm.books.evidence import Evidence


def sent(evidence: Evidence) -> list[str]:
    """SENT and caught; cancelled with its token; or refused for good by the mail server."""
    caught, found = _caught(evidence), []
    for mail in evidence.outbox:
        if mail.state is MailState.SENT and not caught[mail.id]:
            found.append(f"mail {mail.id} ({mail.kind}) counts as sent and never arrived")
        elif mail.state in (MailState.QUEUED, MailState.SENDING):
            found.append(f"mail {mail.id} ({mail.kind}) still waits after {mail.attempts} tries")
        elif mail.state is MailState.FAILED and not (mail.last_reply or "").startswith("5"):
            found.append(f"mail {mail.id} ({mail.kind}) failed with {mail.last_reply}")
    known = {mail.id for mail in evidence.outbox}
    return found + [f"a mail arrived that nobody owed: {one}" for one in caught if one not in known]


def not_in_vain(evidence: Evidence) -> list[str]:
    """At least once; a second time only where the first try's end was not heard."""
    caught = _caught(evidence)
    often = [mail for mail in evidence.outbox if caught[mail.id] > max(1, mail.attempts)]
    return [f"mail {mail.id} came {caught[mail.id]} times of {mail.attempts} tries" for mail in often]


def owed(evidence: Evidence) -> list[str]:
    """A token issued for an app is told to its address; one that was set up, suspended or in use to it, too."""
    found = []
    told = Counter((mail.customer_id, mail.kind, mail.facts.get("at")) for mail in evidence.outbox)
    issued = Counter(mail.credential_id for mail in evidence.outbox if mail.kind is MailKind.TOKEN_ISSUED)
    set_up = {entry.credential_id for entry in evidence.entries if entry.result == "set_up"}
    for entry in evidence.entries:
        if entry.act == "issue_soft" and issued[entry.credential_id] != 1:
            found.append(f"the issuance of {entry.credential_id} owes {issued[entry.credential_id]} mails")
        if entry.act == "activate" and entry.result == "accepted" and entry.credential_id in set_up:
            key = (entry.customer_id or "", MailKind.TOKEN_ACTIVATED, entry.at.isoformat())
            if not told[key]:
                found.append(f"the activation of {entry.credential_id} owes no mail")
    return found


def _caught(evidence: Evidence) -> Counter[str]:
    names = (str(mail.message["Message-ID"]) for mail in evidence.caught)
    return Counter(name.strip("<>").partition("@")[0] for name in names)

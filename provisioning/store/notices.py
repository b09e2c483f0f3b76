"""Notices by mail, owed in the transaction of the act they tell of (R45).

They go to every confirmed address of the customer that is still stored, also to one that was just replaced. They
belong to no credential: what becomes of them says nothing about the mail that a token waits for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from provisioning.rules.mail_kind import MailKind
from provisioning.store.line import Line, Statement
from provisioning.store.tables.base import new_id, to_microseconds


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened. `facts` are small and never secret; the mail's text is made of them when it is sent."""

    kind: MailKind
    institution_id: str
    customer_id: str
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)


def owe_notices(line: Line, notice: Notice, *, only: str | None = None, but: str | None = None) -> int:
    """One mail to each address, in the open transaction of `line`. Answers how many.

    `only` and `but` are ids of stored addresses: to that one alone, or to all others.
    """
    rows = _STORED.all(line, {"customer_id": notice.customer_id})
    hashes = {str(row[0]): bytes(row[2]) for row in rows}
    # two uses may have the same address: it is told once, in the language it was last given with
    recipients = {bytes(row[2]): row for row in rows}
    if only is not None:
        recipients = {hashes[only]: recipients[hashes[only]]}
    if but is not None:
        del recipients[hashes[but]]
    facts = json.dumps({"at": notice.at.isoformat(), **notice.facts})
    for _, sealed, hashed, key_id, language in recipients.values():
        mail = {
            "id": new_id(),
            "institution_id": notice.institution_id,
            "customer_id": notice.customer_id,
            "kind": notice.kind.value,
            "language": language,
            "sealed_address": bytes(sealed),
            "address_hash": bytes(hashed),
            "address_key_id": key_id,
            "facts": facts,
            "at": to_microseconds(notice.at),
        }
        _OWE.change(line, mail)
    return len(recipients)


_STORED: Final = Statement("""
    SELECT id, sealed_address, address_hash, address_key_id, language FROM customer_address
    WHERE customer_id = :customer_id AND confirmed_at IS NOT NULL
    ORDER BY confirmed_at, id
""")
_OWE: Final = Statement("""
    INSERT INTO outbox_mail (id, institution_id, customer_id, kind, language, sealed_address, address_hash,
                             address_key_id, facts, state, attempts, queued_at, next_attempt_at)
    VALUES (:id, :institution_id, :customer_id, :kind, :language, :sealed_address, :address_hash,
            :address_key_id, :facts, 'queued', 0, :at, :at)
""")

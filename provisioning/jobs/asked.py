"""What a maker asks for, as the approver reads and signs it: arguments, and the facts as they stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy.orm import Session

from provisioning.rules.approval import AskedJob
from provisioning.store.issuances import unreleased
from provisioning.store.tables import Credential, Customer, Fob


@dataclass(frozen=True, slots=True)
class Asked:
    """`subject`: whom or what it is about, one open request for each. `branch` None: the whole institution."""

    job: AskedJob
    subject: str
    branch: str | None
    arguments: Mapping[str, Any]
    facts: Mapping[str, Any]
    customer_id: str | None = None

    def as_written(self) -> Self:
        """As it comes back from a payload, to be compared with one."""
        told = json.loads(json.dumps([self.arguments, self.facts]))
        return type(self)(self.job, self.subject, self.branch, told[0], told[1], self.customer_id)


def who(customer: Customer) -> dict[str, Any]:
    """The customer as the approver knows them."""
    return {"name": customer.name, "user_id": customer.user_id}


def token_facts(tx: Session, credential: Credential) -> dict[str, Any]:
    """A token as it stands; what has changed since it was asked for shows."""
    fob = None if credential.fob_id is None else tx.get_one(Fob, credential.fob_id)
    suspended_at = credential.suspended_at
    return {
        "kind": credential.kind.value,
        "serial": fob.serial if fob else "",
        "state": credential.state.value,
        "failures": credential.failures,
        "suspended_at": suspended_at.isoformat() if suspended_at else "",
    }


def issuance_facts(tx: Session, customer: Customer) -> dict[str, Any]:
    """The customer, and why this would be a token without release, if it would."""
    return who(customer) | {"unreleased": unreleased(tx, customer.id) or ""}

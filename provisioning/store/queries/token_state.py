"""Where a customer's token stands, as the bank's own systems ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.rules.states import CredentialState, EndedHow, Slot, TokenKind
from provisioning.store.engine import Store
from provisioning.store.tables import Credential, Customer, Fob


@dataclass(frozen=True, slots=True)
class Successor:
    """A token that is to replace the one in use (R43)."""

    credential_id: str
    kind: TokenKind
    state: CredentialState


@dataclass(frozen=True, slots=True)
class TokenState:
    """The current token, or the last one; all None for somebody who never had one.

    `expires_at`: when the fob of a token that is open expires, where that is known.
    """

    customer_id: str
    credential_id: str | None = None
    kind: TokenKind | None = None
    state: CredentialState | None = None
    ended_how: EndedHow | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    successor: Successor | None = None


def token_state(store: Store, institution_id: str, user_id: str) -> TokenState:
    """Of one user. Raises NotFound for an unknown one."""
    with store.read() as session:
        own = (Customer.institution_id == institution_id, Customer.user_id == user_id)
        customer_id = session.scalar(select(Customer.id).where(*own))
        if customer_id is None:
            raise NotFound("customer")
        credential = _newest(session, customer_id)
        expires_at = None if credential is None else _expires_at(session, credential)
        successor = _successor(session, customer_id)
    if credential is None:
        return TokenState(customer_id)
    told = {name: getattr(credential, name) for name in ("kind", "state", "ended_how", "issued_at")}
    return TokenState(customer_id, credential.id, **told, expires_at=expires_at, successor=successor)


def _expires_at(session: Session, credential: Credential) -> datetime | None:
    if credential.fob_id is None or credential.state is CredentialState.ENDED:
        return None
    return session.scalar(select(Fob.expires_at).where(Fob.id == credential.fob_id))


def _newest(session: Session, customer_id: str) -> Credential | None:
    """The open one; where there is none, the one that ended last."""
    of_customer = select(Credential).where(Credential.customer_id == customer_id, Credential.slot == Slot.CURRENT)
    still_open = of_customer.where(Credential.state != CredentialState.ENDED)
    order = (Credential.ended_at.desc(), Credential.issued_at.desc())
    return session.scalars(still_open).first() or session.scalars(of_customer.order_by(*order).limit(1)).first()


def _successor(session: Session, customer_id: str) -> Successor | None:
    waiting = (
        Credential.customer_id == customer_id,
        Credential.slot == Slot.SUCCESSOR,
        Credential.state != CredentialState.ENDED,
    )
    row = session.scalars(select(Credential).where(*waiting)).one_or_none()
    return None if row is None else Successor(row.id, row.kind, row.state)

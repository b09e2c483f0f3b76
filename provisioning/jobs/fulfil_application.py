"""An open application has its answer: a token of its kind was issued."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from provisioning.rules.states import TokenKind
from provisioning.store.tables import Application, ApplicationState


def fulfil_application(tx: Session, customer_id: str, kind: TokenKind, now: datetime) -> None:
    """OPEN → FULFILLED for the customer's application for `kind`, if there is one."""
    waiting = (
        Application.customer_id == customer_id,
        Application.kind == kind,
        Application.state == ApplicationState.OPEN,
    )
    tx.execute(update(Application).where(*waiting).values(state=ApplicationState.FULFILLED, closed_at=now))

"""What a customer has moved today, which counts against the transfer limit (振込・振替限度額)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.rules.timetable import day_begins
from provisioning.store.tables import MoneyTransfer


def moved_today_yen(tx: Session, customer_id: str, now: datetime) -> int:
    """Since midnight in Japan."""
    today = select(func.coalesce(func.sum(MoneyTransfer.amount_yen), 0)).where(
        MoneyTransfer.customer_id == customer_id, MoneyTransfer.made_at >= day_begins(now)
    )
    return int(tx.scalar(today) or 0)

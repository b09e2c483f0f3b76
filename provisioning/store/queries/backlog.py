"""How much is waiting, for the operator's metrics: mails by fate, jobs under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from provisioning.rules.states import JobState
from provisioning.store.engine import Store
from provisioning.store.tables import MailState, OutboxMail, ProgrammingJob


@dataclass(frozen=True, slots=True)
class Backlog:
    """Mails in every state; open programming jobs in theirs."""

    mails: Mapping[str, int]
    open_jobs: Mapping[str, int]


def backlog(store: Store) -> Backlog:
    """Counted now. Raises StoreUnavailable."""
    mails = select(OutboxMail.state, func.count()).group_by(OutboxMail.state)
    under_way = select(ProgrammingJob.state, func.count()).where(ProgrammingJob.closed_at.is_(None))
    with store.read() as session:
        by_fate = {state.value: count for state, count in session.execute(mails)}
        by_state = {
            state.value: count for state, count in session.execute(under_way.group_by(ProgrammingJob.state))
        }
    states = (JobState.QUEUED, JobState.WRITING, JobState.WRITTEN)
    return Backlog(
        {state.value: by_fate.get(state.value, 0) for state in MailState},
        {state.value: by_state.get(state.value, 0) for state in states},
    )

"""Write down what a claimed request was answered, or that nothing was done and it may come again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update

from provisioning.jobs.claim_request import KEPT_FOR, Answer, ClaimRequestCommand, answer_context
from provisioning.jobs.ticket_box import ticket_box
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import BankAnswer


@retried
def keep_answer(services: Services, command: ClaimRequestCommand, answer: Answer) -> None:
    """From now on the same request is answered so. The body is sealed: it may hold a set-up code (R20)."""
    sealed = ticket_box(services).seal(answer.body, answer_context(command))
    own = update(BankAnswer).where(BankAnswer.client_id == command.client_id, BankAnswer.key == command.key)
    with services.store.write() as tx:
        tx.execute(own.values(status=answer.status, sealed_answer=sealed))


@retried
def give_back_claim(services: Services, command: ClaimRequestCommand) -> None:
    """Nothing was done: the same request under the same key is tried again."""
    own = (BankAnswer.client_id == command.client_id, BankAnswer.key == command.key)
    with services.store.write() as tx:
        tx.execute(delete(BankAnswer).where(*own))


@retried
def forget_answers(services: Services, now: datetime) -> None:
    """Delete what is older than its day (the worker's clean-up)."""
    with services.store.write() as tx:
        tx.execute(delete(BankAnswer).where(BankAnswer.begun_at <= now - KEPT_FOR))

"""Staff end a token for a reason; the reason decides how it ended."""

from __future__ import annotations

from datetime import datetime

import pytest

from provisioning.errors import BadInput, NotFound, WrongState
from provisioning.jobs.end_token import HOW, EndTokenCommand, end_token
from provisioning.rules.actor import Actor
from provisioning.rules.states import CredentialState, EndedHow, EndReason, FobState, TokenKind
from provisioning.services import Services
from provisioning.store.queries.timeline import event, number_of_act
from provisioning.store.tables import Credential, Customer, Fob
from tests.staff import rows


def test_a_lost_fob_ends_with_its_token(
    services: Services, customer_a: Customer, fob: Fob, teller_actor: Actor, now: datetime
) -> None:
    credential = rows.add_credential(services, customer_a, TokenKind.HARD, now, fob, state=CredentialState.ACTIVE)
    rows.move_fob_row(services, fob, FobState.IN_USE)
    command = EndTokenCommand("dual", credential.id, EndReason.LOST, teller_actor, "  電話で受付 ")
    assert end_token(services, command, now) is EndedHow.LOST
    with services.store.read() as session:
        assert session.get_one(Fob, fob.id).state is FobState.LOST
        ended = session.get_one(Credential, credential.id)
    assert (ended.state, ended.ended_how, ended.sealed_seed) == (CredentialState.ENDED, EndedHow.LOST, None)
    act = event(services.store, "dual", number_of_act(services.store, "dual", teller_actor.id, now))
    assert (act.act, act.facts["reason"], act.facts["note"]) == ("end_token", "lost", "電話で受付")
    with pytest.raises(WrongState):
        end_token(services, command, now)


def test_every_reason_says_how() -> None:
    assert set(HOW) == set(EndReason)
    assert HOW[EndReason.CUSTOMERS_WISH] is EndedHow.RELEASED


@pytest.mark.parametrize("note", ["x" * 201, "line\nbreak", "\x1b[31m"])
def test_a_note_is_one_short_line(
    services: Services, customer_a: Customer, teller_actor: Actor, now: datetime, note: str
) -> None:
    credential = rows.add_credential(services, customer_a, TokenKind.SOFT, now)
    with pytest.raises(BadInput) as refused:
        end_token(services, EndTokenCommand("dual", credential.id, EndReason.BROKEN, teller_actor, note), now)
    assert refused.value.field == "note"


def test_foreign_tokens_cannot_be_ended(
    services: Services, customer_a: Customer, teller_actor: Actor, now: datetime
) -> None:
    credential = rows.add_credential(services, customer_a, TokenKind.SOFT, now)
    with pytest.raises(NotFound):
        end_token(services, EndTokenCommand("other", credential.id, EndReason.BROKEN, teller_actor), now)

"""The one next thing to do for a customer, out of how everything of theirs stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from provisioning.rules.states import CredentialState, FobState, JobState, TokenKind
from provisioning.store.tables import MailState


class NextAct(StrEnum):
    """What the teller (or the customer) does next."""

    UNLOCK_PASSWORDS = "unlock_passwords"
    LIFT_SUSPENSION = "lift_suspension"
    LIFT_RESTRICTION = "lift_restriction"
    WAIT = "wait"
    CHOOSE_KIND = "choose_kind"
    ENTER_APPLICATION = "enter_application"
    AWAIT_LOGIN = "await_login"
    FULFIL_APPLICATION = "fulfil_application"
    WATCH_WRITING = "watch_writing"
    PROVE_FOB = "prove_fob"
    HAND_OVER = "hand_over"
    START_AGAIN = "start_again"
    MEND_MAIL = "mend_mail"
    SET_UP_APP = "set_up_app"
    ACTIVATE = "activate"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the next act follows from. `state` is None without an open credential, `applied_for` without an open
    application. `applies_here`: tokens are applied for at the counter.
    """

    kind: TokenKind | None = None
    state: CredentialState | None = None
    fob_state: FobState | None = None
    job_state: JobState | None = None
    mail_state: MailState | None = None
    password_locked: bool = False
    waiting: bool = False
    restricted: bool = False
    may_replace: bool = False
    applied_for: TokenKind | None = None
    applies_here: bool = False


def next_act(standing: Standing) -> NextAct:
    """The one next thing to do."""
    if standing.state is CredentialState.SUSPENDED:
        return NextAct.LIFT_SUSPENSION
    if standing.password_locked:
        return NextAct.UNLOCK_PASSWORDS
    if standing.state is None:
        return _without_token(standing)
    if standing.state is CredentialState.ACTIVE:
        applied = standing.may_replace and standing.applied_for is not None
        return _applied(standing) if applied else NextAct.NOTHING
    if standing.kind is TokenKind.SOFT:
        return _soft(standing)
    return _hard(standing)


def _without_token(standing: Standing) -> NextAct:
    if standing.restricted:
        return NextAct.LIFT_RESTRICTION
    if standing.waiting:
        return NextAct.WAIT
    if standing.applied_for is None:
        return NextAct.ENTER_APPLICATION if standing.applies_here else NextAct.CHOOSE_KIND
    return _applied(standing)


def _applied(standing: Standing) -> NextAct:
    return NextAct.AWAIT_LOGIN if standing.applied_for is TokenKind.SOFT else NextAct.FULFIL_APPLICATION


def _soft(standing: Standing) -> NextAct:
    if standing.state is CredentialState.SET_UP:
        return NextAct.ACTIVATE
    return NextAct.MEND_MAIL if standing.mail_state is MailState.FAILED else NextAct.SET_UP_APP


_BY_JOB: Final = {
    JobState.QUEUED: NextAct.WATCH_WRITING,
    JobState.WRITING: NextAct.WATCH_WRITING,
    JobState.WRITTEN: NextAct.PROVE_FOB,
    JobState.FAILED: NextAct.START_AGAIN,
    JobState.ABANDONED: NextAct.START_AGAIN,
}


def _hard(standing: Standing) -> NextAct:
    if standing.state is CredentialState.ISSUED:
        return (
            NextAct.START_AGAIN if standing.job_state is None else _BY_JOB.get(standing.job_state, NextAct.NOTHING)
        )
    return NextAct.HAND_OVER if standing.fob_state is FobState.PROGRAMMED else NextAct.ACTIVATE

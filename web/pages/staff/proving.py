"""The code that a teller reads off a fob, on whichever page it is typed (SPR001, SPB002)."""

from __future__ import annotations

from provisioning.errors import BadInput, ClockUntrusted, WrongState
from provisioning.jobs.prove_typed_code import ProveTypedCodeCommand, TypedProof, prove_typed_code
from web import current
from web.pages.staff import telling
from web.pages.staff.desk import Desk, notify
from web.screens import Screen


def try_code(desk: Desk, job_id: str, code: str, screen: Screen, subject: str) -> TypedProof | None:
    """What came of it. None where nothing was judged: the form on `screen` about `subject` says why."""
    command = ProveTypedCodeCommand(desk.institution.id, job_id, code, desk.actor)
    try:
        proof = prove_typed_code(current.services(), command, current.now())
    except BadInput as fault:
        telling.refuse(screen, subject, [fault])
        return None
    except (WrongState, ClockUntrusted) as refused:
        telling.tell_refusal(refused)
        return None
    telling.forget()
    if not proof.proved:
        notify("not_proved" if proof.tries_left else "attempt_ended", tries_left=proof.tries_left)
    return proof

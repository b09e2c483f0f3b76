"""How an act ends: on a page of its own with its number, or back where it began with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from flask import redirect, session, url_for
from werkzeug.wrappers import Response

from provisioning.errors import (
    AlreadyTaken,
    ApprovalNeeded,
    ApprovalRefused,
    BadInput,
    CannotHold,
    ClockUntrusted,
    IssueRestricted,
    PaperNeeded,
    TooEarly,
    WrongState,
)
from provisioning.jobs.ask_approval import ask_approval
from provisioning.jobs.asked_jobs import Askable
from provisioning.store.queries.timeline import number_of_act
from web import current, forms
from web.pages.staff.desk import Desk, notify
from web.pages.staff.words import fault
from web.screens import Screen

_FORM: Final = "staff form "


def act(desk: Desk, do: Callable[[], Any], back: str, asks: Askable | None = None) -> Response:
    """Do it and show its page; where somebody was first or the state does not fit, go `back` and say so.

    Where the institution demands a second person for it, one is asked for what is in the command `asks`.
    """
    try:
        do()
    except ApprovalNeeded:
        if asks is None:
            raise
        return ask(asks, back)
    except (WrongState, AlreadyTaken, TooEarly, IssueRestricted, PaperNeeded, ClockUntrusted) as refused:
        tell_refusal(refused)
        return redirect(back, 303)
    return to_act(desk)


def ask(command: Askable, back: str) -> Response:
    """Nothing is done: an approver is asked for it, on a page of the request's own."""
    try:
        approval_id = ask_approval(current.services(), command, current.now())
    except (WrongState, AlreadyTaken, TooEarly, IssueRestricted, PaperNeeded, CannotHold) as refused:
        tell_refusal(refused)
        return redirect(back, 303)
    forget()
    notify("approval_asked")
    return redirect(url_for("staff_approvals.show", approval_id=approval_id), 303)


def to_act(desk: Desk) -> Response:
    """The page of what this member of staff did just now."""
    return redirect(url_for("staff_acts.show", number=number_now(desk)), 303)


def number_now(desk: Desk) -> int:
    """Number of what this member of staff did just now; what refused forms had kept is forgotten."""
    forget()
    return number_of_act(current.services().store, desk.institution.id, desk.staff.id, current.now())


def tell_refusal(refused: Exception) -> None:
    """Keep why nothing was done for the next page."""
    match refused:
        case TooEarly(until):
            notify("too_early", until=until.isoformat())
        case PaperNeeded(kind):
            notify("paper_needed", kind=kind)
        case IssueRestricted():
            notify("restricted")
        case ApprovalNeeded():
            notify("allowed_otherwise")
        case ApprovalRefused(why):
            notify("approval_refused", fault=why.value)
        case AlreadyTaken(what):
            notify("already_taken", what=what)
        case CannotHold(limit, asked, allowed):
            notify("cannot_hold", limit=limit, asked=asked, allowed=allowed)
        case WrongState("device", code):
            notify("device", problem=code)
        case WrongState(what, state):
            notify("wrong_state", what=what, state=state)
        case _:
            notify("unavailable")


def refuse(
    screen: Screen, subject: str, faults: Iterable[BadInput], values: Mapping[str, str] | None = None
) -> None:
    """Keep why the form on `screen` about `subject` (a row id) was refused; never give secrets as `values`."""
    session[_FORM + screen] = {
        "subject": subject,
        "faults": [[item.field, item.fault.value] for item in faults],
        "values": forms.seal(dict(values or {})),
    }


def forget() -> None:
    """Drop what refused forms had kept: the form was taken, or left behind."""
    for key in [key for key in session if key.startswith(_FORM)]:
        session.pop(key)


def remembered(screen: Screen, subject: str) -> forms.Remembered:
    """What was kept for this screen and subject; stays until a form is taken."""
    kept = session.get(_FORM + screen)
    if kept is None or kept["subject"] != subject:
        return forms.Remembered()
    return forms.Remembered(
        {name: fault(name, code) for name, code in kept["faults"]}, forms.unseal(kept["values"])
    )

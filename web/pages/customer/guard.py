"""Who is in the portal: the guard before every page behind the sign-in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from flask import Blueprint, g, redirect, render_template, session, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.institution import Institution
from provisioning.rules.proofs import OtpPurpose
from provisioning.store.queries.company_users import company_view
from provisioning.store.queries.own_standing import OwnStanding, own_standing
from web import current, sessions
from web.faults import tell

_P = ParamSpec("_P")
_R = TypeVar("_R", str, Response, str | Response)

NOTICE: Final = "notice"
CLOSED_DOOR: Final = "closed_door"


def portal_blueprint(name: str, path: str, area: str = "/portal") -> Blueprint:
    """A part of the portal. A form whose session is over leads to the sign-in instead of an error."""
    blueprint = Blueprint(name, __name__, url_prefix=area + path)
    blueprint.register_error_handler(CSRFError, _form_is_over)
    return blueprint


def _form_is_over(error: CSRFError) -> Response | tuple[Response | str, int]:
    if here() is not None:
        return tell(error)
    return redirect(url_for("portal_sign_in.begin"), 303)


def signed_in(view: Callable[Concatenate[OwnStanding, _P], _R]) -> Callable[_P, _R | Response]:
    """The view gets where the customer stands; others are led to the sign-in, suspended customers signed out."""

    @wraps(view)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R | Response:
        own = here()
        if own is None:
            return redirect(url_for("portal_sign_in.begin"), 303)
        if own.is_suspended:
            return shut_out(own, "suspended")
        if own.login_from is not None and own.is_shut_out(current.now()):
            return shut_out(own, "waiting", until=own.login_from.isoformat())
        return view(own, *args, **kwargs)

    return guarded


def here() -> OwnStanding | None:
    """The signed-in customer, looked up once a request."""
    if "own" not in g:
        subject, institution = sessions.subject_id(), sessions.institution_id()
        g.own = own_standing(current.services(), institution, subject) if subject and institution else None
    standing: OwnStanding | None = g.own
    return standing


def shut_out(own: OwnStanding, why: str, **facts: Any) -> Response:
    """End the session and tell at the sign-in why: `suspended` (and who may lift it), `waiting` (with `until`)."""
    if why == "suspended" and own.company is not None:
        company = company_view(current.services(), own.institution_id, own.company.id, current.now())
        facts |= {"lifted_by": [user.role.value for user in company.lifters(own.customer_id)]}
    sessions.sign_out(actor(own))
    session[CLOSED_DOOR] = {"why": why, **facts}
    return redirect(url_for("portal_sign_in.show", institution_id=own.institution_id), 303)


def actor(own: OwnStanding) -> Actor:
    """The customer as the one who acts."""
    role = own.company.role.value if own.company else ""
    return Actor(ActorKind.CUSTOMER, own.customer_id, own.institution_id, own.branch, current.origin(), role=role)


def institution(own: OwnStanding) -> Institution:
    """The customer's institution."""
    return current.services().institution(own.institution_id)


def asks_otp(own: OwnStanding, purpose: OtpPurpose) -> bool:
    """The page has a field for the code. The job decides; whoever has no token in use is not asked."""
    in_use = own.token is not None and own.token.activated_at is not None
    return in_use and purpose in institution(own).asks_otp_at


def notify(code: str, **facts: Any) -> None:
    """Say something once, at the top of the next page; `portal/notices.html` has the words."""
    session[NOTICE] = {"code": code, **facts}


def page(template: str, own: OwnStanding | None, shown: Institution | None = None, **context: Any) -> str:
    """A page of the portal under the institution's name."""
    named = institution(own) if own else shown
    notice = session.pop(NOTICE, None)
    return render_template(template, own=own, institution=named, notice=notice, now=current.now(), **context)

"""Signing in by link: a demonstration's opens at once, another asks for a press of a button first.

A link that is only looked at (a mail program's preview) is therefore not spent.
"""

from __future__ import annotations

from ipaddress import ip_address

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from provisioning.errors import NotFound
from provisioning.jobs.sign_in_staff import SignInStaffCommand, sign_in_staff
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.permissions import StaffAct, StaffRole, allows
from provisioning.store.queries.staff import LinkKind, sign_in_link_kind, staff_member
from web import current, forms, sessions
from web.pages.staff.desk import Desk, at_desk, here

sign_in = Blueprint("staff_sign_in", __name__, url_prefix="/staff/sign-in")


@sign_in.get("/")
def closed() -> str | Response:
    """Nobody is signed in here, or not any more."""
    if here() is not None:
        return redirect(url_for("staff_work.index"), 303)
    return render_template("staff/sign_in.html", was_lost=sessions.is_lost())


@sign_in.get("/<token>")
def follow(token: str) -> str | Response | tuple[str, int]:
    """The link's page."""
    kind = sign_in_link_kind(current.services().store, token)
    if kind is LinkKind.REUSABLE and current.services().settings.server.demo:
        return _enter(token)
    if kind is LinkKind.ONE_TIME:
        return render_template("staff/sign_in_press.html", token=token)
    return _refused()


@sign_in.post("/<token>")
def enter(token: str) -> Response | tuple[str, int]:
    """サインインする."""
    forms.read_form()
    return _enter(token)


@sign_in.post("/out")
@at_desk()
def leave(desk: Desk) -> Response:
    """サインアウト."""
    forms.read_form()
    sessions.sign_out(desk.actor)
    return redirect(url_for("staff_sign_in.closed"), 303)


def _enter(token: str) -> Response | tuple[str, int]:
    services, now = current.services(), current.now()
    try:
        who = sign_in_staff(services, SignInStaffCommand(token, current.origin(), _on_loopback()), now)
    except NotFound:
        return _refused()
    member = staff_member(services.store, who.staff_id)
    actor = Actor(ActorKind.STAFF, member.id, member.institution_id, member.branch, current.origin())
    sessions.sign_in(member.id, member.institution_id, actor)
    return redirect(url_for(_first_page(member.role)), 303)


def _first_page(role: StaffRole) -> str:
    return "staff_work.index" if allows(role, StaffAct.SEE_CUSTOMERS) else "staff_stations.index"


def _refused() -> tuple[str, int]:
    return render_template("staff/sign_in_refused.html"), 404


def _on_loopback() -> bool:
    """The request came from this machine itself, and no proxy stands between."""
    try:
        return ip_address(current.origin()).is_loopback and "X-Forwarded-For" not in request.headers
    except ValueError:
        return False

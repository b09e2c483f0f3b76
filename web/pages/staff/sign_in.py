"""Signing in: by passkey, or by number, password and one-time password; a demonstration's links open at once."""

from __future__ import annotations

from ipaddress import ip_address

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from provisioning.errors import ClockUntrusted, NotFound, PasskeyRefused
from provisioning.jobs.check_fallback import CheckFallbackCommand, check_fallback
from provisioning.jobs.follow_demo_link import FollowDemoLinkCommand, follow_demo_link
from provisioning.jobs.passkey_options import sign_in_options
from provisioning.jobs.use_passkey import UsePasskeyCommand, use_passkey
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.permissions import StaffAct, StaffRole, allows
from provisioning.rules.staff_proof import SignInProof
from provisioning.store.queries.staff import staff_member
from web import current, forms, sessions
from web.even_time import hold_refusal
from web.pages.staff import account_words, passkeys
from web.pages.staff.desk import Desk, at_desk, here
from web.screens import Screen

sign_in = Blueprint("staff_sign_in", __name__, url_prefix="/staff/sign-in")


@sign_in.get("/")
def closed() -> str | Response:
    """Nobody is signed in here, or not any more."""
    desk = here()
    if desk is not None:
        return redirect(url_for(first_page(desk.staff.role)), 303)
    errors = forms.remembered(Screen.STAFF_SIGN_IN, account_words.fault).errors
    return render_template("staff/sign_in.html", was_lost=not errors and sessions.is_lost(), errors=errors)


@sign_in.post("/options")
def passkey_options() -> Response:
    """What the browser is to sign."""
    forms.read_form()
    return passkeys.ask(sign_in_options(current.services(), current.now()))


@sign_in.post("/")
def enter() -> Response:
    """パスキーでサインインする."""
    typed = forms.read_form(passkeys.RESPONSE_FIELD)
    command = UsePasskeyCommand(passkeys.challenge(), typed[passkeys.RESPONSE_FIELD], current.origin())
    try:
        return let_in(use_passkey(current.services(), command, current.now()), SignInProof.PASSKEY)
    except PasskeyRefused as refused:
        forms.refuse(Screen.STAFF_SIGN_IN, [("", passkeys.refusal(refused))])
        return redirect(url_for(".closed"), 303)


@sign_in.get("/fallback")
def fallback() -> str:
    """Where no passkey is at hand."""
    again = forms.remembered(Screen.STAFF_FALLBACK, account_words.fault)
    return render_template("staff/sign_in_fallback.html", errors=again.errors, values=again.values)


@sign_in.post("/fallback")
def enter_by_fallback() -> Response:
    """サインインする; what of it was wrong is not told."""
    typed = forms.read_form("number", "password", "otp")
    command = CheckFallbackCommand(typed["number"], typed["password"], typed["otp"], current.origin())
    try:
        staff_id = check_fallback(current.services(), command, current.now())
        fault = "fallback_refused"
    except ClockUntrusted:
        staff_id, fault = None, "unavailable"
    if staff_id is not None:
        return let_in(staff_id, SignInProof.FALLBACK)
    hold_refusal()
    forms.refuse(Screen.STAFF_FALLBACK, [("", fault)], {"number": typed["number"]})
    return redirect(url_for(".fallback"), 303)


@sign_in.get("/demo/<token>")
def follow(token: str) -> Response | tuple[str, int]:
    """A demonstration's link."""
    command = FollowDemoLinkCommand(token, current.origin(), on_loopback())
    try:
        return let_in(follow_demo_link(current.services(), command, current.now()), SignInProof.DEMO)
    except NotFound:
        return render_template("staff/link_refused.html"), 404


@sign_in.post("/out")
@at_desk()
def leave(desk: Desk) -> Response:
    """サインアウト."""
    forms.read_form()
    sessions.sign_out(desk.actor)
    return redirect(url_for("staff_sign_in.closed"), 303)


def let_in(staff_id: str, proof: SignInProof) -> Response:
    """They are signed in, and see their first page."""
    member = staff_member(current.services().store, staff_id)
    actor = Actor(
        ActorKind.STAFF, member.id, member.institution_id, member.branch, current.origin(), role=member.role.value
    )
    sessions.sign_in_staff(member.id, proof, actor)
    return redirect(url_for(first_page(member.role)), 303)


def first_page(role: StaffRole) -> str:
    """Where somebody's work begins."""
    return "staff_work.index" if allows(role, StaffAct.SEE_CUSTOMERS) else "staff_stations.index"


def on_loopback() -> bool:
    """The request came from this machine itself, and no proxy stands between."""
    try:
        return ip_address(current.origin()).is_loopback and "X-Forwarded-For" not in request.headers
    except ValueError:
        return False

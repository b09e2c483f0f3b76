"""The page of an invitation: somebody makes their passkey there, and is signed in with it, or shows its number.

The link's token stands in the fragment of its address; js/welcome.js posts it once, and from then on it is kept in
the session, so that it comes into no log.
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, NotFound, PasskeyRefused
from provisioning.jobs.accept_invitation import AcceptInvitationCommand, accept_invitation, invitation_options
from provisioning.rules.staff_proof import SignInProof
from provisioning.store.queries.staff import staff_member
from provisioning.store.queries.staff_accounts import invited_member
from web import current, flow, forms
from web.pages.staff import account_words, passkeys
from web.pages.staff.sign_in import let_in
from web.screens import Screen

welcome = Blueprint("staff_welcome", __name__, url_prefix="/staff/welcome")


@welcome.get("/")
def show() -> str:
    """Whose link was opened; looking at it does not spend it. Where it was spent here, what is left to do."""
    kept = flow.kept(Screen.STAFF_WELCOME)
    if kept is not None and "code" in kept:
        return _waits(kept["staff_id"], kept["code"])
    member = invited_member(current.services().store, _token(), current.now())
    if member is None:
        return render_template("staff/welcome_open.html")
    institution = current.services().institution(member.institution_id)
    again = forms.remembered(Screen.STAFF_WELCOME, account_words.fault)
    return render_template(
        "staff/welcome.html", member=member, institution=institution, errors=again.errors, values=again.values
    )


@welcome.post("/open")
def open_link() -> Response | tuple[str, int]:
    """A link comes with its token."""
    typed = forms.read_form("token")
    flow.drop(Screen.STAFF_WELCOME)
    if invited_member(current.services().store, typed["token"], current.now()) is None:
        return _refused()
    flow.keep(Screen.STAFF_WELCOME, {"token": typed["token"]})
    return redirect(url_for(".show"), 303)


@welcome.post("/options")
def passkey_options() -> Response:
    """What the browser is to make."""
    forms.read_form()
    return passkeys.ask(invitation_options(current.services(), _token(), current.now()))


@welcome.post("/")
def accept() -> Response | tuple[str, int]:
    """パスキーを作る."""
    typed = forms.read_form("name", passkeys.RESPONSE_FIELD)
    response, origin = typed[passkeys.RESPONSE_FIELD], current.origin()
    command = AcceptInvitationCommand(_token(), passkeys.challenge(), response, typed["name"], origin)
    try:
        accepted = accept_invitation(current.services(), command, current.now())
    except NotFound:
        return _refused()
    except BadInput as refused:
        forms.refuse(Screen.STAFF_WELCOME, [("passkey_name", refused.fault.value)], {"name": typed["name"]})
        return redirect(url_for(".show"), 303)
    except PasskeyRefused as refused:
        forms.refuse(Screen.STAFF_WELCOME, [("", passkeys.refusal(refused))], {"name": typed["name"]})
        return redirect(url_for(".show"), 303)
    if accepted.confirmation_code is None:
        return let_in(accepted.staff_id, SignInProof.PASSKEY)
    flow.keep(Screen.STAFF_WELCOME, {"staff_id": accepted.staff_id, "code": accepted.confirmation_code})
    return redirect(url_for(".show"), 303)


def _waits(staff_id: str, code: str) -> str:
    member = staff_member(current.services().store, staff_id)
    institution = current.services().institution(member.institution_id)
    return render_template("staff/welcome_waits.html", member=member, institution=institution, code=code)


def _token() -> str:
    kept = flow.kept(Screen.STAFF_WELCOME)
    return "" if kept is None else str(kept.get("token", ""))


def _refused() -> tuple[str, int]:
    return render_template("staff/link_refused.html"), 404

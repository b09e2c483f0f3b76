"""One's own ways in: passkeys, the fallback, and the browsers that are signed in (サインインと端末)."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, ClockUntrusted, NotFound, PasskeyRefused, WrongState
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.end_staff_session import EndStaffSessionCommand, end_staff_session
from provisioning.jobs.own_passkeys import AddPasskeyCommand, RemovePasskeyCommand, add_passkey, remove_passkey
from provisioning.jobs.passkey_options import enrolment_options
from provisioning.jobs.staff_fallback import SetStaffPasswordCommand, set_staff_password
from provisioning.jobs.web_sessions import IDLE_LIMIT, SessionKind
from provisioning.rules.verdict import Outcome
from provisioning.store.queries.staff_accounts import StaffAccount, staff_account
from web import current, forms, sessions
from web.pages.staff import account_words, passkeys
from web.pages.staff.desk import Desk, at_desk, notify, page
from web.screens import Screen

account = Blueprint("staff_account", __name__, url_prefix="/staff/account")


def account_of(desk: Desk, staff_id: str) -> StaffAccount:
    """Somebody's of the desk's institution. Raises NotFound."""
    idle_limit = IDLE_LIMIT[SessionKind.STAFF]
    return staff_account(current.services(), desk.institution.id, staff_id, idle_limit, current.now())


@account.get("/")
@at_desk()
def show(desk: Desk) -> str:
    """Everything one can sign in with, and where one is."""
    again = forms.remembered(Screen.STAFF_ACCOUNT, account_words.fault)
    return page(
        "staff/account.html", desk, account=account_of(desk, desk.staff.id), this_session=sessions.own_name(),
        errors=again.errors,
    )  # fmt: skip


@account.get("/passkeys/new")
@at_desk()
def new_passkey(desk: Desk) -> str:
    """A page to make one on; who sits there is asked before it opens."""
    again = forms.remembered(Screen.STAFF_NEW_PASSKEY, account_words.fault)
    return page("staff/new_passkey.html", desk, errors=again.errors, values=again.values)


@account.post("/passkeys/options")
@at_desk()
def passkey_options(desk: Desk) -> Response:
    """What the browser is to make."""
    forms.read_form()
    return passkeys.ask(enrolment_options(current.services(), desk.staff.id, current.now()))


@account.post("/passkeys")
@at_desk()
def add(desk: Desk) -> Response:
    """パスキーを追加する."""
    typed = forms.read_form("name", passkeys.RESPONSE_FIELD)
    response, origin = typed[passkeys.RESPONSE_FIELD], current.origin()
    command = AddPasskeyCommand(desk.staff.id, passkeys.challenge(), response, typed["name"], origin)
    try:
        add_passkey(current.services(), command, current.now())
    except BadInput as refused:
        return _not_made("passkey_name", refused.fault.value, typed["name"])
    except PasskeyRefused as refused:
        return _not_made("", passkeys.refusal(refused), typed["name"])
    forms.forget(Screen.STAFF_NEW_PASSKEY)
    return _done("passkey_added")


@account.post("/passkeys/remove")
@at_desk()
def remove(desk: Desk) -> Response:
    """取り消す."""
    typed = forms.read_form("passkey_id")
    command = RemovePasskeyCommand(desk.staff.id, typed["passkey_id"], desk.actor, sessions.own_name())
    try:
        remove_passkey(current.services(), command, current.now())
    except NotFound:  # gone already
        return _done("passkey_removed")
    except WrongState:
        notify("passkey_last")
        return redirect(url_for(".show"), 303)
    return _done("passkey_removed")


@account.post("/password")
@at_desk()
def set_password(desk: Desk) -> Response:
    """パスワードを決める."""
    typed = forms.read_form("password", "password_again")
    if typed["password"] != typed["password_again"]:
        return _again([("password_again", "do_not_match")])
    try:
        command = SetStaffPasswordCommand(typed["password"], desk.actor)
        set_staff_password(current.services(), command, current.now())
    except BadInput as refused:
        return _again([(refused.field, refused.fault.value)])
    return _done("password_set")


@account.post("/token")
@at_desk()
def activate_token(desk: Desk) -> Response:
    """利用を開始する: the first code of one's own token."""
    typed = forms.read_form("otp")
    fallback = account_of(desk, desk.staff.id).fallback
    if fallback is None:
        raise NotFound("fallback")
    command = ActivateCommand(desk.institution.id, fallback.user_id, typed["otp"], desk.actor)
    try:
        judged = activate(current.services(), command, current.now())
    except BadInput as refused:
        return _again([("otp", refused.fault.value)])
    except ClockUntrusted:
        return _again([("", "unavailable")])
    return _done("token_in_use") if judged.outcome is Outcome.ACCEPTED else _again([("otp", "wrong")])


@account.post("/sessions/end")
@at_desk()
def end_session(desk: Desk) -> Response:
    """サインアウトさせる: another browser of one's own."""
    typed = forms.read_form("session")
    command = EndStaffSessionCommand(desk.staff.id, typed["session"], desk.actor)
    with suppress(NotFound):  # over already
        end_staff_session(current.services(), command, current.now())
    return _done("session_ended")


def _done(code: str) -> Response:
    forms.forget(Screen.STAFF_ACCOUNT)
    notify(code)
    return redirect(url_for(".show"), 303)


def _again(faults: list[tuple[str, str]]) -> Response:
    forms.refuse(Screen.STAFF_ACCOUNT, faults)
    return redirect(url_for(".show"), 303)


def _not_made(field: str, fault: str, name: str) -> Response:
    forms.refuse(Screen.STAFF_NEW_PASSKEY, [(field, fault)], {"name": name})
    return redirect(url_for(".new_passkey"), 303)

"""Staff accounts, by an administrator and never one's own: entering, inviting, shutting out, what was lost."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import AlreadyTaken, BadInput, InputFault, NotFound, WrongState
from provisioning.jobs.add_staff import AddStaffCommand, add_staff
from provisioning.jobs.disable_staff import DisableStaffCommand, disable_staff
from provisioning.jobs.enable_staff import EnableStaffCommand, enable_staff
from provisioning.jobs.end_staff_session import EndStaffSessionCommand, end_staff_session
from provisioning.jobs.invite_staff import InviteStaffCommand, invite_staff
from provisioning.jobs.own_passkeys import RemovePasskeyCommand, remove_passkey
from provisioning.jobs.staff_fallback import (
    PrepareFallbackCommand,
    UnlockFallbackCommand,
    prepare_fallback,
    unlock_fallback,
)
from provisioning.rules.approval import ApprovedAct
from provisioning.rules.permissions import StaffAct, StaffRole
from provisioning.store.queries.staff_accounts import staff_lines
from web import current, flow, forms
from web.pages.staff import account_words
from web.pages.staff.account import account_of
from web.pages.staff.desk import Desk, at_desk, notify, page
from web.screens import Screen

people = Blueprint("staff_people", __name__, url_prefix="/staff/people")


@people.get("/")
@at_desk(StaffAct.MANAGE_STAFF)
def index(desk: Desk) -> str:
    """Everybody of the institution, and a form for one more."""
    again = forms.remembered(Screen.STAFF_PEOPLE, account_words.fault)
    return page(
        "staff/people.html", desk, lines=staff_lines(current.services().store, desk.institution.id),
        branches=[(branch, branch) for branch in desk.institution.branches], roles=list(StaffRole),
        errors=again.errors, values=again.values,
    )  # fmt: skip


@people.post("/")
@at_desk(StaffAct.MANAGE_STAFF)
def add(desk: Desk) -> Response:
    """登録する."""
    typed = forms.read_form("staff_name", "branch", "role")
    try:
        role, branch = _role(typed["role"]), typed["branch"]
        command = AddStaffCommand(desk.institution.id, branch, typed["staff_name"], role, desk.actor)
        staff_id = add_staff(current.services(), command, current.now())
    except BadInput as refused:
        field = "staff_name" if refused.field == "name" else refused.field
        forms.refuse(Screen.STAFF_PEOPLE, [(field, refused.fault.value)], typed)
        return redirect(url_for(".index"), 303)
    forms.forget(Screen.STAFF_PEOPLE)
    notify("person_added")
    return redirect(url_for(".show", staff_id=staff_id), 303)


@people.get("/<staff_id>/")
@at_desk(StaffAct.MANAGE_STAFF)
def show(desk: Desk, staff_id: str) -> str:
    """One person's ways in."""
    again = forms.remembered(Screen.STAFF_PERSON, account_words.fault)
    return page(
        "staff/person.html", desk, account=account_of(desk, staff_id), invitation=_invitation(staff_id),
        is_oneself=staff_id == desk.staff.id, takes_two=desk.institution.approval.needs(ApprovedAct.ENROL_STAFF),
        errors=again.errors, values=again.values,
    )  # fmt: skip


@people.post("/<staff_id>/invite")
@at_desk(StaffAct.MANAGE_STAFF)
def invite(desk: Desk, staff_id: str) -> Response:
    """登録用リンクを発行する: shown once, to whoever asked for it."""
    forms.read_form()
    command = InviteStaffCommand(account_of(desk, staff_id).member.id, desk.actor)
    try:
        made = invite_staff(current.services(), command, current.now())
    except WrongState:
        return _refused(staff_id)
    kept = {"staff_id": staff_id, "path": made.path, "expires_at": made.expires_at.isoformat()}
    flow.keep(Screen.STAFF_PERSON, kept)
    return redirect(url_for(".show", staff_id=staff_id), 303)


@people.post("/<staff_id>/disable")
@at_desk(StaffAct.MANAGE_STAFF)
def disable(desk: Desk, staff_id: str) -> Response:
    """利用を止める."""
    forms.read_form()
    command = DisableStaffCommand(desk.institution.id, staff_id, desk.actor)
    return _act(staff_id, lambda: disable_staff(current.services(), command, current.now()), "person_disabled")


@people.post("/<staff_id>/enable")
@at_desk(StaffAct.MANAGE_STAFF)
def enable(desk: Desk, staff_id: str) -> Response:
    """利用を再開する."""
    forms.read_form()
    command = EnableStaffCommand(desk.institution.id, staff_id, desk.actor)
    return _act(staff_id, lambda: enable_staff(current.services(), command, current.now()), "person_enabled")


@people.post("/<staff_id>/passkeys/remove")
@at_desk(StaffAct.MANAGE_STAFF)
def take_passkey(desk: Desk, staff_id: str) -> Response:
    """取り消す: a passkey that was lost."""
    typed = forms.read_form("passkey_id")
    command = RemovePasskeyCommand(_another(desk, staff_id), typed["passkey_id"], desk.actor)
    return _act(staff_id, lambda: remove_passkey(current.services(), command, current.now()), "passkey_removed")


@people.post("/<staff_id>/sessions/end")
@at_desk(StaffAct.MANAGE_STAFF)
def end_session(desk: Desk, staff_id: str) -> Response:
    """サインアウトさせる."""
    typed = forms.read_form("session")
    command = EndStaffSessionCommand(_another(desk, staff_id), typed["session"], desk.actor)
    return _act(staff_id, lambda: end_staff_session(current.services(), command, current.now()), "session_ended")


@people.post("/<staff_id>/fallback")
@at_desk(StaffAct.MANAGE_STAFF)
def prepare(desk: Desk, staff_id: str) -> Response:
    """予備のサインインを用意する."""
    typed = forms.read_form("user_id")
    command = PrepareFallbackCommand(staff_id, typed["user_id"], desk.actor)
    try:
        prepare_fallback(current.services(), command, current.now())
    except BadInput as refused:
        return _again(staff_id, refused.fault.value, typed)
    except AlreadyTaken:
        return _again(staff_id, "already_taken", typed)
    except WrongState:
        return _refused(staff_id)
    return _done(staff_id, "fallback_prepared")


@people.post("/<staff_id>/fallback/unlock")
@at_desk(StaffAct.MANAGE_STAFF)
def unlock(desk: Desk, staff_id: str) -> Response:
    """パスワードのロックを解除する."""
    forms.read_form()
    command = UnlockFallbackCommand(staff_id, desk.actor)
    return _act(staff_id, lambda: unlock_fallback(current.services(), command, current.now()), "fallback_unlocked")


def _role(typed: str) -> StaffRole:
    if typed not in set(StaffRole):
        raise BadInput("role", InputFault.NOT_OFFERED)
    return StaffRole(typed)


def _another(desk: Desk, staff_id: str) -> str:
    """Somebody else's id: one's own is kept on one's own page. Raises NotFound."""
    if staff_id == desk.staff.id:
        raise NotFound("staff")
    return account_of(desk, staff_id).member.id


def _act(staff_id: str, do: Callable[[], None], done: str) -> Response:
    try:
        do()
    except WrongState:
        return _refused(staff_id)
    return _done(staff_id, done)


def _done(staff_id: str, code: str) -> Response:
    flow.drop(Screen.STAFF_PERSON)
    notify(code)
    return redirect(url_for(".show", staff_id=staff_id), 303)


def _refused(staff_id: str) -> Response:
    notify("wrong_state", what="staff", state="")
    return redirect(url_for(".show", staff_id=staff_id), 303)


def _again(staff_id: str, fault: str, typed: dict[str, str]) -> Response:
    forms.refuse(Screen.STAFF_PERSON, [("user_id", fault)], typed)
    return redirect(url_for(".show", staff_id=staff_id), 303)


def _invitation(staff_id: str) -> dict[str, str] | None:
    """The link made in this session for this person."""
    kept = flow.kept(Screen.STAFF_PERSON)
    return kept if kept is not None and kept["staff_id"] == staff_id else None

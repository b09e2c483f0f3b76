"""A manager's acts for other users, three pages each: the list, its post, what became of it (manual 004)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput
from provisioning.jobs.manage_users import ManageUsersCommand, UserResult, manage_users
from provisioning.rules.company import CompanyAct, UserOutcome
from provisioning.rules.search_text import key
from provisioning.rules.states import CredentialState
from provisioning.rules.timetable import wait_after_revocation
from provisioning.rules.verdict import Outcome, Reason
from provisioning.store.queries.company_users import CompanyUser
from web import current, flow, forms, wording
from web.pages.company.guard import Manager, managing
from web.pages.company.words import ALREADY_ENDED, NOT_SUSPENDED, UNAVAILABLE, UNKNOWN, WORDS, ManagingWords
from web.pages.customer.confirm import CONFIRMATION
from web.pages.customer.guard import actor, institution, notify, page, portal_blueprint
from web.screens import Screen

USERS: Final = "users"
_LONGEST_SEARCH: Final = 100
_DATABASE_FAILED: Final = {UserOutcome.UNAVAILABLE: UNAVAILABLE, UserOutcome.UNKNOWN: UNKNOWN}


@dataclass(frozen=True, slots=True)
class Managing:
    """An act with its screens and its part of the address."""

    act: CompanyAct
    part: str
    list_screen: Screen
    result_screen: Screen

    @property
    def words(self) -> ManagingWords:
        """What its pages say."""
        return WORDS[self.act]

    @property
    def address(self) -> str:
        """Of the list."""
        return url_for(f"company_{self.part}.show")


MANAGING: Final = (
    Managing(CompanyAct.LIFT, "lift", Screen.COMPANY_LIFT, Screen.COMPANY_LIFTED),
    Managing(CompanyAct.REVOKE, "revoke", Screen.COMPANY_REVOKE, Screen.COMPANY_REVOKED),
    Managing(CompanyAct.REPORT_LOSS, "loss", Screen.COMPANY_LOSS, Screen.COMPANY_LOST),
)


def pages_of(managed: Managing) -> Blueprint:
    """The pages of one act."""
    blueprint = portal_blueprint(f"company_{managed.part}", f"/users/{managed.part}", "/company")

    @blueprint.get("/")
    @managing
    def show(manager: Manager) -> str:
        """The list, with whoever was ticked when the form was refused."""
        return _list(managed, manager)

    @blueprint.post("/")
    @managing
    def submit(manager: Manager) -> Response:
        """停止解除, 失効."""
        return _submit(managed, manager)

    @blueprint.get("/done")
    @managing
    def done(manager: Manager) -> str | Response:
        """What became of each."""
        return _result(managed, manager)

    return blueprint


def _list(managed: Managing, manager: Manager) -> str:
    again = forms.remembered(managed.list_screen)
    q = request.args.get("q", "")[:_LONGEST_SEARCH]
    everybody = manager.open_to(managed.act)
    profile, now = institution(manager.own), current.now()
    waits = managed.act is CompanyAct.REVOKE and profile.wait_after_revocation
    return page(
        "company/users.html",
        manager.own,
        managed=managed,
        words=managed.words,
        users=[user for user in everybody if _matches(user, key(q))],
        everybody=len(everybody),
        ticked=again.values.get(USERS, "").split(),
        q=q,
        errors=again.errors,
        wait_until=wait_after_revocation(now) if waits else None,
        state=lambda token: wording.state(token.state, profile),
    )


def _matches(user: CompanyUser, part: str) -> bool:
    return any(part in key(text) for text in (user.name, user.name_kana, user.login_id))


def _submit(managed: Managing, manager: Manager) -> Response:
    typed = forms.read_form(CONFIRMATION, several=USERS)
    screen = managed.list_screen
    if flow.is_repeat(screen):
        notify("repeated")
        return _redirect(managed, "done" if flow.kept(managed.result_screen) else "show")
    forms.forget(screen)
    own, ids = manager.own, forms.chosen(USERS)
    command = ManageUsersCommand(
        own.institution_id, own.customer_id, managed.act, ids, typed[CONFIRMATION], actor(own)
    )
    try:
        result = manage_users(current.services(), command, current.now())
    except BadInput as fault:
        return _refuse(managed, ids, fault.field, fault.fault)
    if result.outcome is not Outcome.ACCEPTED:
        locked = result.reason is Reason.CONFIRMATION_LOCKED
        return _refuse(managed, ids, CONFIRMATION, "locked" if locked else "wrong")
    told = [_kept(one) for one in result.users]
    flow.keep(managed.result_screen, {"at": current.now().isoformat(), USERS: told})
    return _redirect(managed, "done")


def _refuse(managed: Managing, ids: tuple[str, ...], field: str, code: str) -> Response:
    forms.refuse(managed.list_screen, [(field, code)], {USERS: " ".join(ids)})
    return _redirect(managed, "show")


def _result(managed: Managing, manager: Manager) -> str | Response:
    kept = flow.kept(managed.result_screen)
    if kept is None:
        return _redirect(managed, "show")
    users = [_shown(managed, one) for one in kept[USERS]]
    return page(
        "company/result.html",
        manager.own,
        managed=managed,
        words=managed.words,
        users=users,
        done=_count(users, UserOutcome.DONE),
        unknown=_count(users, UserOutcome.UNKNOWN),
        at=datetime.fromisoformat(kept["at"]),
    )


def _count(users: list[dict[str, Any]], outcome: UserOutcome) -> int:
    return sum(one["outcome"] == outcome for one in users)


def _redirect(managed: Managing, view: str) -> Response:
    return redirect(url_for(f"company_{managed.part}.{view}"), 303)


def _kept(one: UserResult) -> dict[str, Any]:
    """A result as it goes through the session."""
    instants = {name: getattr(one, name) for name in ("may_log_in_from", "earlier_at")}
    return {
        "name": one.name,
        "login_id": one.login_id,
        "role": one.role.value,
        "outcome": one.outcome.value,
        "state": one.state.value,
        "earlier_by": one.earlier_by,
        **{name: at and at.isoformat() for name, at in instants.items()},
    }


def _shown(managed: Managing, kept: dict[str, Any]) -> dict[str, Any]:
    """A result as the page tells it: `what` became of it, and from when."""
    instants = {
        name: datetime.fromisoformat(kept[name]) if kept[name] else None
        for name in ("may_log_in_from", "earlier_at")
    }
    is_done = kept["outcome"] == UserOutcome.DONE
    return kept | instants | {"is_done": is_done, "what": _what(managed, kept)}


def _what(managed: Managing, kept: dict[str, Any]) -> Any:
    outcome = UserOutcome(kept["outcome"])
    if outcome is UserOutcome.DONE:
        return managed.words.done
    if outcome in _DATABASE_FAILED:
        return _DATABASE_FAILED[outcome]
    if managed.act is CompanyAct.LIFT and kept["state"] == CredentialState.ENDED:
        return ALREADY_ENDED
    if managed.act is CompanyAct.LIFT and kept["earlier_at"] is None:
        return NOT_SUSPENDED
    return managed.words.too_late

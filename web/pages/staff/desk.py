"""Who sits at the desk: the guard before every page of the staff console, and what they may see (R55, R58)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from flask import g, redirect, render_template, request, session, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from provisioning.errors import NotFound
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.institution import Institution
from provisioning.rules.permissions import StaffAct, allows
from provisioning.store.queries.approvals import ApprovalFilter, approval_counts
from provisioning.store.queries.customers import CustomerCard, customer_card
from provisioning.store.queries.fobs import FobView, fob
from provisioning.store.queries.jobs import JobView, job
from provisioning.store.queries.staff import StaffView, staff_member
from provisioning.store.queries.staff_accounts import token_holder
from provisioning.store.queries.stations import StationView, station, stations
from provisioning.store.queries.work import work_counts
from web import current, sessions
from web.pages.staff import going_on
from web.pages.staff.fresh_acts import ASK_ANEW
from web.pages.staff.shown import GOING_ON, record_shown, screen_of
from web.screens import Screen

_P = ParamSpec("_P")
_R = TypeVar("_R", str, Response, str | Response)

NOTICE: Final = "notice"


@dataclass(frozen=True)
class Desk:
    """A signed-in member of staff. What lies outside their institution or branch is not found."""

    staff: StaffView
    institution: Institution

    @property
    def branch(self) -> str | None:
        """The only branch they see, or None."""
        return self.staff.sees_branch

    @property
    def actor(self) -> Actor:
        """They, as the one who acts."""
        return Actor(
            ActorKind.STAFF, self.staff.id, self.institution.id, self.staff.branch, current.origin(),
            role=self.staff.role.value,
        )  # fmt: skip

    def may(self, act: str) -> bool:
        """Whether their role allows `act` (a value of StaffAct)."""
        return allows(self.staff.role, StaffAct(act))

    def sees(self, branch: str | None) -> bool:
        """Whether what belongs to `branch` is shown to them; None: to the whole institution."""
        return branch is None or self.branch in (None, branch)

    def card(self, customer_id: str) -> CustomerCard:
        """A customer, who is not themselves: nobody issues their own token. Raises NotFound."""
        if token_holder(current.services().store, self.staff.id) == customer_id:
            raise NotFound("customer")
        return customer_card(current.services(), self.institution.id, customer_id, current.now(), self.branch)

    def fob(self, fob_id: str) -> FobView:
        """A fob. Raises NotFound."""
        return self._here("fob", fob(current.services().store, self.institution.id, fob_id))

    def job(self, job_id: str) -> JobView:
        """A programming job, by the fob's branch. Raises NotFound."""
        found = job(current.services().store, self.institution.id, job_id, current.now())
        self.fob(found.fob_id)
        return found

    def station(self, station_id: str) -> StationView:
        """A workstation. Raises NotFound."""
        store = current.services().store
        return self._here("station", station(store, self.institution.id, station_id, current.now()))

    def stations(self) -> tuple[StationView, ...]:
        """Every workstation they see."""
        return stations(current.services().store, self.institution.id, current.now(), self.branch)

    def _here(self, what: str, found: _Placed) -> _Placed:
        if not self.sees(found.branch):
            raise NotFound(what)
        return found


_Placed = TypeVar("_Placed", FobView, StationView)


def at_desk(
    act: StaffAct | None = None,
) -> Callable[[Callable[Concatenate[Desk, _P], _R]], Callable[_P, _R | Response]]:
    """The view gets the desk; nobody signed in is led to the sign-in, a role without `act` is refused (403).

    Before what stands in `ASK_ANEW` whoever showed who they are some time ago does so again, and goes on there.
    """

    def guard(view: Callable[Concatenate[Desk, _P], _R]) -> Callable[_P, _R | Response]:
        @wraps(view)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R | Response:
            desk = here()
            if desk is None:
                return redirect(url_for("staff_sign_in.closed"), 303)
            if act is not None and not desk.may(act):
                raise Forbidden
            if request.endpoint in ASK_ANEW and not sessions.is_fresh():
                return going_on.turn_aside()
            return view(desk, *args, **kwargs)

        return guarded

    return guard


def here() -> Desk | None:
    """The desk of this request, looked up once."""
    if "desk" not in g:
        g.desk = _look()
    desk: Desk | None = g.desk
    return desk


def _look() -> Desk | None:
    subject = sessions.subject_id()
    if subject is None:
        return None
    member = staff_member(current.services().store, subject)
    return Desk(member, current.services().institution(member.institution_id)) if member.enabled else None


def page(template: str, desk: Desk, **values: Any) -> str:
    """A page of the console: with the work bar, and what is to be said once."""
    record_shown(desk, screen_of(template), values)
    counts = work_counts(current.services().store, desk.institution.id, desk.branch, current.now())
    frame = {"desk": desk, "counts": counts, "notice": session.pop(NOTICE, None), "now": current.now()}
    if desk.institution.approval.needed_for:
        sees = ApprovalFilter(branch=desk.branch, with_customers=desk.may(StaffAct.SEE_CUSTOMERS))
        frame["asked_counts"] = approval_counts(
            current.services().store, desk.institution.id, sees, desk.staff.id, current.now()
        )
    return render_template(template, **frame, **values)


def turned(template: str, desk: Desk, **values: Any) -> str:
    """A page without the console's frame, turned to the customer."""
    record_shown(desk, screen_of(template), values)
    return render_template(template, desk=desk, **values)


def part(template: str, desk: Desk, screen: Screen, **values: Any) -> str:
    """What of the page `screen` is fetched anew as long as it is open."""
    record_shown(desk, screen, values, GOING_ON)
    return render_template(template, desk=desk, **values)


def notify(code: str, **facts: Any) -> None:
    """Say something once, at the top of the next page; `staff/notices.html` has the words."""
    session[NOTICE] = {"code": code, **facts}

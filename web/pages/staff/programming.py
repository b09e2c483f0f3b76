"""Writing a fob: ① plug in ② write ③ prove ④ hand over, followed live; and all of them in a table."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from devices.contract import FailureCode
from provisioning.errors import AlreadyTaken, NotFound, WrongState
from provisioning.jobs.cancel_job import CancelJobCommand, cancel_job
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.fob_acts import FobCommand
from provisioning.jobs.fob_fit import fob_fit
from provisioning.jobs.hand_over import hand_over
from provisioning.rules.permissions import StaffAct
from provisioning.rules.states import FobState, JobKind
from provisioning.store.queries.jobs import JobFilter, JobKey, JobView, jobs
from provisioning.store.queries.journal_steps import StepName
from provisioning.store.queries.next_step import NextStep
from provisioning.store.queries.work import open_jobs
from web import current, forms
from web.pages.staff import telling
from web.pages.staff.desk import Desk, at_desk, page, part
from web.pages.staff.proving import try_code
from web.screens import Screen

programming = Blueprint("staff_programming", __name__, url_prefix="/staff/programming")

_PAGE: Final = 30


@programming.get("/")
@at_desk(StaffAct.SEE_STOCK)
def index(desk: Desk) -> str:
    """Fobs being written, one row each, and those written lately."""
    return page("staff/programming_list.html", desk, **_lists(desk))


@programming.get("/live")
@at_desk(StaffAct.SEE_STOCK)
def index_live(desk: Desk) -> str:
    """Only the tables."""
    return part("staff/programming_list_live.html", desk, Screen.STAFF_PROGRAMS, **_lists(desk))


@programming.get("/<job_id>/")
@at_desk(StaffAct.SEE_STOCK)
def show(desk: Desk, job_id: str) -> str | Response:
    """One fob; an attempt that was given up leads to the one that follows it."""
    job = desk.job(job_id)
    if job.next_job_id is not None:
        return _page_of(job.next_job_id)
    again = telling.remembered(Screen.STAFF_PROGRAM, job.id)
    return page("staff/programming.html", desk, **_facts(desk, job), errors=again.errors)


@programming.get("/<job_id>/live")
@at_desk(StaffAct.SEE_STOCK)
def live(desk: Desk, job_id: str) -> str:
    """Only what moves."""
    return part("staff/programming_live.html", desk, Screen.STAFF_PROGRAM, **_facts(desk, desk.job(job_id)))


@programming.post("/<job_id>/code")
@at_desk(StaffAct.ISSUE)
def prove(desk: Desk, job_id: str) -> Response:
    """照合する: the code on the fob's display."""
    typed = forms.read_form("code")
    job = desk.job(job_id)
    proof = try_code(desk, job.id, typed["code"], Screen.STAFF_PROGRAM, job.id)
    return _page_of(proof.next_job_id if proof is not None and proof.next_job_id else job.id)


@programming.post("/<job_id>/hand-over")
@at_desk(StaffAct.ISSUE)
def give(desk: Desk, job_id: str) -> Response:
    """お渡ししました."""
    forms.read_form()
    job = desk.job(job_id)
    command = FobCommand(desk.institution.id, job.fob_id, desk.actor)
    return telling.act(desk, lambda: hand_over(current.services(), command, current.now()), _address(job.id))


@programming.post("/<job_id>/cancel")
@at_desk(StaffAct.KEEP_STOCK)
def cancel(desk: Desk, job_id: str) -> Response:
    """書込みを取りやめる."""
    forms.read_form()
    job = desk.job(job_id)
    command = CancelJobCommand(desk.institution.id, job.id, desk.actor)
    return telling.act(desk, lambda: cancel_job(current.services(), command, current.now()), _address(job.id))


@programming.post("/<job_id>/last-try")
@at_desk(StaffAct.KEEP_STOCK)
def last_try(desk: Desk, job_id: str) -> Response:
    """最後の1回を使って消去する: what the station would not do unasked."""
    forms.read_form()
    job = desk.job(job_id)
    if not _is_at_last_try(job):
        raise NotFound("job")
    command = FobCommand(desk.institution.id, job.fob_id, desk.actor)
    try:
        queued = erase_fob(current.services(), command, current.now(), may_use_last_try=True)
    except (AlreadyTaken, WrongState) as refused:
        telling.tell_refusal(refused)
        return _page_of(job.id)
    return _page_of(queued.job_id)


def _is_at_last_try(job: JobView) -> bool:
    """The write ended because one more wrong access code would lock the device, and nothing was done since."""
    return (
        job.failure is not None and job.failure.code == FailureCode.LAST_TRY and job.fob_state is FobState.RETURNED
    )


def _lists(desk: Desk) -> dict[str, object]:
    """A page of those that are not over, all of which can be reached, and those that ended lately."""
    store, now, after = current.services().store, current.now(), _key("after")
    wanted = JobFilter(branch=desk.branch, is_open=True, after=after, limit=_PAGE + 1)
    found = jobs(store, desk.institution.id, now, wanted)
    over = JobFilter(branch=desk.branch, is_open=False, limit=_PAGE)
    return {
        "open_jobs": found[:_PAGE],
        "open_count": open_jobs(store, desk.institution.id, desk.branch),
        "after": after,
        "next_page": JobKey(found[_PAGE - 1].queued_at, found[_PAGE - 1].id) if len(found) > _PAGE else None,
        "limit": _PAGE,
        "closed_jobs": jobs(store, desk.institution.id, now, over),
        "stations": desk.stations(),
    }


def _key(name: str) -> JobKey | None:
    """The job before the page, as the links to the pages name it: instant/id."""
    at, slash, job_id = request.args.get(name, "")[:99].partition("/")
    try:
        queued_at = datetime.fromisoformat(at)
    except ValueError:
        return None
    return JobKey(queued_at, job_id) if slash and queued_at.tzinfo else None


def _facts(desk: Desk, job: JobView) -> dict[str, object]:
    return {
        "job": job,
        "before": _before(desk, job),
        "stations": [station for station in desk.stations() if job.station_id in (None, station.id)],
        "step_now": _step_now(job),
        "seconds_left": _seconds_left(job, current.now()),
        "next": NextStep,
        "at_last_try": _is_at_last_try(job),
        "fit": fob_fit(current.services(), desk.institution, job.profile) if job.kind is JobKind.PROGRAM else None,
    }


def _before(desk: Desk, job: JobView) -> JobView | None:
    """The attempt that this one follows."""
    if job.attempt == 1:
        return None
    of_fob = JobFilter(fob_id=job.fob_id, limit=job.attempt + 1)
    earlier = jobs(current.services().store, desk.institution.id, current.now(), of_fob)
    return next((one for one in earlier if one.next_job_id == job.id), None)


_STEPS: Final = {
    NextStep.START_STATION: 1,
    NextStep.PLUG_IN: 1,
    NextStep.MEND_DEVICE: 1,
    NextStep.REMOVE_DOUBLE: 1,
    NextStep.WAIT: 2,
    NextStep.TOUCH: 2,
    NextStep.PRESS_BUTTON: 2,
    NextStep.ENTER_PIN: 2,
    NextStep.TYPE_CODE: 3,
    NextStep.HAND_OVER: 4,
    NextStep.LET_ACTIVATE: 5,
}


def _step_now(job: JobView) -> int:
    """Which of the four steps is now; 5 when all are done, 0 when the job ended otherwise."""
    done = job.next_step is NextStep.NOTHING and job.failure is None
    return 5 if done else _STEPS.get(job.next_step, 0)


def _seconds_left(job: JobView, now: datetime) -> int | None:
    """Guessed from the reports so far; None before the first."""
    began = next((step.at for step in job.steps if step.name is StepName.CLAIMED), None)
    if job.next_step is not NextStep.WAIT or began is None or not 0 < job.reports_done < job.reports_total:
        return None
    elapsed_s = (now - began).total_seconds()
    return max(1, round(elapsed_s * (job.reports_total - job.reports_done) / job.reports_done))


def _page_of(job_id: str) -> Response:
    return redirect(_address(job_id), 303)


def _address(job_id: str) -> str:
    return url_for("staff_programming.show", job_id=job_id)

"""The stock of fobs: what lies where, and the acts on one fob."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from provisioning.errors import AlreadyTaken, BadInput, InputFault, WrongState
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.fob_acts import FobCommand
from provisioning.jobs.remove_fob import RemoveFobCommand, remove_fob
from provisioning.jobs.take_back import take_back
from provisioning.rules.permissions import StaffAct
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.queries.custody import custody
from provisioning.store.queries.jobs import JobFilter, jobs
from provisioning.store.queries.search import normal
from provisioning.store.queries.stock import FobKey, StockFilter, stock
from web import current, forms
from web.pages.staff import telling
from web.pages.staff.desk import Desk, at_desk, page

stock_pages = Blueprint("staff_stock", __name__, url_prefix="/staff/stock")

REMOVALS: Final = (FobState.LOST, FobState.BROKEN, FobState.RETIRED)


@stock_pages.get("/")
@at_desk(StaffAct.SEE_STOCK)
def index(desk: Desk) -> str:
    """Every fob of the branch, of one state or by the beginning of the serial."""
    chosen, typed = request.args.get("state", ""), request.args.get("serial", "")[:64]
    state = FobState(chosen) if chosen in set(FobState) else None
    wanted = StockFilter(
        branch=desk.branch, state=state, serial_start=normal(typed).upper(), after=_key("after"),
        before=None if "after" in request.args else _key("before"),
    )  # fmt: skip
    found = stock(current.services().store, desk.institution.id, wanted)
    unknown = [
        (station, device)
        for station in desk.stations()
        for device in station.devices
        if device.fob_id is None and device.problem is None
    ]
    return page(
        "staff/stock.html", desk, stock=found, state=state, serial=typed, states=FobState, unknown=unknown,
        limit=wanted.limit,
    )  # fmt: skip


def _key(name: str) -> FobKey | None:
    """The fob beside the page, as the links to the pages name it: serial/profile."""
    serial, slash, profile = request.args.get(name, "")[:129].rpartition("/")
    return FobKey(serial, profile) if slash else None


@stock_pages.get("/<fob_id>/")
@at_desk(StaffAct.SEE_STOCK)
def show(desk: Desk, fob_id: str) -> str:
    """One fob: where it is, what it carries, what was written."""
    fob = desk.fob(fob_id)
    written = jobs(current.services().store, desk.institution.id, current.now(), JobFilter(fob_id=fob.id))
    ledger = custody(current.services().store, desk.institution.id, fob.id)
    return page("staff/fob.html", desk, fob=fob, jobs=written, removals=REMOVALS, custody=ledger)


@stock_pages.post("/<fob_id>/back")
@at_desk(StaffAct.KEEP_STOCK)
def back(desk: Desk, fob_id: str) -> Response:
    """返していただく."""
    return _act_on_fob(desk, fob_id, take_back)


@stock_pages.post("/<fob_id>/erase")
@at_desk(StaffAct.KEEP_STOCK)
def erase(desk: Desk, fob_id: str) -> Response:
    """消去する: the page of the job follows it."""
    forms.read_form()
    fob = desk.fob(fob_id)
    command = FobCommand(desk.institution.id, fob.id, desk.actor)
    try:
        queued = erase_fob(current.services(), command, current.now())
    except (AlreadyTaken, WrongState) as refused:
        telling.tell_refusal(refused)
        return redirect(url_for(".show", fob_id=fob.id), 303)
    return redirect(url_for("staff_programming.show", job_id=queued.job_id), 303)


@stock_pages.post("/<fob_id>/remove")
@at_desk(StaffAct.KEEP_STOCK)
def remove(desk: Desk, fob_id: str) -> Response:
    """紛失、故障、廃棄."""
    to = forms.read_form("to")["to"]
    fob = desk.fob(fob_id)
    if to not in set(REMOVALS):
        raise BadInput("to", InputFault.NOT_OFFERED)
    command = RemoveFobCommand(desk.institution.id, fob.id, desk.actor, FobState(to))
    return telling.act(
        desk, lambda: remove_fob(current.services(), command, current.now()), url_for(".show", fob_id=fob.id)
    )


def _act_on_fob(desk: Desk, fob_id: str, job: Callable[[Services, FobCommand, datetime], object]) -> Response:
    forms.read_form()
    fob = desk.fob(fob_id)
    command = FobCommand(desk.institution.id, fob.id, desk.actor)
    return telling.act(
        desk, lambda: job(current.services(), command, current.now()), url_for(".show", fob_id=fob.id)
    )

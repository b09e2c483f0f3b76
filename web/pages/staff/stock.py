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
from provisioning.jobs.receive_fobs import call_back_fob
from provisioning.jobs.remove_fob import RemoveFobCommand, remove_fob
from provisioning.jobs.set_expiry import SetExpiryCommand, set_expiry
from provisioning.jobs.take_back import take_back
from provisioning.jobs.use_as import UseAsCommand, use_as
from provisioning.rules.permissions import StaffAct
from provisioning.rules.states import FOB_MOVES, FobState
from provisioning.rules.timetable import last_day_before
from provisioning.services import Services
from provisioning.store.queries.custody import custody
from provisioning.store.queries.drift import drift_history
from provisioning.store.queries.faces import other_faces
from provisioning.store.queries.fobs import FobView
from provisioning.store.queries.jobs import JobFilter, jobs
from provisioning.store.queries.stock import FobKey, StockFilter, stock
from provisioning.store.queries.transfers import coming
from web import current, dates, forms
from web.pages.staff import telling
from web.pages.staff.desk import Desk, at_desk, page
from web.pages.staff.reading import read_serial
from web.pages.staff.stock_file import stock_lines
from web.screens import Screen
from web.spreadsheet import CSV, attachment

stock_pages = Blueprint("staff_stock", __name__, url_prefix="/staff/stock")

REMOVALS: Final = (FobState.LOST, FobState.BROKEN, FobState.RETIRED)


@stock_pages.get("/")
@at_desk(StaffAct.SEE_STOCK)
def index(desk: Desk) -> str:
    """Every fob of the branch, of one state or by the beginning of the serial."""
    wanted = _wanted(desk)
    found = stock(current.services().store, desk.institution.id, wanted)
    unknown = [
        (station, device)
        for station in desk.stations()
        for device in station.devices
        if device.fob_id is None and device.problem is None
    ]
    return page(
        "staff/stock.html", desk, stock=found, state=wanted.state, serial=request.args.get("serial", "")[:64],
        states=FobState, unknown=unknown, limit=wanted.limit,
        coming=coming(current.services().store, desk.institution.id, desk.staff.branch),
    )  # fmt: skip


@stock_pages.get("/list.csv")
@at_desk(StaffAct.SEE_STOCK)
def as_file(desk: Desk) -> Response:
    """What the list shows on all its pages."""
    lines = stock_lines(desk.institution.id, _wanted(desk))
    return attachment(lines, CSV, f"stock-{dates.of_a_file(current.now())}.csv")


def _wanted(desk: Desk) -> StockFilter:
    """The branch's fobs, of one state or by the beginning of the serial."""
    chosen, typed = request.args.get("state", ""), request.args.get("serial", "")[:64]
    state = FobState(chosen) if chosen in set(FobState) else None
    return StockFilter(
        branch=desk.branch, state=state, serial_start=read_serial(typed), after=_key("after"),
        before=None if "after" in request.args else _key("before"),
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
    drift = drift_history(current.services().store, desk.institution.id, fob.id)
    removals = [to for to in REMOVALS if to in FOB_MOVES[fob.state]]
    again = telling.remembered(Screen.STAFF_FOB, fob.id)
    return page(
        "staff/fob.html", desk, fob=fob, faces=_other_faces(desk, fob), jobs=written, removals=removals,
        custody=ledger, drift=drift,
        errors=again.errors, values={"last_day": _last_day(fob)} | dict(again.values),
    )  # fmt: skip


def _other_faces(desk: Desk, fob: FobView) -> tuple[str, ...]:
    """By what else a blank fob that is plugged in can be used."""
    if fob.state is not FobState.IN_STOCK:
        return ()
    return other_faces(current.services().store, desk.institution.id, fob.id, current.now())


def _last_day(fob: FobView) -> str:
    """As a date field holds it."""
    return "" if fob.expires_at is None else last_day_before(fob.expires_at).isoformat()


@stock_pages.post("/<fob_id>/expiry")
@at_desk(StaffAct.KEEP_STOCK)
def expiry(desk: Desk, fob_id: str) -> Response:
    """使用期限を記録する."""
    typed = forms.read_form("last_day")
    fob = desk.fob(fob_id)
    back_to = url_for(".show", fob_id=fob.id)
    try:
        day = dates.typed_day(typed["last_day"], "last_day")
        command = SetExpiryCommand(desk.institution.id, fob.id, desk.actor, day)
        return telling.act(desk, lambda: set_expiry(current.services(), command, current.now()), back_to)
    except BadInput as refused:
        telling.refuse(Screen.STAFF_FOB, fob.id, [refused], typed)
        return redirect(back_to, 303)


@stock_pages.post("/<fob_id>/use-as")
@at_desk(StaffAct.KEEP_STOCK)
def use_otherwise(desk: Desk, fob_id: str) -> Response:
    """…として使う: by another application of the same key."""
    profile = forms.read_form("profile")["profile"]
    fob = desk.fob(fob_id)
    command = UseAsCommand(desk.institution.id, fob.id, desk.actor, profile)
    return telling.act(
        desk, lambda: use_as(current.services(), command, current.now()), url_for(".show", fob_id=fob.id)
    )


@stock_pages.post("/<fob_id>/back")
@at_desk(StaffAct.KEEP_STOCK)
def back(desk: Desk, fob_id: str) -> Response:
    """返していただく."""
    return _act_on_fob(desk, fob_id, take_back)


@stock_pages.post("/<fob_id>/call-back")
@at_desk(StaffAct.KEEP_STOCK)
def call_back(desk: Desk, fob_id: str) -> Response:
    """戻ってきた: what was sent to another branch."""
    return _act_on_fob(desk, fob_id, call_back_fob)


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

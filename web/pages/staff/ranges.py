"""A range of serial numbers: what is known of it, its gaps, and a box taken into stock."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from provisioning.errors import AlreadyTaken, BadInput, InputFault
from provisioning.jobs.numbering import numbering_of
from provisioning.jobs.take_range import TakeRangeCommand, take_range
from provisioning.rules.permissions import StaffAct
from provisioning.rules.search_text import normal
from provisioning.rules.serial_range import SerialRange, serial_range
from provisioning.rules.states import FobState
from provisioning.store.queries.serial_ranges import RunKind, runs
from provisioning.store.queries.stock import only_kind
from web import current, dates, forms
from web.pages.staff import telling
from web.pages.staff.desk import Desk, at_desk, page
from web.pages.staff.reading import read_count, read_serials
from web.pages.staff.words import fault
from web.screens import Screen

range_pages = Blueprint("staff_ranges", __name__, url_prefix="/staff/ranges")

_ASKED: Final = ("profile", "lowest", "highest")
_BOX: Final = ("counted", "last_day", "missing")
_MAX_DIGITS: Final = 4


@range_pages.get("/")
@at_desk(StaffAct.SEE_STOCK)
def index(desk: Desk) -> str:
    """The form; with a range asked for, its runs and gaps, and the form that takes the gaps into stock."""
    asked = _asked(request.args.to_dict()) if request.args else _asked({"profile": _usual(desk)})
    again = telling.remembered(Screen.STAFF_RANGE, "/".join(asked.values()))
    wanted, errors = None, dict(again.errors)
    if request.args:
        try:
            wanted = _range(asked)
        except BadInput as refused:
            errors = {refused.field: fault(refused.field, refused.fault.value)}
    numbering = numbering_of(current.services(), asked["profile"])
    found = runs(current.services().store, desk.institution.id, numbering, wanted) if wanted else ()
    return page(
        "staff/ranges.html",
        desk,
        profiles=_profiles(),
        runs=found,
        gaps=sum(run.count for run in found if run.kind is RunKind.GAP),
        kinds_of_run=RunKind,
        stocked=FobState.IN_STOCK,
        errors=errors,
        values=asked | dict(again.values),
    )


@range_pages.post("/take")
@at_desk(StaffAct.KEEP_STOCK)
def take(desk: Desk) -> Response:
    """在庫に受け入れる: the box, into the branch of whoever takes it."""
    typed = forms.read_form(*_ASKED, *_BOX)
    asked = _asked(typed)
    back = redirect(f"{url_for('.index')}?{urlencode(asked)}", 303)
    try:
        take_range(current.services(), _box(desk, asked, typed), current.now())
    except BadInput as refused:
        kept = {name: typed[name] for name in _BOX}
        telling.refuse(Screen.STAFF_RANGE, "/".join(asked.values()), [refused], kept)
        return back
    except AlreadyTaken as refused:
        telling.tell_refusal(refused)
        return back
    return telling.to_act(desk)


def _box(desk: Desk, asked: dict[str, str], typed: dict[str, str]) -> TakeRangeCommand:
    return TakeRangeCommand(
        desk.institution.id,
        desk.staff.branch,
        asked["profile"],
        _range(asked),
        desk.actor,
        read_count(typed["counted"], "counted", _MAX_DIGITS),
        read_serials(typed["missing"]),
        dates.typed_day(typed["last_day"], "last_day"),
    )


def _asked(typed: dict[str, str]) -> dict[str, str]:
    """The fields as they are compared."""
    wanted = {name: normal(typed.get(name, ""))[:64] for name in _ASKED}
    return wanted | {name: wanted[name].upper() for name in ("lowest", "highest")}


def _range(asked: dict[str, str]) -> SerialRange:
    if asked["profile"] not in current.services().profiles:
        raise BadInput("profile", InputFault.NOT_OFFERED)
    return serial_range(asked["lowest"], asked["highest"])


def _usual(desk: Desk) -> str:
    """The kind that a box here will be of, where that can be told: choosing another would book it as that."""
    return only_kind(current.services().store, desk.institution.id, desk.staff.branch)


def _profiles() -> list[tuple[str, str]]:
    """Every kind of fob that the server knows, by its title."""
    known = current.services().profiles.values()
    return sorted(((one.name, one.device.title) for one in known), key=lambda choice: choice[1])

"""What is printed for a fob: a label for its envelope, and the slip that goes with it over the counter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from flask import Blueprint, request

from provisioning.errors import BadInput, NotFound
from provisioning.jobs.fob_fit import fob_fit
from provisioning.rules.permissions import StaffAct
from provisioning.rules.serial_range import serial_range
from provisioning.rules.states import FobState
from provisioning.store.queries.batches import batch
from provisioning.store.queries.fobs import FobView, fobs_by_id
from provisioning.store.queries.serial_ranges import fobs_in
from web import current, wording
from web.barcodes import barcode
from web.pages.staff.desk import Desk, at_desk, page

papers = Blueprint("staff_papers", __name__, url_prefix="/staff/papers")

_GIVEN: Final = frozenset({FobState.PROGRAMMED, FobState.HANDED_OVER})


@papers.get("/labels")
@at_desk(StaffAct.SEE_STOCK)
def labels(desk: Desk) -> str:
    """One label a fob, of a batch, a range or of one fob: its number, as bars too, and whose it is."""
    return page("staff/labels.html", desk, fobs=_fobs(desk), barcode=barcode, back=_back())


@papers.get("/slips")
@at_desk(StaffAct.ISSUE)
def slips(desk: Desk) -> str:
    """One sheet a fob that waits to be handed over, or was: what the customer does with it, and the receipt."""
    fobs = [fob for fob in _fobs(desk) if fob.keeper is not None and fob.state in _GIVEN]
    if not fobs:
        raise NotFound("fob")
    fits = {fob.profile: fob_fit(current.services(), desk.institution, fob.profile) for fob in fobs}
    return page(
        "staff/slips.html",
        desk,
        fobs=fobs,
        fits=fits,
        barcode=barcode,
        menu_path=" > ".join(wording.menu_names(desk.institution)),
        back=_back(),
    )


def _fobs(desk: Desk) -> list[FobView]:
    """Those of the batch (in its order), of the range, or the one; none of another branch. Raises NotFound."""
    fobs = [fob for fob in _asked_for(desk) if desk.sees(fob.branch)]
    if not fobs:
        raise NotFound("fob")
    return fobs


def _asked_for(desk: Desk) -> Iterable[FobView]:
    store, institution_id, asked = current.services().store, desk.institution.id, request.args
    if "lowest" in asked:
        try:
            wanted = serial_range(asked["lowest"], asked.get("highest", ""))
        except BadInput:
            raise NotFound("fob") from None
        return fobs_in(store, institution_id, asked.get("profile", ""), wanted)
    ids = [asked.get("fob", "")]
    if "batch" in asked:
        items = batch(store, institution_id, asked["batch"], current.now()).items
        ids = [item.fob_id for item in items if item.fob_id is not None]
    found = fobs_by_id(store, institution_id, ids)
    return [found[fob_id] for fob_id in ids if fob_id in found]


def _back() -> tuple[str, dict[str, str]]:
    """Endpoint and values of the page that led here."""
    if "lowest" in request.args:
        names = ("profile", "lowest", "highest")
        return "staff_ranges.index", {name: request.args.get(name, "") for name in names}
    if "batch" in request.args:
        return "staff_batches.show", {"batch_id": request.args["batch"]}
    return "staff_stock.show", {"fob_id": request.args.get("fob", "")}

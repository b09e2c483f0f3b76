"""The audit log for auditors: searched, one entry with its proof, and as a file."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.exceptions import UnprocessableEntity
from werkzeug.wrappers import Response

from provisioning.errors import AuditBroken, WrongState
from provisioning.jobs.audit_standing import audit_alarms
from provisioning.jobs.hand_out_audit import (
    AuditFile,
    ExportAuditCommand,
    HandOutProofCommand,
    export_audit,
    hand_out_proof,
)
from provisioning.rules.actor import ActorKind
from provisioning.rules.permissions import StaffAct
from provisioning.store.queries.actors import known_actors
from provisioning.store.queries.audit_entries import entry_view, sealed_at
from provisioning.store.queries.audit_search import find_entries
from web import current, dates, forms, wording
from web.pages.audit import entry_words
from web.pages.audit.files import FILES
from web.pages.audit.filters import FIELDS, Asked, key_text, read_asked, read_key
from web.pages.staff.act_words import ACTORS
from web.pages.staff.desk import Desk, at_desk, notify, page
from web.spreadsheet import attachment

entries = Blueprint("audit_entries", __name__, url_prefix="/staff/audit")

_JSON: Final = "application/json"


@entries.get("/")
@at_desk(StaffAct.SEE_AUDIT)
def index(desk: Desk) -> str:
    """Entries that the filter finds, newest first."""
    asked = read_asked(request.args, desk.institution.id)
    found = None
    if asked.wanted is not None:
        wanted = replace(asked.wanted, before=read_key(request.args.get("before", "")))
        found = find_entries(current.services().store, wanted)
    return page(
        "audit/entries.html", desk, found=found, values=asked.typed, errors=_errors(asked), whos=_whos(desk),
        acts=entry_words.acts(), alarms=audit_alarms(current.services(), current.now()), told=entry_words,
        older=key_text(found.older) if found and found.older else None, forms_of_file=AuditFile,
    )  # fmt: skip


@entries.get("/entries/<int:number>/")
@at_desk(StaffAct.SEE_AUDIT)
def show(desk: Desk, number: int) -> str:
    """One entry: everything that it says, and whether it is sealed and signed."""
    services = current.services()
    entry = entry_view(services.store, desk.institution.id, number)
    place = entry.leaf_index
    try:
        latest = services.checkpoints.latest() if services.checkpoints else None
    except AuditBroken:
        latest = None
    is_signed = place is not None and latest is not None and place < latest[1].size
    sealed = None if place is None else sealed_at(services.store, place)
    signed_at = latest[1].at if latest and is_signed else None
    return page(
        "audit/entry.html",
        desk,
        entry=entry,
        told=entry_words,
        sealed_at=sealed,
        is_signed=is_signed,
        signed_at=signed_at,
    )


@entries.get("/entries/<int:number>/proof")
@at_desk(StaffAct.SEE_AUDIT)
def proof(desk: Desk, number: int) -> Response:
    """The proof of one entry, for somebody who has nothing but our public key."""
    command = HandOutProofCommand(desk.institution.id, number, desk.actor)
    try:
        told = hand_out_proof(current.services(), command, current.now())
    except WrongState:
        notify("not_proved_yet")
        return redirect(url_for(".show", number=number), 303)
    except AuditBroken:
        notify("log_not_whole")
        return redirect(url_for(".show", number=number), 303)
    return attachment(json.dumps(told), _JSON, f"audit-{number}.json")


@entries.post("/export")
@at_desk(StaffAct.SEE_AUDIT)
def export(desk: Desk) -> Response:
    """What the filter finds, as a file."""
    typed = forms.read_form(*FIELDS, "form")
    asked = read_asked(typed, desk.institution.id)
    if asked.wanted is None or typed["form"] not in set(AuditFile):
        raise UnprocessableEntity
    form = AuditFile(typed["form"])
    command = ExportAuditCommand(desk.institution.id, asked.wanted, form, asked.typed, desk.actor)
    read = export_audit(current.services(), command, current.now())
    written = FILES[form]
    day = dates.of_a_file(current.now())
    return attachment(written.lines(read), written.content_type, f"audit-{day}.{form.value}")


def _errors(asked: Asked) -> dict[str, str]:
    """Sentences by field."""
    own = entry_words.FAULTS
    return {
        name: str(own[name, code]) if (name, code) in own else wording.fault(name, code)
        for name, code in asked.faults
    }


def _whos(desk: Desk) -> list[tuple[str, list[tuple[str, str]]]]:
    """Whom one can choose: every kind, and by name within it."""
    kinds = [(f"kind:{kind.value}", str(words)) for kind, words in ACTORS.items()]
    by_kind: dict[ActorKind, list[tuple[str, str]]] = {}
    for actor in known_actors(current.services().store, desk.institution.id):
        by_kind.setdefault(actor.kind, []).append((f"{actor.kind.value}:{actor.id}", actor.name))
    return [("", kinds), *((str(ACTORS[kind]), names) for kind, names in by_kind.items())]

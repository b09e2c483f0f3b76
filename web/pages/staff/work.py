"""作業一覧: what waits to be done."""

from __future__ import annotations

from functools import partial
from typing import Final, cast

from flask import Blueprint, Flask, redirect, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from provisioning.rules.permissions import StaffAct
from provisioning.store.queries.jobs import JobFilter, jobs
from provisioning.store.queries.mails import MailFilter, mails
from provisioning.store.queries.papers import PaperFilter, papers
from provisioning.store.queries.work import LIST_LIMIT, expiring, not_activated, open_applications, suspended
from web import current
from web.pages.staff.desk import Desk, at_desk, page
from web.pages.staff.templates import set_up_staff_templates

work = Blueprint("staff_work", __name__, url_prefix="/staff")


@work.record
def _templates(state: BlueprintSetupState) -> None:
    set_up_staff_templates(cast(Flask, state.app))


_UNDELIVERED: Final = partial(MailFilter, only_undelivered=True, limit=LIST_LIMIT)
_TO_DO: Final = partial(PaperFilter, is_open=True, limit=LIST_LIMIT)
_OPEN: Final = partial(JobFilter, is_open=True, limit=LIST_LIMIT)


@work.get("/")
@at_desk()
def index(desk: Desk) -> str | Response:
    """Applications, suspensions, papers, undelivered mails, fobs being written, tokens not activated yet or
    about to expire.
    """
    if not desk.may(StaffAct.SEE_CUSTOMERS):
        return redirect(url_for("staff_stations.index"), 303)
    services = current.services()
    here = (services.store, desk.institution.id, desk.branch)
    return page(
        "staff/work.html",
        desk,
        applications=open_applications(*here),
        suspended=suspended(*here),
        not_activated=not_activated(*here),
        papers=papers(services.store, desk.institution.id, _TO_DO(branch=desk.branch))
        if desk.institution.papers
        else (),
        expiring=expiring(*here, current.now()),
        mails=mails(services, desk.institution.id, _UNDELIVERED(branch=desk.branch)),
        jobs=jobs(services.store, desk.institution.id, current.now(), _OPEN(branch=desk.branch)),
        limit=LIST_LIMIT,
    )

"""Names that every template of the staff console knows."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from flask_babel import gettext as _

from provisioning.rules.factory import FACTORY
from provisioning.rules.states import JobKind, JobState
from provisioning.rules.timetable import JST
from provisioning.store.queries.jobs import JobView
from provisioning.store.queries.next_step import NextStep
from provisioning.store.queries.search import REFERENCE_PREFIX
from web import current, wording
from web.pages.staff import (
    account_words,
    act_words,
    approval_words,
    device_words,
    fob_words,
    mail_words,
    paper_words,
    words,
)


def set_up_staff_templates(app: Flask) -> None:
    """Filters `reference`, `parsed`, `short_minute`; tables of words."""
    app.jinja_env.filters.update(reference=reference, parsed=datetime.fromisoformat, short_minute=short_minute)
    app.jinja_env.globals.update(
        words=words,
        paper_words=paper_words,
        approval_words=approval_words,
        account_notices=account_words.NOTICES,
        proof_names=account_words.PROOFS,
        browser_words=account_words.browser,
        kinds=wording.KINDS,
        base_url=base_url,
        kind_title=kind_title,
        step_words=step_words,
        next_step_title=lambda job: step_words(job).title,
        actor_words=act_words.ACTORS,
        act_lines=act_words.LINES,
        event_words=act_words.event_words,
        diagnosis=device_words.diagnosis,
        reply_words=mail_words.reply_words,
        mail_kinds=mail_words.KINDS,
        refusal_words=fob_words.refusal_words,
        notice_words=fob_words.notice_words,
        proof_words=fob_words.proof_words,
        problem_in_words=device_words.problem_in_words,
    )


def reference(number: int) -> str:
    """Number of an act as it stands on paper: K-0001234."""
    return f"{REFERENCE_PREFIX}{number:07d}"


def base_url() -> str:
    """The server's own address, for typing on a station."""
    return current.services().settings.server.base_url


def kind_title(profile: str) -> str:
    """A kind of fob by the name that people know it by."""
    known = current.services().profiles.get(profile)
    if profile == FACTORY:
        return str(_("種入り（出荷時）"))
    return profile if known is None else known.device.title


def step_words(job: JobView) -> device_words.StepWords:
    """What the page of a programming job says now."""
    if job.state is JobState.QUEUED and job.next_step is NextStep.WAIT:
        return device_words.BEGINNING
    if job.kind is JobKind.ERASE and job.next_step in (NextStep.WAIT, NextStep.NOTHING):
        return device_words.ERASING if job.next_step is NextStep.WAIT else device_words.ERASED
    told = device_words.NEXT_STEPS[job.next_step]
    return device_words.WITH_SEED.get(job.next_step, told) if job.profile == FACTORY else told


def short_minute(instant: datetime) -> str:
    """11/20 14:05 in Japan; with the year where it is not this year's."""
    there, here = instant.astimezone(JST), current.now().astimezone(JST)
    day = f"{there.month}/{there.day}" if there.year == here.year else f"{there.year}/{there.month}/{there.day}"
    return f"{day} {there:%H:%M}"

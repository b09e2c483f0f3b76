"""Entries as files: CSV for spreadsheets, JSON Lines for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from provisioning.jobs.hand_out_audit import AuditFile
from provisioning.store.queries.audit_entries import EntryView
from web import dates
from web.pages.audit import entry_words
from web.spreadsheet import CSV, csv_lines

_COLUMNS: Final[tuple[tuple[LazyString, Callable[[EntryView], Any]], ...]] = (
    (_l("記録番号"), lambda entry: entry.number),
    (_l("日時（UTC）"), lambda entry: entry.at.isoformat()),
    (_l("日時（日本）"), lambda entry: dates.iso(entry.at)),
    (_l("行ったこと"), entry_words.line),
    (_l("結果"), entry_words.result),
    (_l("だれが"), entry_words.who),
    (_l("役割"), entry_words.role),
    (_l("店"), lambda entry: entry.branch or ""),
    (_l("承認した人"), lambda entry: entry.approver_name),
    (_l("どこから"), lambda entry: entry.origin),
    (_l("お客さまのユーザID"), lambda entry: entry.customer.user_id if entry.customer else ""),
    (_l("フォブのシリアル番号"), lambda entry: entry.fob_serial),
    (_l("行ったことの名前"), lambda entry: entry.act),
    (_l("結果の名前"), lambda entry: entry.result),
    (_l("だれがの識別子"), lambda entry: f"{entry.actor_kind.value}:{entry.actor_id}"),
    (_l("事実"), lambda entry: json.dumps(dict(entry.facts), ensure_ascii=False)),
    (_l("木の中の位置"), lambda entry: "" if entry.leaf_index is None else entry.leaf_index),
)
_SAME: Final = (
    *("number", "institution_id", "branch", "actor_id", "actor_name", "actor_role", "approver_name", "origin"),
    *("act", "result", "credential_id", "fob_id", "fob_serial", "job_id", "leaf_index"),
)


@dataclass(frozen=True, slots=True)
class Written:
    """How a form of file is written."""

    content_type: str
    lines: Callable[[Iterable[EntryView]], Iterator[str]]


def entry_lines(entries: Iterable[EntryView]) -> Iterator[str]:
    """A header in the reader's language, and a line for each."""
    rows = ([value(entry) for _, value in _COLUMNS] for entry in entries)
    return csv_lines([title for title, _ in _COLUMNS], rows)


def json_lines(entries: Iterable[EntryView]) -> Iterator[str]:
    """An object for each; no names of customers, whom the user ID tells."""
    for entry in entries:
        told = {name: getattr(entry, name) for name in _SAME}
        told |= {"at": entry.at.isoformat(), "actor_kind": entry.actor_kind.value, "facts": dict(entry.facts)}
        told |= {"user_id": entry.customer.user_id if entry.customer else None, "shown": entry.shown_count}
        yield json.dumps(told, ensure_ascii=True, sort_keys=True) + "\n"


FILES: Final[dict[AuditFile, Written]] = {
    AuditFile.CSV: Written(CSV, entry_lines),
    AuditFile.JSON_LINES: Written("application/x-ndjson", json_lines),
}

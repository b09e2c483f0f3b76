"""The stock as a file for a spreadsheet: what lies where, and nothing of whom it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from provisioning.rules.timetable import last_day_before
from provisioning.store.queries.fobs import FobView
from provisioning.store.queries.stock import StockFilter, stock
from web import current, dates
from web.pages.staff import words
from web.pages.staff.templates import kind_title
from web.spreadsheet import csv_lines

_AT_ONCE: Final = 500
_COLUMNS: Final[tuple[tuple[LazyString, Callable[[FobView], Any]], ...]] = (
    (_l("シリアル番号"), lambda fob: fob.serial),
    (_l("種類"), lambda fob: kind_title(fob.profile)),
    (_l("ファームウェア"), lambda fob: fob.firmware),
    (_l("状態"), lambda fob: words.FOB[fob.state].text),
    (_l("店"), lambda fob: fob.branch),
    (_l("移送先"), lambda fob: fob.bound_for),
    (_l("使用期限"), lambda fob: "" if fob.expires_at is None else last_day_before(fob.expires_at).isoformat()),
    (_l("電池（%）"), lambda fob: "" if fob.battery_percent is None else fob.battery_percent),
    (_l("時計のずれ（秒）"), lambda fob: "" if fob.clock_offset_s is None else fob.clock_offset_s),
    (_l("はじめて見た日時"), lambda fob: dates.iso(fob.first_seen_at)),
    (_l("変更の日時"), lambda fob: dates.iso(fob.changed_at)),
)


def stock_lines(institution_id: str, wanted: StockFilter) -> Iterator[str]:
    """All that the filter finds, by serial number; read a part at a time."""
    rows = ([value(fob) for _, value in _COLUMNS] for fob in _all(institution_id, wanted))
    return csv_lines([title for title, _ in _COLUMNS], rows)


def _all(institution_id: str, wanted: StockFilter) -> Iterator[FobView]:
    part = replace(wanted, limit=_AT_ONCE, before=None, after=None)
    while True:
        found = stock(current.services().store, institution_id, part)
        yield from found.fobs
        if found.after is None:
            return
        part = replace(part, after=found.after)

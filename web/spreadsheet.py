"""Files for spreadsheets.

A spreadsheet takes a cell that begins like a formula for one, so such a cell gets an apostrophe before it.
Excel in Japan reads UTF-8 only behind a byte order mark.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final

from flask import stream_with_context
from werkzeug.wrappers import Response

from web.visible import visible

CSV: Final = "text/csv; charset=utf-8"
_BYTE_ORDER_MARK: Final = "\ufeff"
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")


def csv_lines(titles: Iterable[object], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """A header, and a line for each row."""
    yield _BYTE_ORDER_MARK + _line(map(str, titles))
    for row in rows:
        yield _line(row)


def cell(value: Any) -> str:
    """A value that no spreadsheet takes for a formula; a number is none."""
    if isinstance(value, int):
        return str(value)
    text = visible(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def attachment(content: Iterable[str] | str, content_type: str, name: str) -> Response:
    """A file to be kept; what comes in pieces is sent as it is read."""
    sent = content if isinstance(content, str) else stream_with_context(iter(content))
    return Response(
        sent, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _line(values: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([cell(value) for value in values])
    return line.getvalue()

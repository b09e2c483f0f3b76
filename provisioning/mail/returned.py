"""Reading the report that a mail came back (RFC 3462, RFC 3464): which of ours, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message
from typing import Final

from provisioning.errors import BadInput, InputFault

_OURS: Final = re.compile(r"\s*<([0-9a-f]{32})@[^<>\s]+>\s*")
_STATUS: Final = re.compile(r"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class Returned:
    """The mail `mail_id` was not delivered; `status` is the enhanced status code (RFC 3463)."""

    mail_id: str
    status: str


def read_report(raw: bytes) -> Returned | None:
    """What a delivery report says; None if it tells of no failure.

    Raises BadInput("report", …) unless it is a report, and one about a mail of ours.
    """
    try:
        return _read(message_from_bytes(raw))
    except (RecursionError, ValueError):  # mails within mails within mails; a character set that is no name
        raise BadInput("report", InputFault.BAD_FORM) from None


def _read(report: Message) -> Returned | None:
    told = [facts for facts in _facts(report) if facts["Action"]]
    if not told:
        raise BadInput("report", InputFault.BAD_FORM)
    # a field with bytes that are no text is no str
    failed = [facts for facts in told if str(facts["Action"]).strip().lower() == _FAILED]
    if not failed:
        return None
    mail_id = next(_numbers(report), None)
    status = _STATUS.match(str(failed[0]["Status"] or ""))
    if mail_id is None or status is None:
        raise BadInput("report", InputFault.BAD_FORM)
    return Returned(mail_id, status.group(1))


def _facts(report: Message) -> Iterator[Message]:
    """The blocks of fields, one about the reporting server and one for each recipient."""
    for part in report.walk():
        if part.get_content_type() == "message/delivery-status":
            yield from _within(part)


def _numbers(report: Message) -> Iterator[str]:
    """The numbers of mails of ours that came back, whole or as headers alone."""
    for part in report.walk():
        content = part.get_payload()
        if part.get_content_type() == "text/rfc822-headers" and isinstance(content, str):
            returned = [message_from_string(content)]
        else:
            returned = list(_within(part)) if part.get_content_type() == "message/rfc822" else []
        for mail in returned:
            found = _OURS.fullmatch(str(mail["Message-ID"] or ""))
            if found is not None:
                yield found.group(1)


def _within(part: Message) -> Iterator[Message]:
    content = part.get_payload()
    if isinstance(content, list):
        yield from (one for one in content if isinstance(one, Message))

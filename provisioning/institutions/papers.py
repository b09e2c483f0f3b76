"""The table `[papers]` of a profile: what staff do only on a paper request."""

from __future__ import annotations

from typing import Final

from provisioning.rules.papers import PaperKind
from provisioning.rules.strict_table import StrictTable

_KEY: Final = "needed_for"


def read_papers(table: StrictTable, *, is_limited: bool, has_mail_password: bool) -> tuple[PaperKind, ...]:
    """What a paper is demanded for; a limit of issuances (`is_limited`) is lifted in no other way."""
    try:
        kinds = tuple(PaperKind(text) for text in table.texts(_KEY, ()))
    except ValueError:
        table.fail(_KEY, f"must be of {', '.join(PaperKind)}")
    if len(set(kinds)) != len(kinds):
        table.fail(_KEY, "must name none twice")
    if is_limited != (PaperKind.ISSUE_RESTRICTION in kinds):
        table.fail(_KEY, "must have issue_restriction just where limits.issuance_limit is set")
    if PaperKind.MAIL_ADDRESS in kinds and not has_mail_password:
        table.fail(_KEY, "must not have mail_address without mail_password = true")
    table.finish()
    return kinds

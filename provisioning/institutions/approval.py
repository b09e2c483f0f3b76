"""The table `[approval]` of a profile: what takes a second person (役席承認)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from provisioning.rules.approval import ApprovalRules, ApprovedAct
from provisioning.rules.papers import PaperKind
from provisioning.rules.states import TokenKind
from provisioning.rules.strict_table import StrictTable

_KEY: Final = "needed_for"
_OF_FOBS: Final = (ApprovedAct.ISSUE_HARD, ApprovedAct.IMPORT_SEEDS, ApprovedAct.EXPORT_SEEDS)
_LONGEST_H: Final = 72


def read_approval(
    table: StrictTable, *, kinds: Collection[TokenKind], papers: Collection[PaperKind]
) -> ApprovalRules:
    """What is asked for, and for how many hours a request waits; nothing that this institution never does."""
    try:
        acts = tuple(ApprovedAct(text) for text in table.texts(_KEY, ()))
    except ValueError:
        table.fail(_KEY, f"must be of {', '.join(ApprovedAct)}")
    if len(set(acts)) != len(acts):
        table.fail(_KEY, "must name none twice")
    for act in acts:
        if act in _OF_FOBS and TokenKind.HARD not in kinds:
            table.fail(_KEY, f"must not have {act} without hard in kinds")
    if ApprovedAct.CLOSE_PAPER in acts and not papers:
        table.fail(_KEY, "must not have close_paper without papers.needed_for")
    if ApprovedAct.LIFT_RESTRICTION in acts and PaperKind.ISSUE_RESTRICTION not in papers:
        table.fail(_KEY, "must not have lift_restriction without limits.issuance_limit")
    expires_after = timedelta(hours=table.integer("expires_h", 1, _LONGEST_H, 8))
    table.finish()
    return ApprovalRules(acts, expires_after)

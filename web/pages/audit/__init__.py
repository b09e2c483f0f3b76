"""The auditors' pages, /staff/audit/."""

from __future__ import annotations

from flask import Blueprint

from web.pages.audit.entries import entries
from web.pages.audit.lives import lives


def audit_pages() -> list[Blueprint]:
    """Every blueprint of the auditors."""
    return [entries, lives]

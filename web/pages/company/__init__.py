"""A company's own administration, /company/: for its master and its administrators."""

from __future__ import annotations

from flask import Blueprint

from web.pages.company.managing import MANAGING, pages_of
from web.pages.company.menu import menu_pages


def company_pages() -> list[Blueprint]:
    """Every blueprint of the administration."""
    return [menu_pages, *map(pages_of, MANAGING)]

"""The customer portal, /portal/."""

from __future__ import annotations

from flask import Blueprint

from web.pages.customer.top import top


def customer_pages() -> list[Blueprint]:
    """Every blueprint of the portal."""
    return [top]

"""Amounts of money as readers write them."""

from __future__ import annotations

from flask import Flask
from flask_babel import gettext as _


def set_up_money(app: Flask) -> None:
    """Filter `yen` for templates."""
    app.jinja_env.filters["yen"] = yen


def yen(amount: int) -> str:
    """200,000円 / 200,000 yen."""
    return str(_("%(amount)s円", amount=f"{amount:,}"))

"""The portal's first page."""

from __future__ import annotations

from flask import Blueprint, render_template

top = Blueprint("portal_top", __name__, url_prefix="/portal")


@top.get("/")
def index() -> str:
    """Where a customer stands, in one sentence."""
    return render_template("portal/top.html")

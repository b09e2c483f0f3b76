"""The first page: where to go."""

from __future__ import annotations

from flask import Blueprint, render_template

from provisioning.rules.roles import Role
from web import current

front = Blueprint("front", __name__)


@front.get("/")
def index() -> str:
    """Links to what this process serves."""
    return render_template("base/front.html", roles=current.face().roles, role=Role)

"""The first page: where to go."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, render_template, request

from provisioning.rules.roles import Role
from web import current, headers, headings, icons, screens, sessions, wording
from web.languages import LANGUAGES, language

front = Blueprint("front", __name__)


@front.get("/")
def index() -> str:
    """Links to what this process serves."""
    return render_template("base/front.html", roles=current.face().roles, role=Role)


def set_up_templates(app: Flask) -> None:
    """Names that every template knows."""

    def names() -> dict[str, Any]:
        return {
            "screens": screens.Screen,
            "flows": screens,
            "languages": LANGUAGES,
            "icon": icons.icon,
            "picture": icons.picture,
            "state_words": wording.state,
            "kind_words": wording.KINDS,
            "role_words": wording.ROLES,
            "menu_names": wording.menu_names,
            "breakable": headings.breakable,
            "here": here,
            "is_demo": is_demo,
            "language": language,
            "step": sessions.step,
            "csp_nonce": headers.csp_nonce,
        }

    # globals rather than a context processor: macros imported without context know them, too
    app.jinja_env.globals.update(names())


def is_demo() -> bool:
    """A demonstration tells where its passwords and links stand."""
    return current.services().settings.server.demo


def here() -> str:
    """Path of this page for coming back to it: of the page itself, also while answering a post."""
    return request.full_path.rstrip("?") if request.method == "GET" else request.path

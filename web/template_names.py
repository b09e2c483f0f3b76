"""Names that every template knows."""

from __future__ import annotations

from flask import Flask, request

from web import current, headers, headings, icons, screens, sessions, wording
from web.languages import LANGUAGES, language


def set_up_template_names(app: Flask) -> None:
    """As globals rather than by a context processor: macros imported without context know them, too."""
    app.jinja_env.filters.update(whole=headings.whole)
    app.jinja_env.globals.update(
        screens=screens.Screen,
        flows=screens,
        languages=LANGUAGES,
        icon=icons.icon,
        picture=icons.picture,
        state_words=wording.state,
        kind_words=wording.KINDS,
        role_words=wording.ROLES,
        menu_names=wording.menu_names,
        every=wording.every,
        breakable=headings.breakable,
        here=here,
        is_demo=is_demo,
        language=language,
        step=sessions.step,
        csp_nonce=headers.csp_nonce,
    )


def is_demo() -> bool:
    """A demonstration tells where its passwords and links stand."""
    return current.services().settings.server.demo


def here() -> str:
    """Path of this page for coming back to it: of the page itself, also while answering a post."""
    return request.full_path.rstrip("?") if request.method == "GET" else request.path

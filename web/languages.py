"""Japanese first, English complete: which language a reader sees, and where the catalogues are.

Text is written in Japanese where it is used, `_("…")` in templates and Python; the English stands in
`translations/AREA/en/LC_MESSAGES/messages.po`, one area for each part of the pages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from babel.support import Translations
from flask import Blueprint, Flask, g, redirect, request
from flask_babel import Babel, get_locale, get_translations
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

LANGUAGES: Final = {"ja": "日本語", "en": "English"}
COOKIE: Final = "kagiya-language"
_COOKIE_LIFE_S: Final = 365 * 86_400
_TRANSLATIONS: Final = Path(__file__).parent / "translations"

languages = Blueprint("languages", __name__)


def set_up_languages(app: Flask) -> None:
    """Read every area's catalogue; choose by the reader's own choice, else Japanese."""
    areas = sorted(folder for folder in _TRANSLATIONS.iterdir() if folder.is_dir())
    Babel(
        app,
        default_locale="ja",
        default_timezone="Asia/Tokyo",
        default_translation_directories=";".join(str(folder) for folder in areas),
        locale_selector=chosen_language,
    )
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: _catalogue().ugettext(text),
        lambda one, many, number: _catalogue().ungettext(one, many, number),
        newstyle=True,
    )
    app.register_blueprint(languages)


def _catalogue() -> Translations:
    """The reader's, asked for once in a request: a page has hundreds of phrases."""
    if "catalogue" not in g:
        g.catalogue = get_translations()
    found: Translations = g.catalogue
    return found


def language() -> str:
    """The language of this answer, `ja` or `en`."""
    return str(get_locale() or "ja")


def chosen_language() -> str:
    """`ja` or `en`, as the reader chose with the switch."""
    choice = request.cookies.get(COOKIE, "")
    return choice if choice in LANGUAGES else "ja"


@languages.get("/language/<code>")
def switch(code: str) -> Response:
    """Keep the choice in a cookie (it is no secret) and go back to the page `next` on this server."""
    if code not in LANGUAGES:
        raise NotFound
    response = redirect(own_path(request.args.get("next", "/")), 303)
    response.set_cookie(
        COOKIE, code, max_age=_COOKIE_LIFE_S, secure=request.is_secure, httponly=True, samesite="Lax"
    )
    return response


def own_path(address: str) -> str:
    """`address` if it is a path on this server, else `/`: nobody is sent elsewhere."""
    parts = urlsplit(address)
    unsafe = parts.scheme or parts.netloc or not address.startswith("/") or address.startswith("//")
    return "/" if unsafe or "\\" in address else address

"""Steps of a flow in the session: what a later screen needs, and that nothing is done twice."""

from __future__ import annotations

from typing import Any, Final

from flask import session

from web import forms, sessions
from web.screens import Screen

_KEPT: Final = "kept "
_SCREENS: Final = (
    Screen.SOFT_ENTRY,
    Screen.SOFT_CHECK,
    Screen.MAIL_MISSING,
    Screen.HARD_CHECK,
    Screen.SOFT_AGAIN,
    Screen.WAITING,
    Screen.ACTIVATE,
    Screen.RELEASE,
    Screen.MAIL_PASSWORD,
    Screen.MAIL_PASSWORD_CHECK,
    Screen.TRANSFER,
    Screen.TRANSFER_CHECK,
    Screen.INFORMATION,
    Screen.INFORMATION_CHECK,
)


def keep(screen: Screen, facts: dict[str, Any]) -> None:
    """Remember, sealed, what `screen` produced for the screens after it."""
    session[_KEPT + screen] = forms.seal(facts)


def kept(screen: Screen) -> dict[str, Any] | None:
    """What `screen` produced, or None if it was not passed in this session."""
    sealed = session.get(_KEPT + screen)
    facts: dict[str, Any] | None = forms.unseal(sealed) if sealed else None
    return facts or None


def drop(*screens: Screen) -> None:
    """Forget what these screens produced, and what was typed there."""
    for screen in screens:
        session.pop(_KEPT + screen, None)
    forms.forget(*screens)


def forget_everything() -> None:
    """Forget every flow that was begun."""
    drop(*_SCREENS)


def is_repeat(screen: Screen) -> bool:
    """True if this post was made before: by a double click, the reload or the back button."""
    return not sessions.take_step(screen)

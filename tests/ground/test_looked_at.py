"""No screen is left out of what axe is asked of, in either language (R74)."""

from __future__ import annotations

from tests.fixtures.looked_at import LANGUAGES, unseen
from web.screens import Screen


def test_a_screen_is_seen_once_axe_was_asked_of_it_in_both_languages() -> None:
    every = {f"{screen.value} {language}" for screen in Screen for language in LANGUAGES}
    assert unseen(every) == []
    assert unseen(every - {"BOT001 en"}) == ["BOT001 en"]
    assert set(unseen(set())) == every

"""What an institution wants of the soft-token app and of the pages about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DisplayName(StrEnum):
    """What a display name (トークン表示名) does to the institution's name in the app.

    `NONE`: the set-up does not ask for one; whoever gives a token one later has it behind the institution's name.
    """

    REPLACES = "replaces"
    ADDED = "added"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class AppProfile:
    """`consent`: the customer agrees to the app's terms before anything is sent. `feature_phone`: the mail and
    the pages also name the page for feature phones (携帯電話), which says that the app does not run there.
    """

    consent: bool = False
    display_name: DisplayName = DisplayName.ADDED
    feature_phone: bool = False

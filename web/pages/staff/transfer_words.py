"""What became of a fob that was sent to another branch, in words."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _l

from provisioning.store.queries.transfers import Fate
from web.wording import StateWords

FATES: Final[dict[Fate, StateWords]] = {
    Fate.ON_WAY: StateWords("progress", _l("移送中")),
    Fate.ARRIVED: StateWords("active", _l("受け取り済み")),
    Fate.CAME_BACK: StateWords("attention", _l("戻ってきた")),
    Fate.LOST: StateWords("danger", _l("紛失")),
}

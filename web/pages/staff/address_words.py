"""Why a mail address is shown in full, in words."""

from __future__ import annotations

from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from provisioning.jobs.show_address import ShowReason

REASONS: Final[dict[str, LazyString]] = {
    ShowReason.UNDELIVERED: _l("メールが届かないため、宛先を確かめる"),
    ShowReason.CUSTOMER_ASKS: _l("お客さまから、登録した宛先を尋ねられた"),
    ShowReason.IDENTITY_CHECK: _l("お客さまと、登録した宛先を照らし合わせる"),
    ShowReason.INQUIRY: _l("事故や不正の調査"),
}

"""受付番号: what customer and bank call an application or a transfer."""

from __future__ import annotations

import secrets
from datetime import datetime

from provisioning.rules.timetable import japan_day


def draw_receipt_number(now: datetime, digits: int) -> str:
    """The day in Japan, hyphen, `digits` random digits: 261120-048213. Another may have drawn the same."""
    day = japan_day(now).replace("-", "")[2:]
    return f"{day}-{secrets.randbelow(10**digits):0{digits}d}"

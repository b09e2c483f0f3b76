"""The institution of a storm: a next token at once, so that lives are short."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.fixtures.services import DUAL

STORMY: Final = replace(DUAL, id="stormy", service_id="10112256", reissue_next_day=False)

"""The one list of screen IDs. The manuals' own come first; ours have the same form.

Second and third letter tell the place: OP, OT, OK, OS are the manuals' (申請, トークン発行, 利用開始, 利用解除);
LG login, TP top, OH the hardware branch of BOT010, MP the mail password, TR transfers, CI customer information,
CM CS CR CL a company's administration, ER errors; S… the staff console.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l


class Screen(StrEnum):
    """ID printed at the top right of a screen."""

    CHOOSE_ACT = "BOP001"
    CHOOSE_KIND = "BOT010"
    SOFT_ENTRY = "BOT001"
    SOFT_CHECK = "BOT003"
    SOFT_DONE = "BOT002"
    ACTIVATE = "BOK001"
    ACTIVATED = "BOK002"
    RELEASE = "BOS001"
    RELEASED = "BOS002"
    # ours
    FRONT = "BTP000"
    CHOOSE_INSTITUTION = "BLG000"
    LOGIN = "BLG001"
    LOGIN_CODE = "BLG002"
    TOP = "BTP001"
    HARD_CHECK = "BOH001"
    HARD_DONE = "BOH002"
    MAIL_MISSING = "BOT004"
    SOFT_AGAIN = "BOT005"
    WAITING = "BOK003"
    # a company's own administration (管理)
    COMPANY_BUSINESS = "BCM001"
    COMPANY_WORK = "BCM002"
    COMPANY_LIFT = "BCS001"
    COMPANY_LIFTED = "BCS002"
    COMPANY_REVOKE = "BCR001"
    COMPANY_REVOKED = "BCR002"
    COMPANY_LOSS = "BCL001"
    COMPANY_LOST = "BCL002"
    MAIL_PASSWORD = "BMP001"
    MAIL_PASSWORD_CHECK = "BMP002"
    MAIL_PASSWORD_DONE = "BMP003"
    TRANSFER = "BTR001"
    TRANSFER_CHECK = "BTR002"
    TRANSFER_DONE = "BTR003"
    INFORMATION = "BCI001"
    INFORMATION_CHECK = "BCI002"
    INFORMATION_DONE = "BCI003"
    ERROR = "BER001"
    # the soft-token app's, whose words are in static/app/texts.js
    APP_SETUP = "BAP001"
    APP_DONE = "BAP002"
    APP_CODES = "BAP003"
    APP_EDIT = "BAP004"
    MANUAL = "BAP005"
    APP_NAME = "BAP006"
    DOWNLOAD = "BAP007"
    FEATURE_PHONE = "BAP008"
    APP_UNUSABLE = "BAP009"
    # the staff console's; its choice of a kind is BOT010 too
    STAFF_SIGN_IN = "SIN001"
    STAFF_FALLBACK = "SIN002"
    STAFF_WELCOME = "SIN003"
    STAFF_STEP_UP = "SIN004"
    STAFF_ACCOUNT = "SIN005"
    STAFF_NEW_PASSKEY = "SIN006"
    STAFF_PEOPLE = "SPE001"
    STAFF_PERSON = "SPE002"
    STAFF_WORK = "SWK001"
    STAFF_SEARCH = "SSR001"
    STAFF_CUSTOMER = "SCU001"
    STAFF_ACT = "SAC001"
    STAFF_SOFT_ENTRY = "SOT001"
    STAFF_SOFT_PASSWORD = "SOT002"
    STAFF_SOFT_BACK = "SOT003"
    STAFF_RESEND = "SOT004"
    STAFF_HARD = "SOH001"
    STAFF_PROGRAM = "SPR001"
    STAFF_PROGRAMS = "SPR002"
    STAFF_BATCHES = "SPB001"
    STAFF_BATCH = "SPB002"
    STAFF_END = "SEN001"
    STAFF_RESYNC = "SRS001"
    STAFF_STOCK = "SST001"
    STAFF_FOB = "SST002"
    STAFF_RANGE = "SST005"
    STAFF_LABELS = "SST006"
    STAFF_SLIPS = "SST007"
    STAFF_CLOSINGS = "SST003"
    STAFF_CLOSING = "SST004"
    STAFF_TRANSFERS = "SST008"
    STAFF_TRANSFER = "SST009"
    STAFF_PAPERS = "SPP001"
    STAFF_TAKE_PAPER = "SPP002"
    STAFF_PAPER = "SPP003"
    STAFF_APPROVALS = "SAP001"
    STAFF_APPROVAL = "SAP002"
    STAFF_STATIONS = "SDV001"
    STAFF_STATION = "SDV002"
    STAFF_MAILS = "SMA001"
    STAFF_ADDRESS = "SMA002"
    # the auditors'
    AUDIT = "SAU001"
    AUDIT_ENTRY = "SAU002"
    AUDIT_CUSTOMER = "SAU003"
    AUDIT_FOB = "SAU004"


@dataclass(frozen=True, slots=True)
class Steps:
    """A flow as the step indicator shows it: names in order."""

    names: tuple[LazyString, ...]


ISSUE_STEPS: Final = Steps((_l("情報入力"), _l("内容確認"), _l("完了")))
ONE_SITTING_STEPS: Final = Steps((_l("トークン発行"), _l("アプリの初期設定"), _l("認証確認")))
HARD_STEPS: Final = Steps((_l("内容確認"), _l("完了")))
ACTIVATE_STEPS: Final = Steps((_l("トークン確認"), _l("完了")))
CHANGE_STEPS: Final = Steps((_l("変更内容入力"), _l("入力内容確認"), _l("結果確認")))
TRANSFER_STEPS: Final = Steps((_l("振込内容入力"), _l("内容確認"), _l("完了")))
RELEASE_STEPS: Final = Steps((_l("利用解除確認"), _l("利用解除完了")))

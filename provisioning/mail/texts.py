"""The words of the mails, in both languages, following the parts of manual 003's mail in their order: greeting,
what to do, service ID and user ID, where the app is (the only links), contact, closing (R25). Several parts may
be in the institution's own words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provisioning.errors import BadInput, InputFault
from provisioning.rules.institution import Text

LANGUAGES: Final = ("ja", "en")
"""In which mails are written."""

APP_NAME: Final = Text(ja="ワンタイムパスワード", en="One-Time Password")
"""The soft-token app's name; its first part stands in its header and under its icon."""


@dataclass(frozen=True, slots=True)
class MailText:
    """Subject and body with `{names}` to be filled in."""

    subject: Text
    body: Text


TOKEN_ISSUED: Final = MailText(
    subject=Text(
        ja="【{institution}】トークン発行のご案内",
        en="[{institution}] Your token has been issued",
    ),
    body=Text(
        ja="""\
{greeting}

{what_to_do}
{setup_code_too}
サービスID: {service_id}
ユーザID: {user_id}
初期設定の期限: {expires}

{download}{notes}
利用開始パスワードは、このメールには書いておりません。当方からメールや電話でお尋ねすることもありません。
お申込みにお心当たりのない場合は、初期設定をせずに下記までお知らせください。

ご不明な点は、下記までお問い合わせください。
連絡先: {contact_name}
電話: {contact_phone}
{contact_hours}
{closing}
""",
        en="""\
{greeting}

{what_to_do}
{setup_code_too}
Service ID: {service_id}
User ID: {user_id}
Set up before: {expires}

{download}{notes}
The activation password is not in this mail, and we never ask for it by mail or telephone.
If you did not apply for this, please do not set anything up and let us know.

If you have any question, please get in touch with us.
Contact: {contact_name}
Telephone: {contact_phone}
{contact_hours}
{closing}
""",
    ),
)

GREETING: Final = Text(
    ja="いつも{institution}をご利用いただき、ありがとうございます。",
    en="Thank you for banking with {institution}.",
)

WHAT_TO_DO: Final = Text(
    ja="""\
ソフトウェアトークンを発行しました。
トークンアプリ「{app_name}」を開き、次のサービスIDとユーザID、
お申込みのときにお決めになった利用開始パスワードを入力して、初期設定をしてください。""",
    en="""\
Your soft token has been issued. Open the token app "{app_name}" and set it up with the service ID
and the user ID below and the activation password that you chose when you applied.""",
)

CLOSING: Final = Text(
    ja="これからも{institution}をよろしくお願いいたします。",
    en="We are glad to be of service to you.\n{institution}",
)

DOWNLOAD: Final = Text(
    ja="トークンアプリをまだお持ちでない方は、スマートフォンで次のアドレスを開いてください。\n{app_address}\n",
    en="If you do not have the token app yet, open this address on your phone.\n{app_address}\n",
)

DOWNLOADS: Final = Text(
    ja="""\
トークンアプリをまだお持ちでない方は、お使いの機種のアドレスを開いてください。
携帯の方: {app_address}download/feature-phone
スマートフォンの方: {app_address}
""",
    en="""\
If you do not have the token app yet, open the address for your kind of phone.
Feature phone: {app_address}download/feature-phone
Smartphone: {app_address}
""",
)
"""Where the institution's profile has a page for feature phones."""

SETUP_CODE_TOO: Final = Text(
    ja="""お申込みのあとの画面に表示された初期設定コードも入力してください。コードはこのメールには書いておりません。
""",
    en="""The app also asks for the set-up code that was shown to you after you applied. It is not in this mail.
""",
)
"""An extra line of the body where the institution has set-up codes (R20); never the code."""

CONTACT_HOURS: Final = Text(ja="受付時間: {hours}\n", en="Hours: {hours}\n")
"""An extra line of every body where the institution says when its telephone is answered."""


def read_language(text: str) -> str:
    """One of LANGUAGES. Raises BadInput."""
    if text not in LANGUAGES:
        raise BadInput("language", InputFault.NOT_OFFERED)
    return text

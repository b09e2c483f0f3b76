"""The words of notices (R45): what happened and when, whom to call in doubt. No link, no password; nobody's name
but where the manual has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.mail.texts import MailText
from provisioning.rules.institution import Text
from provisioning.rules.mail_kind import MailKind

FRAME: Final = Text(
    ja="""\
いつも{institution}をご利用いただき、ありがとうございます。

{what}
日時: {at}
{more}
お心当たりのない場合は、すぐに下記までご連絡ください。
連絡先: {contact_name}
電話: {contact_phone}
{contact_hours}
このメールにリンクはありません。パスワードをメールや電話でお尋ねすることもありません。

これからも{institution}をよろしくお願いいたします。
""",
    en="""\
Thank you for banking with {institution}.

{what}
When: {at}
{more}
If this was not you, please call us at once.
Contact: {contact_name}
Telephone: {contact_phone}
{contact_hours}
This mail has no link, and we never ask for passwords by mail or telephone.

We are glad to be of service to you.
{institution}
""",
)
"""What every notice says around its own sentence `{what}`; `{more}`: further lines, each with its line break."""

NOTICES: Final[Mapping[MailKind, MailText]] = {
    MailKind.TOKEN_ACTIVATED: MailText(
        Text(
            "【{institution}】ワンタイムパスワード利用開始のお知らせ",
            "[{institution}] One-time passwords are in use",
        ),
        Text(
            "ワンタイムパスワードの利用開始登録を受け付けました。",
            "Your token was put into use: we ask for its one-time passwords from now on.",
        ),
    ),
    MailKind.TOKEN_RELEASED: MailText(
        Text("【{institution}】ワンタイムパスワード利用解除のお知らせ", "[{institution}] Your token was released"),
        Text(
            "ワンタイムパスワードの利用解除を受け付けました。次回のログインから、ワンタイムパスワードの入力がなくなります。",
            "Your token was released at your wish. From the next login on no one-time password is asked for.",
        ),
    ),
    MailKind.TOKEN_REVOKED: MailText(
        Text("【{institution}】トークン失効のお知らせ", "[{institution}] Your token was revoked"),
        Text(
            "お使いのトークンを失効しました。このトークンのワンタイムパスワードは、もう使えません。",
            "Your token was revoked. Its one-time passwords do not count any more.",
        ),
    ),
    MailKind.TOKEN_LOST: MailText(
        Text("【{institution}】トークン紛失のお届けのお知らせ", "[{institution}] Your token was reported lost"),
        Text(
            "トークンの紛失のお届けを受け、すぐに失効しました。このトークンのワンタイムパスワードは、もう使えません。",
            "Your token was reported lost and ended at once. Its one-time passwords do not count any more.",
        ),
    ),
    MailKind.TOKEN_EXPIRED: MailText(
        Text("【{institution}】トークン期限切れのお知らせ", "[{institution}] Your token has expired"),
        Text(
            "トークンの期限が過ぎました。このトークンのワンタイムパスワードは、もう使えません。",
            "Your token has expired. Its one-time passwords do not count any more.",
        ),
    ),
    MailKind.TOKEN_SUSPENDED: MailText(
        Text(
            "【{institution}】ワンタイムパスワード利用停止のお知らせ", "[{institution}] Your token was suspended"
        ),
        Text(
            "ワンタイムパスワードの間違いが続いたため、利用を停止しました。解除するまで、ログインできません。",
            "Too many wrong one-time passwords suspended your token. Nobody can log in until we lift that.",
        ),
    ),
    MailKind.ADDRESS_CHANGED: MailText(
        Text("【{institution}】メールアドレス変更のお知らせ", "[{institution}] A mail address was changed"),
        Text(
            "ご登録のメールアドレスの変更を受け付けました。変更前と変更後のアドレスにお知らせしています。",
            "A mail address that you registered was changed. Both the old one and the new one are told.",
        ),
    ),
    MailKind.MAIL_PASSWORD_STARTED: MailText(
        Text(
            "【{institution}】メール通知パスワード利用開始のご案内", "[{institution}] Passwords by mail are in use"
        ),
        Text(
            "{name} 様\n\nメール通知パスワードの利用開始をうけつけましたので、ご連絡いたします。",
            "Dear {name},\n\nfrom now on you use passwords by mail, as you asked for.",
        ),
    ),
    MailKind.MAIL_PASSWORD_CHANGED: MailText(
        Text(
            "【{institution}】メール通知パスワード利用変更完了のお知らせ",
            "[{institution}] Passwords by mail were changed",
        ),
        Text(
            "メール通知パスワードの利用変更が完了しました。",
            "The change to your use of passwords by mail is done.",
        ),
    ),
}
"""Subject, and the sentence that tells what happened."""

LIMIT_LOWERED: Final = Text(
    ja="これにともない、振込・振替限度額を{limit}円に引き下げました。\n",
    en="With this your transfer limit was lowered to {limit} yen.\n",
)
MAIL_PASSWORD_OVER: Final = Text(
    ja="これにともない、メール通知パスワードのご利用を終わりました。\n",
    en="With this the use of passwords by mail has ended.\n",
)

MAIL_PASSWORD: Final = MailText(
    subject=Text(ja="【{institution}】メール通知パスワード", en="[{institution}] Your password by mail"),
    body=Text(
        ja="""\
いつも{institution}をご利用いただき、ありがとうございます。

メール通知パスワード: {code}

インターネットバンキングの画面に入力してください。
ログアウトするか、新しいメール通知パスワードが送られるまで使えます。

だれにも教えないでください。メールや電話でお尋ねすることはありません。このメールにリンクはありません。
お心当たりのない場合は、入力せずに、すぐに下記までご連絡ください。
連絡先: {contact_name}
電話: {contact_phone}
{contact_hours}
これからも{institution}をよろしくお願いいたします。
""",
        en="""\
Thank you for banking with {institution}.

Password by mail: {code}

Type it on the page of our internet banking.
It can be used until you log out or a newer one is sent.

Do not tell it to anybody; we never ask for it by mail or telephone. This mail has no link.
If you did not ask for it, please do not type it anywhere and call us at once.
Contact: {contact_name}
Telephone: {contact_phone}
{contact_hours}
We are glad to be of service to you.
{institution}
""",
    ),
)
"""The one mail that carries a password; it is drawn as the mail is sent."""

"""Which mail addresses are taken, and how they are written on the wire (R69)."""

from __future__ import annotations

import pytest

from provisioning.errors import BadInput, InputFault
from provisioning.mail.addresses import accept_address, on_the_wire

LISTED = ("docomo.ne.jp", "ezweb.ne.jp")


@pytest.mark.parametrize(
    ("typed", "kept", "wire"),
    [
        ("taro@mihon.example", "taro@mihon.example", "taro@mihon.example"),
        ("  taro@mihon.example　", "taro@mihon.example", "taro@mihon.example"),
        ("Taro.M+bank@MIHON.example", "Taro.M+bank@mihon.example", "Taro.M+bank@mihon.example"),
        ("taro@XN--wgv71a119e.jp", "taro@xn--wgv71a119e.jp", "taro@xn--wgv71a119e.jp"),
        ("taro@docomo.ne.jp", "taro@docomo.ne.jp", "taro@docomo.ne.jp"),
        ("ta..ro@docomo.ne.jp", "ta..ro@docomo.ne.jp", '"ta..ro"@docomo.ne.jp'),
        ("taro.@docomo.ne.jp", "taro.@docomo.ne.jp", '"taro."@docomo.ne.jp'),
        ("t-a._.r..o.@EZWEB.ne.jp", "t-a._.r..o.@ezweb.ne.jp", '"t-a._.r..o."@ezweb.ne.jp'),
    ],
)
def test_addresses_in_use_are_taken(typed: str, kept: str, wire: str) -> None:
    assert accept_address(typed, LISTED) == kept
    assert on_the_wire(kept) == wire


@pytest.mark.parametrize(
    "typed",
    [
        "ta..ro@mihon.example",
        "taro.@mihon.example",
        "taro.@sub.docomo.ne.jp",
        ".taro@docomo.ne.jp",
        "taro@docomo.ne.jp\nBcc: all@mihon.example",
        "taro@mihon.example\r\nBcc: all@mihon.example",
        "taro@mihon.example\n",
        "taro\x00@mihon.example",
        "taro@mihon.example, jiro@mihon.example",
        "<taro@mihon.example>",
        '"ta ro"@docomo.ne.jp',
        'a"b@docomo.ne.jp',
        "ｔａｒｏ@mihon.example",
        "太郎@mihon.example",
        "taro@見本.example",
        "taro",
        "taro@",
        "@mihon.example",
        "taro@localhost",
        f"{'a' * 65}@docomo.ne.jp",
        f"{'a' * 250}@mihon.example",
    ],
)
def test_everything_else_is_refused_naming_the_field(typed: str) -> None:
    with pytest.raises(BadInput) as caught:
        accept_address(typed, LISTED, "mail")
    assert (caught.value.field, caught.value.fault) == ("mail", InputFault.BAD_FORM)


def test_an_empty_address_is_missing_rather_than_wrong() -> None:
    with pytest.raises(BadInput) as caught:
        accept_address(" 　", LISTED)
    assert (caught.value.field, caught.value.fault) == ("mail_address", InputFault.MISSING)

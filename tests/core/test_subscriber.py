"""Who is one source: limits by source must neither be walked around nor shared by strangers."""

from __future__ import annotations

import pytest

from provisioning.rules.subscriber import subscriber


@pytest.mark.parametrize(
    ("address", "one"),
    [
        ("203.0.113.1", "203.0.113.1"),
        ("::ffff:203.0.113.1", "203.0.113.1"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"),
        ("2001:0DB8:0:2::1", "2001:db8:0:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_a_source_is_an_address_or_a_network(address: str, one: str) -> None:
    assert subscriber(address) == one

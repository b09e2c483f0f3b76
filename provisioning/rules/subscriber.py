"""From whom a request came, as far as its address tells: who has one IPv6 address has a network of them."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

_NETWORK_BITS: Final = 64


def subscriber(address: str) -> str:
    """An IPv4 address, or the /64 network of an IPv6 address; what is neither stays as it is.

    IPv4 in IPv6's clothes (`::ffff:203.0.113.1`, on sockets for both) is the IPv4 address, or else all of
    them together would be one.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), _NETWORK_BITS), strict=False))

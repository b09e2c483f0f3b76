"""Shamir's secret sharing over GF(256), byte by byte: any `needed` shares give the secret, fewer tell nothing.

A share is the value, at its number, of a polynomial for each byte whose constant term is the secret's byte and
whose other coefficients are random. The field is that of AES (x⁸ + x⁴ + x³ + x + 1).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Final

MOST: Final = 255
_POLYNOMIAL: Final = 0x11B
_BITS: Final = 8


def split(
    secret: bytes, needed: int, number: int, draw: Callable[[int], bytes] = secrets.token_bytes
) -> dict[int, bytes]:
    """Shares 1 to `number`. Raises ValueError where one share alone would be the secret, or there are too few."""
    if not 2 <= needed <= number <= MOST:
        raise ValueError(needed)
    coefficients = [secret, *(draw(len(secret)) for _ in range(needed - 1))]
    return {at: _value(coefficients, at) for at in range(1, number + 1)}


def join(shares: Mapping[int, bytes]) -> bytes:
    """What the shares have in common: the secret if they are enough and of one splitting, otherwise anything."""
    secret = bytes(len(next(iter(shares.values()))))
    for at, share in shares.items():
        weight = 1
        for other in shares:
            if other != at:
                weight = multiply(weight, divide(other, other ^ at))
        secret = bytes(whole ^ multiply(weight, part) for whole, part in zip(secret, share, strict=True))
    return secret


def multiply(left: int, right: int) -> int:
    """The product in the field, in the same number of steps whatever the operands are."""
    product = 0
    for _ in range(_BITS):
        product ^= left * (right & 1)
        left = (left << 1) ^ (_POLYNOMIAL * (left >> (_BITS - 1)))
        right >>= 1
    return product


def divide(left: int, right: int) -> int:
    """Left through right; a number that is not 0 has its 254th power as its inverse."""
    if not right:
        raise ZeroDivisionError
    inverse = 1
    for _ in range(254):
        inverse = multiply(inverse, right)
    return multiply(left, inverse)


def _value(coefficients: list[bytes], at: int) -> bytes:
    """Horner's rule, all bytes side by side."""
    value = bytes(len(coefficients[0]))
    for coefficient in reversed(coefficients):
        value = bytes(multiply(byte, at) ^ add for byte, add in zip(value, coefficient, strict=True))
    return value

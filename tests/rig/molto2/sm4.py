"""SM4 (GB/T 32907-2016), written from the standard: the station's cipher comes from OpenSSL, this one does not."""

from __future__ import annotations

from typing import Final

BLOCK_BYTES: Final = 16
_ROUNDS: Final = 32
_FIELD: Final = 0x1F5
_AFFINE_ROW: Final = 0xA7
_AFFINE_CONSTANT: Final = 0xD3
_FK: Final = (0xA3B1BAC6, 0x56AA3350, 0x677D9197, 0xB27022DC)
_CK: Final = tuple(int.from_bytes(bytes((4 * i + j) * 7 % 256 for j in range(4))) for i in range(_ROUNDS))


def _times(one: int, two: int) -> int:
    """In GF(2^8) modulo x^8 + x^7 + x^6 + x^5 + x^4 + x^2 + 1."""
    product = 0
    while two:
        product ^= one if two & 1 else 0
        one = one << 1 ^ (_FIELD if one & 0x80 else 0)
        two >>= 1
    return product


def _inverse(element: int) -> int:
    """element^254; 0 stays 0."""
    power, result = element, 1
    for _ in range(7):
        power = _times(power, power)
        result = _times(result, power)
    return result


def _affine(byte: int) -> int:
    rows = (_AFFINE_ROW << i | _AFFINE_ROW >> 8 - i for i in range(8))
    bits = sum(((row & byte & 0xFF).bit_count() & 1) << i for i, row in enumerate(rows))
    return bits ^ _AFFINE_CONSTANT


SBOX: Final = bytes(_affine(_inverse(_affine(byte))) for byte in range(256))
"""The substitution table, by its algebra: affine map, inverse, affine map."""


def _rotate(word: int, bits: int) -> int:
    return (word << bits | word >> 32 - bits) & 0xFFFFFFFF


def _substitute(word: int) -> int:
    return int.from_bytes(bytes(SBOX[byte] for byte in word.to_bytes(4)))


def _spread(word: int) -> int:
    return word ^ _rotate(word, 2) ^ _rotate(word, 10) ^ _rotate(word, 18) ^ _rotate(word, 24)


_SPREAD: Final = tuple(tuple(_spread(SBOX[byte] << shift) for byte in range(256)) for shift in (24, 16, 8, 0))
"""The linear map of each byte at each place: it is linear, so a word is the sum of its bytes."""


def _mix(word: int) -> int:
    first, second, third, fourth = _SPREAD
    return first[word >> 24] ^ second[word >> 16 & 0xFF] ^ third[word >> 8 & 0xFF] ^ fourth[word & 0xFF]


def _mix_key(word: int) -> int:
    word = _substitute(word)
    return word ^ _rotate(word, 13) ^ _rotate(word, 23)


def _words(block: bytes) -> list[int]:
    return [int.from_bytes(block[i : i + 4]) for i in range(0, BLOCK_BYTES, 4)]


class Sm4:
    """One key of 16 bytes."""

    def __init__(self, key: bytes) -> None:
        state = [word ^ constant for word, constant in zip(_words(key), _FK, strict=True)]
        self._round_keys = []
        for constant in _CK:
            word = state[0] ^ _mix_key(state[1] ^ state[2] ^ state[3] ^ constant)
            state = [*state[1:], word]
            self._round_keys.append(word)

    def encrypt_block(self, block: bytes) -> bytes:
        """One block of 16 bytes."""
        return self._run(block, self._round_keys)

    def decrypt_block(self, block: bytes) -> bytes:
        """The reverse."""
        return self._run(block, self._round_keys[::-1])

    def decrypt_ecb(self, data: bytes) -> bytes:
        """Whole blocks, each by itself."""
        blocks = (data[i : i + BLOCK_BYTES] for i in range(0, len(data), BLOCK_BYTES))
        return b"".join(map(self.decrypt_block, blocks))

    def last_cbc_block(self, data: bytes) -> bytes:
        """The last block of CBC from a zero vector over whole blocks: the raw MAC."""
        block = bytes(BLOCK_BYTES)
        for i in range(0, len(data), BLOCK_BYTES):
            mixed = bytes(a ^ b for a, b in zip(block, data[i : i + BLOCK_BYTES], strict=True))
            block = self.encrypt_block(mixed)
        return block

    @staticmethod
    def _run(block: bytes, keys: list[int]) -> bytes:
        state = _words(block)
        for key in keys:
            state = [*state[1:], state[0] ^ _mix(state[1] ^ state[2] ^ state[3] ^ key)]
        return b"".join(word.to_bytes(4) for word in reversed(state))

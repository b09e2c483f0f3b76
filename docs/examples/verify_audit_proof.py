"""Check what a bank hands out of kagiya's audit log, with none of its code: Python and `cryptography` do.

    python verify_audit_proof.py ORIGIN PUBLIC_KEY FILE

ORIGIN and PUBLIC_KEY (64 hexadecimal digits) come from the bank once, by another way than FILE does. FILE is a
proof of one entry (`kagiya audit prove`), of two checkpoints (`kagiya audit consistency`), or an archive (`kagiya
audit archive`). Exit code 0: it holds. The tree is that of RFC 9162, section 2.1; a checkpoint is a signed note.
"""

import json
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def node(left, right):
    return sha256(b"\x01" + left + right).digest()


def leaf(text):
    return sha256(b"\x00" + text.encode()).digest()


def checkpoint(note, origin, public_key):
    """Size and root that a signed note states."""
    body, _, signature = note.partition("\n\n")
    raw = b64decode(signature.split(" ")[2])
    Ed25519PublicKey.from_public_bytes(public_key).verify(raw[4:], f"{body}\n".encode())
    lines = body.split("\n")
    if lines[0] != origin:
        raise ValueError("a checkpoint of another log")
    return int(lines[1]), b64decode(lines[2])


def walk(at, last, hashes, start):
    """From the leaf or subtree `at` up (2.1.3.2, 2.1.4.2): the roots without and with what is right of it."""
    old = new = start
    for beside in hashes:
        if last == 0:
            raise ValueError("the path is too long")
        if at & 1 or at == last:
            old, new = node(beside, old), node(beside, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node(new, beside)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise ValueError("the path is too short")
    return old, new


def check_consistency(size, root, later_size, later_root, path):
    if not 0 < size <= later_size:
        raise ValueError("the older tree is larger, or empty")
    if size == later_size:
        holds = root == later_root and not path
    else:
        hashes = [root, *path] if size & (size - 1) == 0 else path
        at, last = size - 1, later_size - 1
        while at & 1:
            at, last = at >> 1, last >> 1
        holds = walk(at, last, hashes[1:], hashes[0]) == (root, later_root)
    if not holds:
        raise ValueError("the later tree does not begin with the older one")


def check_inclusion(proof, origin, public_key):
    size, root = checkpoint(proof["checkpoint"], origin, public_key)
    path = [b64decode(one) for one in proof["path"]]
    index = proof["leaf_index"]
    if not 0 <= index < size or walk(index, size - 1, path, leaf(proof["leaf"]))[1] != root:
        raise ValueError("the entry is not in the log that was signed")
    return proof["leaf"]


def check_archive(header, lines, origin, public_key):
    peaks, size = [b64decode(one) for one in header["before"]], header["first"]
    for line in lines:
        top, index = leaf(line.rstrip("\n")), size
        while index & 1:
            top, index = node(peaks.pop(), top), index >> 1
        peaks.append(top)
        size += 1
    root = peaks.pop()
    while peaks:
        root = node(peaks.pop(), root)
    later = checkpoint(header["checkpoint"], origin, public_key)
    check_consistency(size, root, *later, [b64decode(one) for one in header["path"]])
    return f"entries {header['first']} to {size - 1} are as they were signed"


def main(origin, public_key, file):
    key = bytes.fromhex(public_key)
    with Path(file).open(encoding="utf-8") as stream:
        proof = json.loads(stream.readline())
        if proof["form"] == "kagiya-audit-inclusion-1":
            return check_inclusion(proof, origin, key)
        if proof["form"] == "kagiya-audit-archive-1":
            return check_archive(proof, stream, origin, key)
    older, newer = (checkpoint(proof[name], origin, key) for name in ("older", "newer"))
    check_consistency(*older, *newer, [b64decode(one) for one in proof["path"]])
    return f"the log of {newer[0]} entries begins with that of {older[0]}"


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{main(*sys.argv[1:4])}\n")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, InvalidSignature) as error:
        sys.exit(f"not proved: {error or 'nobody with this key signed it'}")

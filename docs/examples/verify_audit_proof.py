"""Check what a bank hands out of kagiya's audit log, with none of its code: Python and `cryptography` do.

    python verify_audit_proof.py ORIGIN PUBLIC_KEY FILE

ORIGIN and PUBLIC_KEY (64 hexadecimal digits) come from the bank once, by another way than FILE does. FILE is what
`kagiya audit prove`, `consistency` or `archive` wrote: a proof of one entry, of two checkpoints, or an archive.
Exit code 0: it holds. The tree is that of RFC 9162, section 2.1; a checkpoint is a signed note.
"""

import json
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def digest(*parts):
    return sha256(b"".join(parts)).digest()


def checkpoint(note, origin, public_key):
    body, _, signature = note.partition("\n\n")
    signed = b64decode(signature.split(" ")[2])[4:]
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(signed, f"{body}\n".encode())
    log, size, root, *_ = body.split("\n")
    if log != origin:
        raise ValueError("a checkpoint of another log")
    return int(size), b64decode(root)


def walk(at, last, hashes, start):
    """From the leaf or subtree `at` up (2.1.3.2, 2.1.4.2): the roots without and with what is right of it."""
    old = new = start
    for beside in hashes:
        if last == 0:
            return None, None
        if at & 1 or at == last:
            old, new = digest(b"\x01", beside, old), digest(b"\x01", beside, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = digest(b"\x01", new, beside)
        at, last = at >> 1, last >> 1
    return (old, new) if last == 0 else (None, None)


def check_consistency(size, root, later_size, later_root, path):
    if not 0 < size <= later_size or (size == later_size and (root, path) != (later_root, [])):
        raise ValueError("the older tree is larger, empty or another one")
    if size < later_size:
        hashes = [root, *path] if size & (size - 1) == 0 else path
        at, last = size - 1, later_size - 1
        while at & 1:
            at, last = at >> 1, last >> 1
        if walk(at, last, hashes[1:], hashes[0]) != (root, later_root):
            raise ValueError("the later tree does not begin with the older one")


def check_inclusion(proof, origin, public_key):
    size, root = checkpoint(proof["checkpoint"], origin, public_key)
    path, index = [*map(b64decode, proof["path"])], proof["leaf_index"]
    if not 0 <= index < size or walk(index, size - 1, path, digest(b"\x00", proof["leaf"].encode()))[1] != root:
        raise ValueError("the entry is not in the log that was signed")
    return proof["leaf"]


def check_archive(header, lines, origin, public_key):
    peaks, size = [*map(b64decode, header["before"])], header["first"]
    for size, line in enumerate(lines, header["first"] + 1):
        top, index = digest(b"\x00", line.rstrip("\n").encode()), size - 1
        while index & 1:
            top, index = digest(b"\x01", peaks.pop(), top), index >> 1
        peaks.append(top)
    while len(peaks) > 1:
        peaks[-2:] = [digest(b"\x01", *peaks[-2:])]
    later = checkpoint(header["checkpoint"], origin, public_key)
    check_consistency(size, peaks[0], *later, [*map(b64decode, header["path"])])
    return f"entries {header['first']} to {size - 1} are as they were signed"


def main(origin, public_key, file):
    with Path(file).open(encoding="utf-8") as stream:
        proof = json.loads(stream.readline())
        if proof["form"] == "kagiya-audit-inclusion-1":
            return check_inclusion(proof, origin, public_key)
        if proof["form"] == "kagiya-audit-archive-1":
            return check_archive(proof, stream, origin, public_key)
    older, newer = (checkpoint(proof[name], origin, public_key) for name in ("older", "newer"))
    check_consistency(*older, *newer, [*map(b64decode, proof["path"])])
    return f"the log of {newer[0]} entries begins with that of {older[0]}"


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{main(*sys.argv[1:4])}\n")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, InvalidSignature) as error:
        sys.exit(f"not proved: {error or 'nobody with this key signed it'}")

"""Secret files: one secret each, readable by their owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from provisioning.errors import SettingsInvalid

KEY_BYTES: Final = 32
# 32 random bytes have 30 different values on average; fewer than 12 is an example key, not a key
_FEWEST_VALUES: Final = 12
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def read_secret(settings_file: str, key: str, path: Path, if_missing: str = "") -> str:
    """The text of a secret file without its line end; `if_missing` tells how to mend that there is none.

    Raises SettingsInvalid (for `key` of `settings_file`; never holding the content) if the file cannot be
    read, is empty, or may be used by its group or by others.
    """
    try:
        with path.open(encoding="ascii") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            text = stream.read().strip()
    except OSError as error:
        mend = if_missing if isinstance(error, FileNotFoundError) else ""
        raise SettingsInvalid(settings_file, key, f"{path} cannot be read: {error.strerror}", mend) from None
    except UnicodeDecodeError:
        raise SettingsInvalid(settings_file, key, f"{path} is not ASCII text") from None
    if mode & _OTHERS:
        mend = f"chmod 600 {path}"
        raise SettingsInvalid(settings_file, key, f"{path} may be used by others ({stat.filemode(mode)})", mend)
    if not text:
        raise SettingsInvalid(settings_file, key, f"{path} is empty")
    return text


def read_private(path: Path) -> bytes:
    """A file that is its owner's alone, as it is. Raises SettingsInvalid, never holding the content."""
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            content = stream.read()
    except OSError as error:
        raise SettingsInvalid(str(path), "(file)", f"cannot be read: {error.strerror}") from None
    if mode & _OTHERS:
        problem = f"may be used by others ({stat.filemode(mode)})"
        raise SettingsInvalid(str(path), "(file)", problem, f"chmod 600 {path}")
    return content


def read_key(settings_file: str, key: str, path: Path) -> bytes:
    """A 32-byte key from 64 hexadecimal digits. Raises SettingsInvalid as `read_secret` does."""
    return _decode(settings_file, key, path, read_secret(settings_file, key, path))


def read_public_key(settings_file: str, key: str, path: Path, lengths: tuple[int, ...] = (KEY_BYTES,)) -> bytes:
    """A public key of one of `lengths` in hexadecimal; anybody may read it, and its owner alone may change it.

    Whoever exchanges it reads every seed that is sealed from then on. Raises SettingsInvalid.
    """
    try:
        with path.open(encoding="ascii") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            text = stream.read().strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsInvalid(settings_file, key, f"{path} cannot be read") from None
    if mode & _OTHERS_WRITE:
        mend = f"chmod 644 {path}"
        raise SettingsInvalid(settings_file, key, f"{path} may be changed by others ({stat.filemode(mode)})", mend)
    return _decode(settings_file, key, path, text, lengths)


def write_secret(path: Path, text: str) -> None:
    """Write a new secret file for its owner alone. Raises FileExistsError; a key is never overwritten."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def _decode(settings_file: str, key: str, path: Path, text: str, lengths: tuple[int, ...] = (KEY_BYTES,)) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) not in lengths:
        digits = " or ".join(str(2 * length) for length in lengths)
        raise SettingsInvalid(settings_file, key, f"{path} does not hold {digits} hexadecimal digits")
    if len(set(value)) < _FEWEST_VALUES:
        mend = "Make keys with `kagiya key make`."
        raise SettingsInvalid(settings_file, key, f"{path} holds no random key", mend)
    return value

"""A directory of keys of one purpose: files by key id, and which of them is in force.

`ID.key` is a secret in a file, `current` holds the id of what is in force from now on, `rotating` that of the key
to which a rotation leads. A running process sees a new `current` by itself: a rotation needs no restart. Whoever
can change these files reads what is sealed from then on.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Final, NoReturn

from provisioning.errors import SettingsInvalid
from provisioning.secret_files import read_key, write_secret
from provisioning.store.disk import flush_directory

ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_FRESH: Final = re.compile(r"\.[0-9a-f]{16}")
_COUNTED: Final = re.compile(r"(.*?)([0-9]+)")


class NamedKeys(ABC):
    """One directory; `settings_file` is what errors name. Raises SettingsInvalid for what cannot be used."""

    SETTING: ClassVar[str]
    """What names the directory."""
    LISTED: ClassVar[str]
    """The ending of the file that every key has; it is written last."""

    def __init__(self, directory: Path, settings_file: str = "settings") -> None:
        self.directory = directory
        self._file = settings_file
        self._seen: tuple[object, str] = (None, "")

    @abstractmethod
    def read(self, key_id: str) -> bytes:
        """What is sealed with under this key."""

    def current(self) -> str:
        """The id of the key in force; read again when the file was replaced."""
        file = self.directory / "current"
        try:
            found = file.stat()
            look = (found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode)
            if self._seen[0] != look:
                self._seen = (look, self._read_current(file, found.st_mode))
        except OSError as error:
            self._fail(f"{file} cannot be read: {error.strerror}", "Make keys with `kagiya key make`.")
        return self._seen[1]

    def in_force_since(self) -> float:
        """When `current` was written, in seconds of the epoch."""
        return (self.directory / "current").stat().st_mtime

    def private(self, key_id: str) -> bytes:
        """The 32 bytes of `ID.key`."""
        return read_key(self._file, self.SETTING, self._named(key_id, "key"))

    def holds_private(self, key_id: str) -> bool:
        """Whether there is a file of it."""
        return self._named(key_id, "key").exists()

    def ids(self) -> list[str]:
        """Every key that is here."""
        return sorted(file.stem for file in self.directory.glob(f"*.{self.LISTED}") if ID.fullmatch(file.stem))

    def next_id(self) -> str:
        """What the next key may be called: the current name counted on, or with a number."""
        name, taken = self.current(), {file.stem for file in self.directory.iterdir()}
        counted = _COUNTED.fullmatch(name)
        stem, number = (counted[1], int(counted[2])) if counted else (f"{name}-", 1)
        while True:
            number += 1
            if f"{stem}{number}" not in taken:
                return f"{stem}{number}"

    def write_private(self, key_id: str, private: bytes) -> Path:
        """A new file: whole, or not at all. Raises FileExistsError."""
        file, fresh = self._named(key_id, "key"), self._fresh()
        write_secret(fresh, private.hex())
        try:
            os.link(fresh, file)
        finally:
            fresh.unlink()
        flush_directory(self.directory)
        return file

    def put_in_force(self, key_id: str) -> Path:
        """From now on this key is sealed under."""
        self.read(key_id)
        file = self.directory / "current"
        self._replace(file, key_id)
        return file

    def target(self) -> str | None:
        """The key that a rotation which was not finished leads to."""
        file = self.directory / "rotating"
        return file.read_text(encoding="ascii").strip() if file.exists() else None

    def set_target(self, key_id: str | None) -> None:
        """Write down where a rotation leads to, before it begins; None when it is done."""
        file = self.directory / "rotating"
        if key_id is None:
            file.unlink(missing_ok=True)
        else:
            self._named(key_id, self.LISTED)
            self._replace(file, key_id)

    def remove(self, key_id: str) -> None:
        """Take its files away; the private one first."""
        for ending in ("key", "pub"):
            self._named(key_id, ending).unlink(missing_ok=True)
        self.sweep()
        flush_directory(self.directory)

    def sweep(self) -> None:
        """Take away what a process that was ended while it wrote has left; for whoever alone writes here."""
        for left in self.directory.glob(".*"):
            if _FRESH.fullmatch(left.name):
                left.unlink(missing_ok=True)

    def _read_current(self, file: Path, mode: int) -> str:
        for path, bits in ((file, mode), (self.directory, self.directory.stat().st_mode)):
            if bits & (stat.S_IWGRP | stat.S_IWOTH):
                self._fail(f"{path} may be changed by others ({stat.filemode(bits)})", f"chmod go-w {path}")
        key_id = file.read_text(encoding="ascii", errors="replace").strip()
        self._named(key_id, self.LISTED)
        return key_id

    def _named(self, key_id: str, ending: str) -> Path:
        if not ID.fullmatch(key_id):
            self._fail(f"{self.directory} has no key by such a name", "Letters, digits and . _ - only.")
        return self.directory / f"{key_id}.{ending}"

    def _fail(self, problem: str, mend: str) -> NoReturn:
        raise SettingsInvalid(self._file, self.SETTING, problem, mend)

    def _replace(self, file: Path, text: str) -> None:
        """In one step: whoever reads sees the old file or the new one, also after the power failed."""
        fresh = self._fresh()
        with fresh.open("x", encoding="ascii") as stream:
            stream.write(text + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        fresh.chmod(0o644)
        fresh.replace(file)
        flush_directory(self.directory)

    def _replace_secret(self, file: Path, text: str) -> None:
        """The same with a file that is its owner's alone."""
        fresh = self._fresh()
        write_secret(fresh, text)
        fresh.replace(file)
        flush_directory(self.directory)

    def _fresh(self) -> Path:
        return self.directory / f".{secrets.token_hex(8)}"

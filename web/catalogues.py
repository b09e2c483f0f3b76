"""English for every Japanese sentence: which sentences there are, which lack English, and compiling.

    python -m web.catalogues missing     entries still to be written, in the catalogue's own form
    python -m web.catalogues compile     .po to .mo, as `make setup` does

Sentences stand in Python as `_("…")` or `_l("…")` and in templates as `_("…")`; where one Japanese word has two
English ones, as `lazy_pgettext("button", "…")` with a `msgctxt`. Write each English entry into
`translations/AREA/en/LC_MESSAGES/messages.po`; an area is one part of the pages.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

WEB: Final = Path(__file__).parent
_MARK: Final = "\x04"  # gettext's own between context and sentence
_METHODS: Final = [("**/__pycache__/**", "ignore"), ("**.py", "python"), ("templates/**.html", "jinja2")]
_OPTIONS: Final = {"templates/**.html": {"extensions": "jinja2.ext.i18n", "silent": "false", "trimmed": "true"}}
_KEYWORDS: Final = {
    "_": None,
    "_l": None,
    "gettext": None,
    "ngettext": (1, 2),
    "lazy_gettext": None,
    "lazy_pgettext": ((1, "c"), 2),
}


def used() -> dict[str, str]:
    """Every sentence in code and templates, with one place where it is used."""
    found: dict[str, str] = {}
    for file, line, message, _, context in extract_from_dir(WEB, _METHODS, _OPTIONS, _KEYWORDS):
        sentence = message if isinstance(message, str) else message[0]
        found.setdefault(_in_context(sentence, context), f"web/{file}:{line}")
    return found


def catalogues() -> Iterator[tuple[Path, Catalog]]:
    """Every English catalogue with its file."""
    for file in sorted((WEB / "translations").glob("*/en/LC_MESSAGES/messages.po")):
        yield file, read_po(BytesIO(file.read_bytes()), locale="en", abort_invalid=True)


def translated() -> set[str]:
    """Sentences that have an English text."""
    entries = [message for _, catalogue in catalogues() for message in catalogue]
    return {key(message) for message in entries if message.id and message.string}


def key(message: Message) -> str:
    """The Japanese sentence an entry is found by, with its context where it has one."""
    return _in_context(message.id if isinstance(message.id, str) else message.id[0], message.context)


def _in_context(sentence: str, context: str | None) -> str:
    return f"{context}{_MARK}{sentence}" if context else sentence


def missing() -> dict[str, str]:
    """Sentences without English, with the place where each is used."""
    known = translated()
    return {sentence: place for sentence, place in used().items() if sentence not in known}


def compile_all() -> None:
    """Write the .mo beside every .po that is newer or has none."""
    for file, catalogue in catalogues():
        target = file.with_suffix(".mo")
        buffer = BytesIO()
        write_mo(buffer, catalogue)
        if not target.exists() or target.read_bytes() != buffer.getvalue():
            target.write_bytes(buffer.getvalue())


def _print_missing() -> None:
    catalogue = Catalog(locale="en", header_comment="")
    for marked, place in missing().items():
        file, _, line = place.rpartition(":")
        context, _, sentence = marked.rpartition(_MARK)
        catalogue.add(sentence, "", locations=[(file, int(line))], context=context or None)
    write_po(sys.stdout.buffer, catalogue, omit_header=True, width=0)


if __name__ == "__main__":
    if sys.argv[1:] == ["compile"]:
        compile_all()
    elif sys.argv[1:] == ["missing"]:
        _print_missing()
    else:
        sys.exit("usage: python -m web.catalogues missing | compile")

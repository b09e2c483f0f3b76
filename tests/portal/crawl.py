"""Somebody who follows every link that they are shown, and finds the forms on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.portal.visitor import Form, Visitor

_ID: Final = re.compile(r"/[0-9a-f]{32}")
_LEFT_ALONE: Final = re.compile(r"sign-out|/language$")
_NO_PAGE: Final = re.compile(r"sign-out|\.(svg|csv|txt)$|/app/|/language/|^(mailto|tel):|^#")
_MOST_PAGES: Final = 60


@dataclass(frozen=True)
class Met:
    """A form, and the page it stands on."""

    page: str
    form: Form

    @property
    def kind(self) -> str:
        """Its address without the ids in it."""
        return kind_of(self.form.action)


def kind_of(address: str) -> str:
    """An address without the ids in it."""
    return _ID.sub("/…", address)


def pages_met(browser: Visitor, *starts: str) -> Iterator[str]:
    """One page of each kind that links lead to; the browser is there when it is given."""
    todo, seen = list(starts), {kind_of(start) for start in starts}
    while todo and len(seen) < _MOST_PAGES:
        page = todo.pop(0)
        browser.get(page)
        if browser.page.status_code != 200:
            continue
        links = [link for link in browser.links if link.startswith("/") and not _NO_PAGE.search(link)]
        yield page
        for link in links:
            if kind_of(link) not in seen:
                seen.add(kind_of(link))
                todo.append(link)


def forms_met(browser: Visitor, *starts: str) -> Iterator[Met]:
    """One form of each kind on these pages."""
    kinds = set()
    for page in pages_met(browser, *starts):
        for form in list(browser.forms):
            met = Met(page, form)
            wanted = form.posts and form.action.startswith("/") and not _LEFT_ALONE.search(form.action)
            if wanted and met.kind not in kinds:
                kinds.add(met.kind)
                yield met
                browser.get(page)

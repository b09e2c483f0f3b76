"""Somebody with a browser, without the browser: follows links, fills in forms, keeps cookies."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from flask import Flask
from werkzeug.test import TestResponse

BASE = "https://localhost"


@dataclass
class Form:
    """One form as it stands on a page: where it goes and what it carries unseen."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    posts: bool = True


class _Reader(HTMLParser):
    """Collects forms, links, the words of the page and its screen ID."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self._textarea = ""
        self._goes_on = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), posts=values.get("method", "").lower() == "post"))
        elif tag == "input" and self.forms and values.get("name"):
            self.forms[-1].fields[values["name"]] = values.get("value", "")
        elif tag == "textarea" and self.forms:
            self._textarea = values["name"]
            self.forms[-1].fields[self._textarea] = ""
        elif tag == "a" and "href" in values:
            self.links.append(values["href"])
        self._goes_on = tag == "wbr"

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.forms[-1].fields[self._textarea] += data
        if data.strip() and self._goes_on:
            self.words[-1] += data.strip()
        elif data.strip():
            self.words.append(data.strip())


class Visitor:
    """One browser. `page` is the last answer after redirects, `path` where it is."""

    def __init__(self, app: Flask, base: str = BASE) -> None:
        self.base = base
        self.client = app.test_client()
        self.path = "/"
        self.page: TestResponse
        self.answer: TestResponse
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.text = ""

    def get(self, path: str) -> Visitor:
        """Open a page."""
        return self._follow(self.client.get(path, base_url=self.base, headers=self._headers()))

    def submit(self, action: str, **typed: str) -> Visitor:
        """Fill in the form that goes to `action` and send it."""
        form = next(form for form in self.forms if form.action == action)
        return self.post(action, form.fields | typed)

    def post(self, path: str, fields: dict[str, str]) -> Visitor:
        """Send exactly these fields."""
        return self._follow(self.client.post(path, data=fields, base_url=self.base, headers=self._headers()))

    def form(self, action: str) -> dict[str, str]:
        """What the form that goes to `action` carries."""
        return dict(next(form for form in self.forms if form.action == action).fields)

    def _headers(self) -> dict[str, str]:
        return {"Referer": urljoin(self.base, self.path)}

    def _follow(self, answer: TestResponse) -> Visitor:
        self.answer = answer
        path = answer.request.path
        for _ in range(5):
            if answer.status_code not in (302, 303):
                break
            path = urlsplit(answer.headers["Location"]).path
            query = urlsplit(answer.headers["Location"]).query
            answer = self.client.get(path, query_string=query, base_url=self.base, headers=self._headers())
        self.page, self.path = answer, path
        self._read()
        return self

    def _read(self) -> None:
        reader = _Reader()
        reader.feed(self.page.text)
        self.forms, self.links = reader.forms, reader.links
        self.text = " ".join(reader.words)

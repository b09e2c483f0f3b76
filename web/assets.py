"""Addresses of static files that name their content, so that a browser may keep them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from flask import Flask, url_for


def set_up_assets(app: Flask) -> None:
    """`asset("css/kagiya.css")` for templates."""
    stamps: dict[str, tuple[float, str]] = {}

    def asset(path: str) -> str:
        """Address of a static file with a digest of its content."""
        file = Path(app.static_folder or "") / path
        changed = file.stat().st_mtime
        if path not in stamps or stamps[path][0] != changed:
            stamps[path] = (changed, sha256(file.read_bytes()).hexdigest()[:12])
        return url_for("static", filename=path, v=stamps[path][1])

    app.jinja_env.globals["asset"] = asset

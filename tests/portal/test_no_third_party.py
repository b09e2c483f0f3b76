"""Pages ask nobody but their own server for anything."""

from __future__ import annotations

import re
from pathlib import Path

import web

ADDRESS = re.compile(r"""(?:src|href|url|from|import)\s*[=(]?\s*["']?(?:https?:)?//[^"')\s]+""")


def test_templates_styles_and_scripts_name_no_other_server() -> None:
    folder = Path(web.__file__).parent
    files = [file for kind in ("*.html", "*.css", "*.js", "*.svg") for file in folder.rglob(kind)]
    assert files
    for file in files:
        assert ADDRESS.findall(file.read_text()) == [], file

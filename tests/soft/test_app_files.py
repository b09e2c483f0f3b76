"""The app's files: small in all, kept offline in all, screens in the one list, words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

from web.screens import Screen

FILES = Path(__file__).parents[2] / "web" / "static" / "app"
MODULES = {file.name: file.read_text(encoding="utf-8") for file in sorted(FILES.glob("*.js"))}


def test_all_modules_together_are_light() -> None:
    assert sum(len(text.encode()) for text in MODULES.values()) <= 30_000


def test_every_file_is_kept_for_offline_use() -> None:
    worker = MODULES["sw.js"]
    kept = {f"{name}.js" for name in re.findall(r'"(\w+)"', worker.split("MODULES = [")[1].split("]")[0])}
    assert kept == MODULES.keys() - {"sw.js"}
    others = {file.name for file in FILES.iterdir() if file.suffix not in (".js", ".png")}
    assert all(f'"{name}"' in worker for name in others)


def test_the_screens_stand_in_the_one_list() -> None:
    shown = {screen for text in MODULES.values() for screen in re.findall(r'show\("(\w+)"', text)}
    assert shown == {screen.value for screen in Screen if screen.name.startswith("APP_")}


def test_the_time_is_asked_for_in_one_place_only() -> None:
    asking = {name for name, text in MODULES.items() if re.search(r"Date\.now|new Date|performance\.now", text)}
    assert asking == {"clock.js"}


def test_every_word_stands_in_both_languages_and_is_used() -> None:
    words = {
        name: (japanese, english)
        for name, japanese, english in re.findall(
            r'^  (\w+): \["(.+)",\s+"(.+)"\],$', MODULES["texts.js"], re.MULTILINE
        )
    }
    assert len(words) == len(re.findall(r"^  \w+: ", MODULES["texts.js"].split("};")[0], re.MULTILINE)) > 50
    for japanese, english in words.values():
        assert set(re.findall(r"\{\w+\}", japanese)) == set(re.findall(r"\{\w+\}", english))
    code = "".join(text for name, text in MODULES.items() if name != "texts.js")
    indirect = {f"{name}Hint" for name in ("serviceId", "userId", "password", "setupCode", "name")}
    unused = {name for name in words if f'"{name}"' not in code} - indirect
    assert unused == set()


def test_no_module_makes_markup_of_text_or_evaluates_it() -> None:
    dangerous = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(|localStorage"
    )
    assert {name for name, text in MODULES.items() if dangerous.search(text)} == set()

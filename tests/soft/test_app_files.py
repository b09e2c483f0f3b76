"""The app's files: no screen loads many, all kept offline, screens in the one list, words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

from web.screens import Screen

FILES = Path(__file__).parents[2] / "web" / "static" / "app"
MODULES = {file.name: file.read_text(encoding="utf-8") for file in sorted(FILES.glob("*.js"))}


def test_no_screen_loads_more_than_thirty_kilobytes() -> None:
    # the worst case of each screen: what it imports from the start, itself, and the longer language
    words = max(("ja.js", "en.js"), key=lambda name: len(MODULES[name].encode()))
    for screen in ("entry.js", "after.js", "codes.js", "edit.js"):
        loaded = with_imports("main.js") | with_imports(screen) | {words}
        assert sum(len(MODULES[name].encode()) for name in loaded) <= 30_000, screen


def with_imports(name: str) -> set[str]:
    """A module and what it imports when it is loaded."""
    found = {name}
    for imported in re.findall(r'^import .* from "\./(\w+\.js)";$', MODULES[name], re.MULTILINE):
        found |= with_imports(imported)
    return found


def test_every_module_is_loaded_by_some_screen() -> None:
    later = {name for text in MODULES.values() for name in re.findall(r'import\("\./(\w+\.js)"\)', text)}
    loaded = set().union(*(with_imports(name) for name in {"main.js"} | later))
    assert loaded | {"ja.js", "en.js", "sw.js"} == MODULES.keys()


def test_the_screens_stand_in_the_one_list() -> None:
    shown = {screen for text in MODULES.values() for screen in re.findall(r'show\("(\w+)"', text)}
    assert shown == {screen.value for screen in Screen if screen.name.startswith("APP_")}


def test_the_time_is_asked_for_in_one_place_only() -> None:
    asking = {name for name, text in MODULES.items() if re.search(r"Date\.now|new Date|performance\.now", text)}
    assert asking == {"clock.js"}


def words(language: str) -> dict[str, str]:
    found = dict(re.findall(r'^  (\w+): "(.+)",$', MODULES[f"{language}.js"], re.MULTILINE))
    assert len(found) == len(re.findall(r"^  \w+: ", MODULES[f"{language}.js"], re.MULTILINE)) > 50
    return found


def test_every_word_stands_in_both_languages_and_is_used() -> None:
    japanese, english = words("ja"), words("en")
    assert japanese.keys() == english.keys()
    for name, text in japanese.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[name]))
    code = "".join(text for name, text in MODULES.items() if name not in ("ja.js", "en.js"))
    indirect = {f"{name}Hint" for name in ("serviceId", "userId", "password", "setupCode", "name", "addition")}
    unused = {name for name in japanese if f'"{name}"' not in code} - indirect
    assert unused == set()


def test_no_module_makes_markup_of_text_or_evaluates_it() -> None:
    dangerous = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(|localStorage"
    )
    assert {name for name, text in MODULES.items() if dangerous.search(text)} == set()

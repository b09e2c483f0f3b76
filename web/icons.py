"""Small pictures beside words, drawn in the text's colour; hidden from screen readers, who have the words."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

_SHAPES: Final = {
    "error": '<path d="M12 2 1.5 21h21L12 2Z"/><path d="M12 9v6m0 2.5v.5"/>',
    "warning": '<path d="M12 2 1.5 21h21L12 2Z"/><path d="M12 9v6m0 2.5v.5"/>',
    "done": '<circle cx="12" cy="12" r="10"/><path d="m7 12.5 3.5 3.5L17 9"/>',
    "info": '<circle cx="12" cy="12" r="10"/><path d="M12 11v6m0-10v.5"/>',
}


def icon(name: str) -> Markup:
    """An inline SVG of 24 units; sized by the class `notice__icon`."""
    shape = _SHAPES[name]
    drawing = (
        '<svg class="notice__icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
        f'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">{shape}</svg>'
    )
    return Markup(drawing)  # noqa: S704 - made of the constants above

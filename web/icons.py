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


_PICTURES: Final = {
    "phone": '<rect x="98" y="10" width="64" height="112" rx="10" fill="#fff" stroke="#00118f" stroke-width="3"/>'
    '<path d="M122 18h16" stroke="#00118f" stroke-width="3"/><rect x="108" y="30" width="44" height="8" rx="4" '
    'fill="#9db7f9"/><text x="130" y="68" font-size="17" font-weight="700" text-anchor="middle" fill="#00118f" '
    'font-family="monospace">4821</text><text x="130" y="88" font-size="17" font-weight="700" '
    'text-anchor="middle" fill="#00118f" font-family="monospace">0937</text><rect x="112" y="100" width="36" '
    'height="5" rx="2.5" fill="#c5d7fb"/><rect x="112" y="100" width="22" height="5" rx="2.5" fill="#0017c1"/>',
    "fob": '<circle cx="62" cy="64" r="18" fill="none" stroke="#00118f" stroke-width="3"/><path d="M80 64h14" '
    'stroke="#00118f" stroke-width="3"/><rect x="94" y="34" width="118" height="60" rx="30" fill="#fff" '
    'stroke="#00118f" stroke-width="3"/><rect x="112" y="48" width="68" height="32" rx="4" fill="#d9e6ff"/>'
    '<text x="146" y="69" font-size="14" font-weight="700" text-anchor="middle" fill="#00118f" '
    'font-family="monospace">48210937</text><circle cx="195" cy="64" r="7" fill="#0017c1"/>',
}


def picture(name: str) -> Markup:
    """A drawing of a token for the large choices of BOT010: `phone` or `fob`."""
    drawing = (
        '<svg class="choices__picture" viewBox="0 0 260 132" role="presentation" aria-hidden="true" '
        f'focusable="false">{_PICTURES[name]}</svg>'
    )
    return Markup(drawing)  # noqa: S704 - made of the constants above

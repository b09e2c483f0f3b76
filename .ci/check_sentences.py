"""Fails if a Japanese sentence of the pages has no English in the catalogues."""

import sys

from web.catalogues import missing

without_english = missing()
for sentence, place in without_english.items():
    sys.stdout.write(f"{place}: no English for: {sentence}\n")
sys.exit(1 if without_english else 0)

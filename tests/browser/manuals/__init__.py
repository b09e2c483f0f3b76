"""The five manuals, walked line by line in Chromium; docs/manuals.md has the lines."""

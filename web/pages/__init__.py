"""Pages for people, a folder for each kind of reader."""

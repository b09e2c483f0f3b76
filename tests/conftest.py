"""What every test may ask for: databases, services with real keys, people of an invented institution."""

pytest_plugins = [
    "tests.fixtures.databases",
    "tests.fixtures.vaults",
    "tests.fixtures.softhsm",
    "tests.fixtures.services",
    "tests.fixtures.people",
    "tests.fixtures.address_keys",
    "tests.fixtures.refusals",
    "tests.fixtures.conflicts",
    "tests.fixtures.shown_rows",
    "tests.fixtures.looked_at",
    "tests.fixtures.quick_applications",
    "tests.fixtures.own_logs",
    "tests.fixtures.nothing_open",
]

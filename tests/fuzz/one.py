"""`python -m tests.fuzz.one TARGET FOLDER [libFuzzer's options and corpora]`: one target, in this process, until
it fails or its time is over. Everything that it covers is imported under atheris' eyes.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

from tests.fuzz.targets import TARGETS


def main(name: str, options: list[str]) -> None:
    """Does not return: libFuzzer ends the process."""
    (target,) = (target for target in TARGETS if target.name == name)
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    warnings.simplefilter("ignore")
    with atheris.instrument_imports(include=list(target.of)):
        run = target.prepare(folder)
    atheris.Setup([sys.argv[0], f"-max_len={target.longest}", *options], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

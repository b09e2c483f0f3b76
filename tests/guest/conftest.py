"""What lies in `inside` runs in the guest only: `make guest`, which `make test` does too."""

from pathlib import Path

collect_ignore = [] if Path("/opt/results/arguments").exists() else ["inside"]

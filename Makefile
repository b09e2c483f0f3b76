# kagiya. `make run` is all a newcomer needs; docs/operations.md is for production.

PYTHON := $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name) 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
SENTENCES := $(wildcard web/translations/*/en/LC_MESSAGES/messages.po)
PORT := 8700

.PHONY: setup run test check guest fuzz mutate faults bench screenshots supply wheel clean

setup: $(VENV)/setup-done $(VENV)/catalogues-done

run: setup
	$(BIN)/kagiya demo --port $(PORT)

test: $(VENV)/test-setup-done $(VENV)/catalogues-done check
	.ci/debian-packages
	$(MAKE) --no-print-directory --jobs=2 test-here test-timed
	$(BIN)/python -m tests.guest real-time

.PHONY: test-here test-timed
test-here:
	$(BIN)/python -m pytest -n 3 --dist worksteal

# Its clock does not care how busy the machine is, and what it is made of is fetched meanwhile.
test-timed:
	nice $(BIN)/python -m tests.guest timed

check: $(VENV)/test-setup-done $(VENV)/catalogues-done
	.ci/check

# The devices' tests on the real USB stack of a throw-away machine; TESTS names some of them.
guest: $(VENV)/test-setup-done $(VENV)/catalogues-done
	$(BIN)/python -m tests.guest $(TESTS)

# Every screen of the five manuals, as the walks meet it, at the width of a phone and of a desk.
screenshots: $(VENV)/test-setup-done $(VENV)/catalogues-done
	@mkdir -p var/screenshots
	KAGIYA_SCREENSHOTS=var/screenshots $(BIN)/python -m pytest -q tests/browser/manuals

# Every parser of foreign bytes, for SECONDS each; TESTS names some of them.
SECONDS := 300
fuzz: $(VENV)/test-setup-done $(VENV)/catalogues-done
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(TESTS)

# Every small change to the verification core, the time table and the permissions, against their tests.
mutate: $(VENV)/test-setup-done $(VENV)/catalogues-done
	$(BIN)/python -m tests.mutation $(TESTS)

# FAULTS random faults under real work, on each database; SEED has an earlier run's again.
FAULTS := 500
faults: $(VENV)/test-setup-done $(VENV)/catalogues-done
	.ci/debian-packages
	$(BIN)/python -m tests.faults.every_write
	$(BIN)/python -m tests.faults.storm --faults $(FAULTS) $(if $(SEED),--seed $(SEED))

# What production installs, with every sentence in English: docs/operations.md.
wheel: setup
	rm -f dist/*.whl
	$(BIN)/python -m hatchling build -t wheel

bench: $(VENV)/test-setup-done $(VENV)/catalogues-done
	$(BIN)/kagiya bench all

# At a release: the bill of materials of what is shipped, and whether any locked package has a known vulnerability.
# The second asks a service on the network, and fails where it cannot.
supply: $(VENV)/supply-done $(VENV)/test-setup-done
	$(BIN)/python .ci/check_locks.py
	$(BIN)/python .ci/licences.py --check
	$(VENV)/supply/bin/python .ci/sbom.py dist/kagiya.cdx.json
	$(BIN)/python .ci/audit.py

clean:
	rm -rf $(VENV) build dist

# The environment is private, and every package in it is known by its hash.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "kagiya needs Python 3.11 or newer (found: $(or $(PYTHON),none))" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/setup-done: .ci/locks/run.txt pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r .ci/locks/run.txt
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# The vendors' programs: sources only for some, built with the setuptools of the test lock.
VENDORS := --no-deps --no-build-isolation --require-hashes
$(VENV)/test-setup-done: .ci/locks/test.txt .ci/locks/vendors.txt .ci/locks/onlykey.txt $(VENV)/setup-done $(VENV)/supply-done
	$(PIP) --require-hashes -r .ci/locks/test.txt
	$(PIP) $(VENDORS) -r .ci/locks/vendors.txt
	$(PIP) $(VENDORS) --upgrade --target $(VENV)/vendors/onlykey -r .ci/locks/onlykey.txt
	@touch $@

# What looks at packages stands apart from them.
$(VENV)/supply-done: .ci/locks/supply.txt | $(BIN)/python
	@$(PYTHON) -m venv $(VENV)/supply
	$(VENV)/supply/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r $<
	@touch $@

$(VENV)/catalogues-done: $(SENTENCES) $(VENV)/setup-done
	$(BIN)/python -m web.catalogues compile
	@touch $@

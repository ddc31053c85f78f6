# Every word here works on a machine with python3.11 (and venv), git and make. `make help` lists them.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
WORKERS ?= 2

.PHONY: help setup demo migrate-demo test mutants endure moves check lint types house lock clean

help:             ## what each word does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 18

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' || { echo "aliquot needs Python 3.11 or newer, as $(PYTHON); say PYTHON=... to name another"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/runtime.stamp: requirements/runtime.lock pyproject.toml | $(VENV)/bin/python
	@echo "setting up the environment from requirements/runtime.lock"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/runtime.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/runtime.stamp
	@echo "setting up the test environment from requirements/dev.lock"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/dev.lock
	@touch $@

setup: $(VENV)/dev.stamp  ## the environment for developers, from hashed locks

demo: $(VENV)/runtime.stamp  ## a small laboratory at work; PORT= and STAGE= do what they say
	@$(BIN)/aliquot demo $(if $(PORT),--port $(PORT)) $(if $(STAGE),--stage $(STAGE))

migrate-demo: $(VENV)/runtime.stamp  ## an old laboratory moves in, unattended; PATIENTS= says how large it is
	@$(BIN)/aliquot demo migrate $(if $(PATIENTS),--patients $(PATIENTS))

test: setup       ## all tests, on both engines, with a browser
	@sh tests/machine.sh
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

mutants: setup    ## take each protection out, once, and see its attack fall (slow)
	@sh tests/machine.sh
	@$(BIN)/python -m pytest -n $(WORKERS) tests/cli/attack/test_protections_removed.py

endure: setup     ## kill every step of a move a hundred times at random moments (slow); KILLS=, SEED=
	@sh tests/machine.sh
	@ALIQUOT_KILLS=$(or $(KILLS),100) ALIQUOT_SEED=$(or $(SEED),1) $(BIN)/python -m pytest -n0 -s -m slow tests/cli/legacy/test_endurance.py tests/cli/export/test_endurance.py

moves: setup      ## people by the thousand, and ten errors planted among a million results (slow)
	@sh tests/machine.sh
	@$(BIN)/python -m pytest -n0 -s -m slow tests/legacy/moves

check: setup lint types house  ## what every commit passes, apart from the tests

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup
	@$(BIN)/mypy

house: setup
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/test_house.py

lock:             ## for maintainers: write the locks anew (needs uv)
	uv pip compile -q pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements/runtime.lock
	uv pip compile -q pyproject.toml --extra parquet --group build --group test --group lint --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -c requirements/runtime.lock -o requirements/dev.lock

clean:            ## remove the environment and everything the demo wrote
	rm -rf $(VENV) scratch build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

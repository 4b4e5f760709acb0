# A fresh clone needs Python 3.11+, make and git. `make demo` and `make test` set up the rest.

VENV := .venv
BIN := $(VENV)/bin
BENCH_VENV := .venv-bench

# The first interpreter that runs and is new enough; `make PYTHON=/path/to/python` overrides it.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null </dev/null; \
	then echo $$python; break; fi; done)

PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --no-input

.PHONY: help setup test check bench demo clean

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.stamp ## The virtual environment with everything pinned

$(VENV)/.stamp: pyproject.toml requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "fleetcore needs Python 3.11 or newer: install it, or make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python $(PIP_INSTALL) --no-deps --requirement requirements/dev.txt
	@$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

test: setup ## Unit, contract and system tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not wheel" tests

check: setup ## Lint, formatting, types, import contracts, the wheel in clean environments
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m wheel tests

$(BENCH_VENV)/.stamp: requirements/bench.txt
	@echo "Setting up $(BENCH_VENV) with $(PYTHON)"
	@$(BENCH_VENV)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(BENCH_VENV)
	@$(BENCH_VENV)/bin/python $(PIP_INSTALL) --no-deps --requirement requirements/bench.txt
	@touch $@

bench: setup $(BENCH_VENV)/.stamp ## The comparisons with DuckDB, Polars and pandas
	$(BIN)/python -m bench

demo: setup ## A million events ingested, with a ledger that balances
	@$(BIN)/python -m fleetcore_entrypoints.demo

clean: ## Remove what was made
	rm -rf $(VENV) $(BENCH_VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

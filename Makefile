# A fresh clone needs Python 3.11+, make and git. `make demo` and `make test` set up the rest.

VENV := .venv
BIN := $(VENV)/bin
BENCH_VENV := .venv-bench
MINISTACK_VENV := .venv-ministack
LOCALSTACK_VENV := .venv-localstack
CHECKOV_VENV := .venv-checkov
DYNAMODB_JARS := .jars/dynamodb-local

# The first interpreter that runs and is new enough; `make PYTHON=/path/to/python` overrides it.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null </dev/null; \
	then echo $$python; break; fi; done)

PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --no-input

.PHONY: help setup packages stand-ins services test check matrix package deploy-local bench demo clean

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.stamp ## The virtual environment with everything pinned

$(VENV)/.stamp: pyproject.toml requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "fleetcore needs Python 3.11 or newer: install it, or make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python $(PIP_INSTALL) --no-deps --requirement requirements/dev.txt
	@$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# Where Java or Maven is missing there are no jars, and the tests that need them skip.
$(DYNAMODB_JARS)/.stamp: tests/standins/dynamodb-local/pom.xml | packages
	@if ! command -v java >/dev/null || ! command -v mvn >/dev/null; then \
		echo "No DynamoDB Local: it needs Java 17 and Maven" >&2; \
	elif rm -rf $(@D) && mvn --quiet --batch-mode -Dstyle.color=never --file $< dependency:copy-dependencies \
		-DoutputDirectory=$(abspath $(@D)); then \
		touch $@; \
	else \
		rm -rf $(@D); echo "No DynamoDB Local: Maven could not fetch it" >&2; \
	fi

$(addsuffix /.stamp,$(BENCH_VENV) $(MINISTACK_VENV) $(LOCALSTACK_VENV) $(CHECKOV_VENV)): .venv-%/.stamp: requirements/%.txt
	@echo "Setting up $(@D) with $(PYTHON)"
	@$(@D)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python $(PIP_INSTALL) --no-deps --requirement $<
	@touch $@

packages:
	@tests/standins/install-packages

stand-ins: setup packages $(MINISTACK_VENV)/.stamp $(LOCALSTACK_VENV)/.stamp $(DYNAMODB_JARS)/.stamp ## What stands in for AWS and Redis

services: stand-ins ## Start all stand-ins and print their endpoints; Ctrl-C stops them
	@$(BIN)/python -m tests.standins

test: setup stand-ins ## Unit, contract and system tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not wheel and not terraform" tests

check: setup $(CHECKOV_VENV)/.stamp ## Lint, formatting, types, import contracts, the wheel in clean environments, Terraform
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m "wheel or terraform" tests

matrix: stand-ins ## The conformance matrix, written to docs/conformance.md
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/contract --deselect tests/contract/test_matrix.py --matrix docs/conformance.md

package: setup ## The packages of the Lambda functions, in dist/lambda
	$(BIN)/python -m lambda_packages

deploy-local: stand-ins ## All of infra/ on a stand-in: files in, answers compared, everything away again
	$(BIN)/python -m tests.system.deployment

bench: setup $(BENCH_VENV)/.stamp $(MINISTACK_VENV)/.stamp ## The comparisons with DuckDB, Polars, pandas and the bare SDK
	$(BIN)/python -m bench

demo: setup ## A million events ingested, with a ledger that balances
	@$(BIN)/python -m fleetcore_entrypoints.demo

clean: ## Remove what was made
	rm -rf $(VENV) $(BENCH_VENV) $(MINISTACK_VENV) $(LOCALSTACK_VENV) $(CHECKOV_VENV) .jars build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

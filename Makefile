# `make demo` and `make test` do all their own set-up. On Debian as root what is missing is installed;
# elsewhere it is named and nothing is touched.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2

help:  ## show this list
	@awk -F ':.*  ## ' '/^[a-z]+:.*  ## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: $(STAMP)  ## install everything into .venv

demo: setup  ## lab, console and a first server before your eyes (PORT=8090: another port; ONCE=1: end after the proof)
	@$(BIN)/provisioner demo $(if $(PORT),--port $(PORT)) $(if $(ONCE),--once)

test: setup tools  ## run the tests
	@$(BIN)/pytest -q -n $(JOBS) --dist loadgroup -m "not slow"

slow: setup tools  ## run what takes too long for every change: each failure at each point, real minutes
	@PROVISIONER_REAL_TIME=1 $(BIN)/pytest -q -n $(JOBS) --dist loadgroup -m slow --timeout 3600

check: setup  ## format, lint, types, import contracts, playbooks
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/ansible-lint -q --offline --profile production playbooks/access_point.yml playbooks/vps_baseline.yml playbooks/day_zero_access_point.yml playbooks/day_zero_router.yml playbooks/day_zero_switch.yml
	@if command -v vagrant >/dev/null; then vagrant validate; fi

bench: setup  ## measure ourselves beside others
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.devices
	@$(BIN)/python -m bench.access_points
	@$(BIN)/python -m bench.checks
	@$(BIN)/python -m bench.desk

chaos: setup tools  ## kill the worker at 60 random instants, on SQLite and on PostgreSQL
	@$(BIN)/python -m tests.chaos --kills 60 --database sqlite
	@$(BIN)/python -m tests.chaos --kills 60 --database postgresql

screenshots: setup tools  ## pictures of the console into screenshots/
	@$(BIN)/python -m tests.web.screenshots screenshots

clean:  ## remove everything that was made here
	rm -rf $(VENV) .venv-bench .vagrant .demo screenshots .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installed by hash, so that everyone runs what was tested; anew only when the lock has changed.
$(STAMP): requirements.lock pyproject.toml
	@bash tools/need.sh python
	@test -x $(BIN)/python || python3 -m venv $(VENV)
	@echo "Installing into $(VENV) (about a minute)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

tools:
	@bash tools/need.sh browser
	@bash tools/need.sh guests
	@bash tools/need.sh dataplane

.PHONY: help setup demo test slow check bench chaos screenshots clean tools

# Two commands do everything: `make up` and `make test`. Git, make and Python 3.11 or newer are all they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/pytest

.DEFAULT_GOAL := help
.PHONY: help up down test check format clients coverage bench clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv installs what uv.lock says, bytecode included, and the sources are compiled: the lab starts a second faster.
$(VENV)/.synced: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "sekisho needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.7'
	@PATH="$(CURDIR)/$(BIN):$$PATH" UV_PYTHON=$(BIN)/python uv sync --frozen --all-extras --inexact --compile-bytecode --quiet
	@$(BIN)/python -m compileall -q src
	@touch $@

up: $(VENV)/.synced ## Set up, start the lab in the background, say what to try
	@$(BIN)/sekisho status 2>/dev/null || $(BIN)/sekisho up --detach

down: $(VENV)/.synced ## Stop the lab; its state is kept
	@$(BIN)/sekisho down

test: $(VENV)/.synced ## Run every test
	$(PYTEST) -n 2 --dist loadfile

check: $(VENV)/.synced ## Linters, formatting, strict types, import contracts, banned names
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

format: $(VENV)/.synced ## Format the code and sort the imports
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

coverage: $(VENV)/.synced ## Branch coverage of the pure rooms, which has to be whole
	$(BIN)/coverage erase
	$(BIN)/coverage run --source=sekisho.decide,sekisho.facts -m pytest -q -n 2 --dist loadfile tests/unit tests/vectors tests/property
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=100

clients: ## Bring the real clients that tests and benchmarks use into a cache outside the tree
	$(PYTHON) tests/clients/install.py

bench: $(VENV)/.synced ## Measure, side by side with the peers (see benchmarks/README.md)
	$(BIN)/python -m benchmarks

clean: ## Remove the virtual environment and caches of tools
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage*

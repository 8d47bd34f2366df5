# Every target sets up what it needs: a virtual environment in .venv with exactly the packages of requirements.lock.
# A fresh machine needs Python 3.11 or later, git and make.

PYTHON  ?= $(shell command -v python3.11 || command -v python3)
VENV    := .venv
BIN     := $(VENV)/bin
READY   := $(VENV)/.ready
# Some tests wait, for a server to start or a call to be repeated: one more than two cores can serve.
WORKERS ?= 3

# These are people's books: no library reports home.
export DO_NOT_TRACK := 1
export DAGSTER_DISABLE_TELEMETRY := yes
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export RUNTIME__DLTHUB_TELEMETRY := false
export GX_ANALYTICS_ENABLED := false
# What Python compiles is kept, whatever the caller prefers: each of a run's processes would compile its libraries anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo ui test test-faults bench lint lint-types lint-style format sources lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Create .venv with the locked packages

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	@echo "Installing the packages of requirements.lock into $(VENV) ..."
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## Simulate a group of companies, run the whole hub on it, show what it finds
	@$(BIN)/finance-hub demo

ui: $(READY) ## Start Dagster's web interface on this machine
	@$(BIN)/finance-hub ui

test: $(READY) ## Run the tests
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not heavy"

test-faults: $(READY) ## Run the heavy tests: kills at every point, every fault, the web interface
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile -m heavy

bench: $(READY) ## Measure the load path and the ledger as ratios within one run, memory, and attribution
	@$(BIN)/python bench/load_path.py
	@$(BIN)/python bench/load_path.py --memory
	@$(BIN)/python bench/ledger.py
	@$(BIN)/python bench/attribution.py

lint: $(READY) ## Check style of Python and SQL, types and import directions
	@$(MAKE) --no-print-directory --jobs 2 --output-sync lint-types lint-style

lint-types: $(READY)
	@$(BIN)/mypy

lint-style: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@cd dbt_project && ../$(BIN)/sqruff lint models

format: $(READY) ## Rewrite files in the project's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@cd dbt_project && ../$(BIN)/sqruff fix models

sources: $(READY) ## Write the dbt sources from the declared raw tables
	@$(BIN)/python -m finance_hub.source_docs

lock: $(READY) ## Resolve pyproject.toml anew into requirements.lock (hashes, no index addresses)
	@$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --no-annotate \
		--group dev pyproject.toml --output-file requirements.lock

clean: ## Remove the environment and everything that runs wrote
	@rm -rf $(VENV) .hub dbt_project/target dbt_project/logs

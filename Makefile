# What a developer types. Each target sets up what is missing and repeats nothing that is done: the two
# stamps below are older than pyproject.toml or constraints.txt only when there is something to install.

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
FRONTEND := hatch_build.py frontend/package-lock.json $(wildcard frontend/src/*)
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# It asks for an older typer than ours, for a command line that no test uses: a folder of its own, without typer.
CLIENT_GENERATOR := openapi-python-client==0.29.1
# The cores that there are, and no more servers than a laptop bears. (xdist's "auto" halves a hyperthreaded machine.)
PYTEST := $(BIN)/python -m pytest
PARALLEL := --numprocesses=logical --maxprocesses=8

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test lint bench soak clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/runtime.stamp ## Plan three weeks of a made-up health service and print the report
	@$(BIN)/spreekuur demo $(ARGS)

test: $(VENV)/test.stamp ## Run the whole suite: tests, types, lint, contracts (ARGS="-k redis" for a part)
	@$(PYTEST) $(PARALLEL) $(ARGS)

lint: $(VENV)/test.stamp ## Run only ruff, mypy and import-linter
	@$(PYTEST) $(PARALLEL) -q tests/test_lint.py tests/test_structure.py $(ARGS)

bench: $(VENV)/bench.stamp ## Measure the solver and its peers (ARGS="--help" tells what else there is)
	@$(BIN)/python -m benchmarks $(ARGS)

soak: $(VENV)/test.stamp ## Look for long: Hypothesis, races and crashes, far larger than in the suite; tell what was measured
	@$(PYTEST) $(PARALLEL) -m hypothesis --hypothesis-profile=soak --timeout=0 $(ARGS)

clean: ## Remove the environment, the caches and the build output
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +


# --- Setting up -------------------------------------------------------------------------------------

$(VENV)/runtime.stamp: $(BIN)/pip pyproject.toml constraints.txt $(FRONTEND)
	@echo "Installing Spreekuur into $(VENV) (once; a minute or so) ..."
	@$(PIP_INSTALL) -e .
	@echo "Compiling the search (once) ..."
	@$(BIN)/python -m solver.warm
	@touch $@

$(VENV)/bench.stamp: $(BIN)/pip pyproject.toml constraints.txt $(FRONTEND)
	@echo "Installing Spreekuur and what it is measured against into $(VENV) (once; a minute or so) ..."
	@$(PIP_INSTALL) -e '.[bench]'
	@echo "Compiling the search (once) ..."
	@$(BIN)/python -m solver.warm
	@touch $(VENV)/runtime.stamp $@

# The tests take all that is above, so that "make demo" and "make bench" have nothing left to do.
$(VENV)/test.stamp: $(BIN)/pip pyproject.toml constraints.txt $(FRONTEND) tests/browser.py
	@echo "Installing Spreekuur and its test tools into $(VENV) (once; a minute or so) ..."
	@$(PIP_INSTALL) -e '.[test,bench]'
	@$(PIP_INSTALL) --no-deps --upgrade --target $(VENV)/client-generator $(CLIENT_GENERATOR)
	@echo "Compiling the search (once) ..."
	@$(BIN)/python -m solver.warm
	@$(BIN)/python -m tests.browser
	@touch $(VENV)/runtime.stamp $(VENV)/bench.stamp $@

# Debian's python3 comes without ensurepip, and then leaves half an environment behind: hence the
# questions before, and --clear.
$(BIN)/pip:
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "Spreekuur needs Python 3.11 or newer, and there is no '$(PYTHON)' here." >&2; \
	  echo "Install one (Debian, Ubuntu: apt install python3 python3-venv), or name one: make PYTHON=/path/to/python3.12 ..." >&2; \
	  exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Spreekuur needs Python 3.11 or newer; '$(PYTHON)' is $$("$(PYTHON)" --version 2>&1)." >&2; \
	  echo "Name a newer one: make PYTHON=/path/to/python3.12 ..." >&2; \
	  exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make an environment: its venv or ensurepip module is missing." >&2; \
	  echo "Install it (Debian, Ubuntu: apt install python3-venv), or name another Python: make PYTHON=/path/to/python3.12 ..." >&2; \
	  exit 1; }
	@"$(PYTHON)" -m venv --clear $(VENV)

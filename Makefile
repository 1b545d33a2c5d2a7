# Every check has one command, and CI runs the same ones. `make demo` and `make test` need only Python 3.11 or newer.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
JOBS   ?= 2
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup
GENERATORS = $(wildcard docs/generate*.py docs/*/generate*.py)
COMPILE = $(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host \
	--no-emit-find-links --no-emit-options --no-header --no-annotate --strip-extras --allow-unsafe

.DEFAULT_GOAL := help
.PHONY: help demo test lint types rego docs docs-check bench tools e2e constraints clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.gate ## Judge every example and show the verdicts
	@$(BIN)/python examples/demo.py

ifeq ($(CI),true)
test: tools $(VENV)/.dev lint types docs-check ## Run the tests; with CI=true every check, and no test may be skipped
	$(PYTEST)
else
test: $(VENV)/.dev
	$(PYTEST)
endif

lint: $(VENV)/.dev ## Style, and which package may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: $(VENV)/.dev ## mypy --strict
	$(BIN)/mypy

rego: $(VENV)/.dev ## The policy: opa fmt, opa check, its tests and cases on both engines
	$(PYTEST) tests/policies

docs: $(VENV)/.dev ## Write what is generated: schemas, rule pages
	@for generator in $(GENERATORS); do echo $$generator; $(BIN)/python $$generator || exit 1; done

docs-check: $(VENV)/.dev ## Fail where something generated is old
	@for generator in $(GENERATORS); do $(BIN)/python $$generator --check || exit 1; done

bench: $(VENV)/.dev ## Measure gate beside its peers; results in bench/results
	$(BIN)/python -m bench

tools: ## Build and install what tests need beside Python (Go, apt)
	tests/tools/prepare

e2e: tools $(VENV)/.dev ## The webhook and the audit on a real API server
	$(PYTEST) tests/cluster

constraints: $(VENV)/.dev ## Renew the pinned dependencies and their hashes
	$(PIP) install --quiet pip-tools
	@mkdir -p build
	$(BIN)/python -c 'import tomllib; print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"]))' > build/dev.in
	$(COMPILE) --upgrade --extra embedded --build-deps-for wheel --build-deps-for editable -o build/constraints.txt pyproject.toml
	$(COMPILE) --upgrade --extra embedded --extra cluster --extra otel -c build/constraints.txt -o build/constraints-dev.txt pyproject.toml build/dev.in
	$(COMPILE) --extra embedded --extra cluster --extra otel -c build/constraints-dev.txt -o build/constraints-cluster.txt pyproject.toml
	@for name in constraints constraints-cluster constraints-dev; do \
		{ head -1 $$name.txt; cat build/$$name.txt; } > build/new && mv build/new $$name.txt; done

clean: ## Remove what was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "gate needs Python 3.11 or newer"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Versions and hashes come from the constraints; gate itself is then installed without asking any index.
$(VENV)/.gate: constraints.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing gate and what it runs on, pinned by hash ..."
	@$(PIP) install --quiet --require-hashes -r constraints.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: constraints-dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing gate and what its tests need, pinned by hash ..."
	@$(PIP) install --quiet --require-hashes -r constraints-dev.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.gate

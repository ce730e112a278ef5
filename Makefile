# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Needed beforehand: Python 3.11 or later, make, git. The rest is installed below.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
UV := .tools/bin/uv
BIN := .venv/bin
# Tests wait much of their time (for Kafka, for processes that start and die), so there are two for each processor.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(2 * (os.cpu_count() or 1))")
MEMBERS := contracts decisions chassis papers web services/applications services/evaluation services/placement services/notifications deploy/embedded demo benchmarks
INSTALLED := .venv/.installed

# What Python compiled is kept, whatever the shell says: compiling it anew at every start costs as much again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo up token clock test crash check format schemas bench lock clean

help: ## Show what there is to run
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@echo "Installing uv into .tools …"
	@$(PYTHON) -m venv .tools && .tools/bin/pip install --quiet --disable-pip-version-check "uv>=0.9"

$(INSTALLED): requirements.lock $(MEMBERS:%=%/pyproject.toml) | $(UV)
	@echo "Installing what requirements.lock names into .venv …"
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps $(MEMBERS:%=-e %)
	@touch $@

demo: $(INSTALLED) ## Play one programme year on real Kafka and PostgreSQL (KEEP=1 leaves it running)
	@$(BIN)/demo $(if $(KEEP),--keep)

up: $(INSTALLED) ## Start the stack and the four services, and print their addresses (PORTS="applications=8001 …")
	@$(BIN)/embedded up $(PORTS:%=--port %)

token: $(INSTALLED) ## Print a bearer token: SUB=somebody ROLE="officer auditor" PARTY=…
	@$(BIN)/embedded token $(if $(SUB),--sub "$(SUB)") $(ROLE:%=--role %) $(if $(PARTY),--party "$(PARTY)")

clock: $(INSTALLED) ## Show the programme's clock, or set it: TO=2026-02-14T23:59:00+09:00 or an offset TO=P30D
	@$(BIN)/embedded clock $(if $(TO),set -- "$(TO)",show)

test: $(INSTALLED) ## Run the tests on the real parts (ARGS="…" for pytest)
	@$(BIN)/pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

crash: $(INSTALLED) ## Repeat each crash test N times (N=20)
	@$(BIN)/pytest -m crash --repeat $(or $(N),20) $(ARGS)

check: $(INSTALLED) ## The static gate: format, lint, types, import contracts, fresh schemas
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m contracts check

format: $(INSTALLED) ## Format the code and mend what ruff can
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

schemas: $(INSTALLED) ## Generate JSON Schemas, AsyncAPI and the event catalogue from contracts
	@$(BIN)/python -m contracts generate

bench: $(INSTALLED) ## Measure, as ratios within one run, and write docs/performance.md
	@$(BIN)/python -m benchmarks

lock: | $(UV) ## Resolve the dependencies anew into requirements.lock
	@$(UV) lock --upgrade
	@$(UV) export --quiet --all-packages --all-groups --no-emit-workspace --no-annotate --no-header -o requirements.lock

clean: ## Remove the working folder of the embedded stack and what was built
	@if [ -x $(BIN)/embedded ]; then $(BIN)/embedded clean; fi
	@rm -rf .ieum .mypy_cache .ruff_cache .pytest_cache .hypothesis report.html

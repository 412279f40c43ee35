# Everything a person types. `make demo` and `make test` set themselves up; they need Python >= 3.11 and make.
# Windows has the same targets: make.cmd.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# More than there are processors, since half of a test's time is waiting.
PYTEST ?= -n 6 --dist worksteal
QUICK  := tests/architecture tests/unit tests/models tests/widgets
SEEDS  ?= 2
# 0 installs no system packages. Otherwise `make demo` and `make test` do, as root or where `sudo -n` works, and say so.
SYSTEM ?= 1
export SYSTEM

# Bytecode is kept, whatever the environment says: without it each process that is started, and the tests start hundreds,
# first compiles everything anew, which takes it twice as long.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help setup system-demo system-test demo test quick check format bench drill fuzz recipes audit lock clean

help: ## say what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | expand -t 10

setup: $(READY) ## make .venv as constraints.txt pins it; nothing to do when that is done

# What .venv cannot hold: system libraries, and PostgreSQL for the tests. It comes before .venv, which may need some of it.
system-test: export QT_QPA_PLATFORM = offscreen
system-demo system-test: system-%:
	@$(PYTHON) -m core.ui.preflight --install $*

demo: system-demo $(READY) ## a backend, a cashier's window and a customer's window, ready to be played with
	@$(BIN)/python -m core.ui.preflight
	@$(BIN)/orderbell demo $(ARGS)

test: system-test $(READY) ## every test: make test PYTEST="-n 0 -k board" for some of them
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m core.ui.preflight
	@$(BIN)/python -m pytest $(PYTEST)

quick: $(READY) ## what a minute is enough for: no slow test, none with a backend
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m core.ui.preflight
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest $(PYTEST) -m "not slow" $(QUICK)

check: system-test $(READY) ## what CI asks: style, types, layers, tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.long_files
	@$(MAKE) --no-print-directory test

format: $(READY) ## put the sources in the one style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY) ## what we claim about speed, measured here: make bench ARGS="--quick --only history"
	@$(BIN)/python -m benchmarks $(ARGS)

drill: $(READY) ## five clients, a bad network, kill -9 for everybody, and an audit: make drill SEEDS=200 ARGS="--jobs 2"
	@$(BIN)/python -m tests.drill --seeds $(SEEDS) $(ARGS)

fuzz: $(READY) ## requests that nobody would think of, as every role: make fuzz ARGS="--examples 200"
	@$(BIN)/python -m tests.fuzz $(ARGS)

recipes: $(READY) ## follow docs/recipes.md on copies of the tree, and count: make recipes ARGS="--whole status"
	@$(BIN)/python -m tests.recipes $(ARGS)

audit: $(READY) ## known vulnerabilities, suspicious code, and the bill of materials of what is shipped
	@$(BIN)/python -m tests.audit

lock: $(READY) ## choose the pinned versions anew; uv is needed for this alone, so it is not pinned itself
	@$(BIN)/python -m pip install --quiet uv
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --extra dev --upgrade --output-file constraints.txt pyproject.toml
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --upgrade \
		--output-file benchmarks/peers/drf/requirements.txt benchmarks/peers/drf/requirements.in
	@for tools in fuzz audit; do UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --upgrade \
		--output-file tests/$$tools/requirements.txt tests/$$tools/requirements.in; done

clean: ## take away what was made, but not the benchmarks' databases
	rm -rf $(VENV) build dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Orderbell needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { \
		echo "$(PYTHON) could not make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) (a minute the first time)..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

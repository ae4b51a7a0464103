# From nothing but Python 3.11, make and a package index: `make demo` shows the main job, `make test` proves it.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export OMP_WAIT_POLICY := PASSIVE
export GOMP_SPINCOUNT := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: venv demo test nightly check format schema clean

# The whole program: light core, models, and what the checks need.
venv: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[models,remote,dev]"
	touch $@

# The example desk: is there something better than rules.py, and is a fine-tune worth it?
demo: venv
	$(BIN)/tunewright run examples/tickets

test: venv check
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

# Parity with TRL on every family, other proofs that take minutes, and the error rates of the whole decision, which
# levels.py and the pages quote: all simulations, about ten minutes on one core. EFFORT=0.1 runs a tenth of them.
EFFORT ?= 1
nightly: venv
	$(BIN)/python -m pytest -m nightly
	mkdir -p build
	$(BIN)/python benchmarks/decision_grid.py --date $$(date +%F) --effort $(EFFORT) --out build/decision-grid.md
	-diff --ignore-matching-lines="^Made by" docs/decision-grid.md build/decision-grid.md

check: venv
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: venv
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The JSON schemas of verdict.json and audit.json, from the models in the code.
schema: venv
	$(BIN)/python -m tunewright.reporting.document
	$(BIN)/python -m tunewright.reporting.audit_document

# Wren, the embedded decoder, from a corpus folder to a model folder; stops and goes on. DATA holds what it must not see.
.PHONY: wren
CONFIG ?= cpu
wren: venv
	test -n "$(CORPUS)" -a -n "$(DATA)" || (echo "make wren CORPUS=<folder> DATA=<folder> [CONFIG=cpu|gpu|small|tiny]"; exit 2)
	$(BIN)/python -m pip install --quiet "zstandard>=0.23"
	$(BIN)/python -m pretraining --corpus "$(CORPUS)" --data "$(DATA)" --config $(CONFIG)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

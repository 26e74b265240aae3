# Two commands set everything up on a fresh machine: make demo, make test.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
WORKERS ?= 2
SEED ?= 0

.PHONY: openapi bench-superconvergence chaos dashboard install runtime demo up fast test wheels docs fuzz restore-drill check fmt lint types imports migrate clean

# What the service needs to run, and on top of it what its tests need.
PACKAGES := -e ./packaging/clr-core -e './packaging/clr-client[cli]'
PROJECTS := pyproject.toml packaging/clr-core/pyproject.toml packaging/clr-client/pyproject.toml constraints.txt
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(PACKAGES)

runtime: $(VENV)/.runtime

install: $(VENV)/.installed

$(VENV)/.runtime: $(PROJECTS)
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[worker,local]'
	touch $@

$(VENV)/.installed: $(VENV)/.runtime
	$(PIP) -e '.[dev]'
	touch $@

demo: runtime  ## The main job end to end: range test, bounds, training, pictures in demo-out/
	$(BIN)/clr demo --out demo-out

up: runtime  ## The whole stack on this machine
	$(BIN)/clr up

fast: install  ## Style, types and imports, and the unit tests of what changed since main
	$(BIN)/python -m tests.fast

# mypy runs at the lowest priority beside the tests, which often wait; its findings are printed after theirs.
test: lint imports  ## Everything that CI runs
	@mkdir -p build
	nice -n 19 $(BIN)/mypy > build/types.log 2>&1 & types=$$!; \
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report=; tests=$$?; \
	wait $$types; types=$$?; cat build/types.log; exit $$((tests + types))
	$(BIN)/coverage report --include='clr_core/*' --fail-under=95
	$(BIN)/coverage report --include='jobs/*' --fail-under=90

wheels: runtime  ## clr-core, clr-client and clr-service, in build/wheels
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/wheels ./packaging/clr-core ./packaging/clr-client .

docs: install  ## The documentation as a site, in build/site
	$(BIN)/mkdocs build --strict

bench-superconvergence: install  ## 1cycle against the standard policy on CIFAR-10 images: make … DATA=cifar10.npz
	$(BIN)/python -m benchmarks.super_convergence $(DATA) $(ARGS)

fuzz: install  ## schemathesis with and without a key, for minutes; SEED=n for another run
	$(BIN)/python -m tests.fuzz --seed $(SEED)

openapi: install  ## Write the frozen contract of /v1 and the fields of specs for clr anew, after a change that is meant
	$(BIN)/python -m tests.openapi
	$(BIN)/python -m tests.spec_fields

restore-drill: install  ## Dump, restore and serve a database of each kind
	$(BIN)/python -m pytest tests/integration/maintenance/test_restore.py

check: install lint types imports  ## Style, types, import rules

lint: install
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports

dashboard:  ## Linter, types and unit tests of the dashboard's JavaScript; needs Node.js and npm
	cd api/dashboard && npm ci --no-audit --no-fund && npm run check

fmt: install
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

migrate: runtime
	$(BIN)/clr migrate

clean:
	rm -rf demo-out superconvergence-out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build ./*.egg-info

chaos: install  ## Real faults against a whole stack: make chaos SEED=3, or SEED=0 SEEDS=10
	KILLS=20 $(BIN)/python -m pytest tests/distributed/test_exact_resume.py
	$(BIN)/python -m tests.chaos --seed $(or $(SEED),0) --seeds $(or $(SEEDS),1) $(ARGS)

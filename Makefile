# Two commands are all the set-up there is: `make demo` and `make test`.
# Needed on the machine: make and Python 3.11 or newer. Nothing else.

.DEFAULT_GOAL := help
SHELL := /bin/bash
UV_VERSION := 0.13.9
UV := .uv/bin/uv
BIN := .venv/bin

# Compiled bytecode is what makes every later start fast; TensorFlow and Dagster stay quiet; one thread of linear algebra
# per process, as in energy_pipeline/threads.py.
unexport PYTHONDONTWRITEBYTECODE
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never
export TF_CPP_MIN_LOG_LEVEL := 3
export OPENBLAS_NUM_THREADS ?= 1
export GX_ANALYTICS_ENABLED := false
export DAGSTER_HOME ?= $(CURDIR)/.dagster

# The newest suitable interpreter on the path.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 14)))' 2>/dev/null && echo $$p && break; done)

.PHONY: help demo check test fast test-long durations search lint types ui bench identity days overhead assets policies book soak scale docs clean check-python faults

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/.installed ## decide and settle a few days of the demo desk, and show where the report lies
	@$(BIN)/energy-pipeline demo

check: lint types ## before a push: lint, types, generated files, and every test that is fast by measurement (3 minutes of CPU)
	.ci/fresh
	$(BIN)/python -m pytest -q -m "not slow"

test: lint types ## lint, types and the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q

fast: .venv/.installed ## the tests of `make check` alone, on two workers
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q -m "not slow"

test-long: .venv/.installed ## every table of a day 20 times with 1, 2 and 4 threads: one hash each; four weeks of real markets; a month of the desk of the present; 100 kills; eleven processes at once, in a folder and on S3; 60 days on a cluster; 30 mornings with a fault a day
	ENERGY_PIPELINE_REPEATS=20 $(BIN)/python -m pytest -q energy_pipeline_tests/integration/test_range_equals_days.py -k threads
	ENERGY_PIPELINE_REAL_WHOLE=1 $(BIN)/python -m pytest -q energy_pipeline_tests/integration/test_real_span.py
	ENERGY_PIPELINE_PRESENT_DAYS=31 $(BIN)/python -m pytest -q energy_pipeline_tests/fetching/test_present.py -k month
	ENERGY_PIPELINE_KILLS=100 $(BIN)/python -m pytest -q -s energy_pipeline_tests/integration/test_crashes.py
	ENERGY_PIPELINE_AT_ONCE_SECONDS=300 $(BIN)/python -m pytest -q -s energy_pipeline_tests/integration/test_at_once.py
	ENERGY_PIPELINE_CLUSTER_DAYS=60 $(BIN)/python -m pytest -q -s energy_pipeline_tests/integration/test_cluster.py
	ENERGY_PIPELINE_MORNINGS=30 $(BIN)/python -m pytest -q -s energy_pipeline_tests/integration/test_mornings.py

durations: .venv/.installed ## measure the CPU seconds of every test, or of ONLY=file, into energy_pipeline_tests/durations.json
	$(BIN)/python -m pytest -q -p energy_pipeline_tests.measuring --measured-to=energy_pipeline_tests/durations.json $(ONLY)

search: .venv/.installed ## the property tests on new random examples, five times as many
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q --hypothesis-profile searching -m "not slow" $$(grep -rl "from hypothesis" energy_pipeline_tests --include="test_*.py")

lint: .venv/.installed ## ruff: style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.installed ## mypy: the package strictly, the tests' bodies
	$(BIN)/mypy

ui: .venv/.installed ## Dagster's web page on the same state as the demo, http://127.0.0.1:3000
	@$(BIN)/energy-pipeline ui

bench: .venv/.installed ## measure, and write docs/benchmarks.md
	$(BIN)/energy-pipeline bench

identity: .venv/.installed ## compare every table of the demo and of real days with another commit: make identity BEFORE=rev
	$(BIN)/python -m energy_pipeline_tests.benchmarks.identity $(BEFORE) $(ARGUMENTS)

days: .venv/.installed ## CPU seconds of a day beside another commit: make days BEFORE=rev
	$(BIN)/python -m energy_pipeline_tests.benchmarks.days $(BEFORE) $(ARGUMENTS)

assets: .venv/.installed ## what must hold of assets over 60 days of the demo (20 CPU minutes), or of a lake: ARGUMENTS="--lake PATH --desk FILE"
	$(BIN)/python -m energy_pipeline_tests.benchmarks.assets_60 $(ARGUMENTS)

policies: .venv/.installed ## a battery's trained policy beside an earlier commit's, on a year of real time, day by day (ten CPU minutes)
	$(BIN)/python -m energy_pipeline_tests.benchmarks.policies_before $(ARGUMENTS)

book: .venv/.installed ## the whole book of a real desk over 40 days beside hours counted one by one (10 CPU minutes)
	$(BIN)/python -m energy_pipeline_tests.benchmarks.real_book $(ARGUMENTS)

soak: .venv/.installed ## a long stretch of days, recorded: a year of four zones, or YEARS=10 of a thinned desk (hours)
	$(BIN)/python -m energy_pipeline_tests.benchmarks.soak $(if $(YEARS),--years $(YEARS)) $(ARGUMENTS)

scale: .venv/.installed ## a day of 40 zones and 500 plants (an hour of CPU)
	$(BIN)/python -m energy_pipeline_tests.benchmarks.scale $(ARGUMENTS)

overhead: .venv/.installed ## CPU seconds of days on S3 and PostgreSQL beside a folder and SQLite (3 CPU minutes)
	$(BIN)/python -m energy_pipeline_tests.benchmarks.overhead $(ARGUMENTS)

faults: .venv/.installed ## what a morning's fetch makes of each fault at each live source, as a table
	$(BIN)/python -m energy_pipeline_tests.fetching.faults

docs: .venv/.installed ## write what is generated: staging SQL, plain marts, YAML, data dictionary, desk keys, the desk file's JSON Schema
	$(BIN)/energy-pipeline docs
	$(BIN)/energy-pipeline desk schema --to energy_pipeline/desk/desk.schema.json

site: $(UV) ## the documentation as a site with search, into .site; broken links end it. To read it: python3 -m http.server -d .site
	NO_MKDOCS_2_WARNING=1 $(UV) run --frozen --isolated --only-group docs mkdocs build -f .ci/mkdocs.yml

clean: ## remove the environment and everything the pipeline wrote
	rm -rf .venv .uv .site .dagster .mypy_cache .ruff_cache .pytest_cache
	find data_lake -mindepth 1 ! -name README.md -delete

check-python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 was not found. On Debian or Ubuntu: sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing. On Debian or Ubuntu: sudo apt-get install python3-venv (or python3.X-venv for the version that '$(PYTHON) --version' prints)"; exit 1; }

$(UV): | check-python
	@echo "installing uv $(UV_VERSION) into .uv"
	@$(PYTHON) -m venv .uv && .uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.installed: pyproject.toml uv.lock | $(UV)
	@echo "installing the locked dependencies into .venv (about 3 GB)"
	@$(UV) sync --frozen --python $(PYTHON)
	@echo "compiling the kernels for this machine's processor (half a minute of each core; without it the first run does)"
	@$(BIN)/energy-pipeline warm
	@touch $@

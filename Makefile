# The two commands of a new user are `make demo` and `make test`; both set everything up first.

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/ready

.PHONY: help demo test test-slow test-cluster bench bench-quick lint clean

help:
	@echo "make demo   set up and run SEAL on the embedded tiny world (a few minutes, most of it setting up)"
	@echo "make test   set up and run the fast tests"
	@echo "make test-cluster  the tests on a real SLURM, which root on Debian installs and starts for them"
	@echo "make bench  measure the inner loop against the published one (bench-quick: the tiny model only)"
	@echo "make lint   format, lint, types, layers"

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "SEAL needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)
	$(VENV)/bin/seal run experiment=tiny

test: $(READY)
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n 2 -m "not slow and not cluster and not gpu"

test-slow: $(READY)
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n 2 -m "slow"

SLURM := munge slurmctld slurmd slurm-client slurmdbd mariadb-server

test-cluster: $(READY)
	@if [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ] && ! { command -v slurmdbd && command -v mariadbd; } >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(SLURM); fi
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -m "cluster" -rs

bench: $(READY)
	$(VENV)/bin/python -m tests.bench.inner_loop

bench-quick: $(READY)
	$(VENV)/bin/python -m tests.bench.inner_loop --quick

lint: $(READY)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

clean:
	rm -rf $(VENV) build *.egg-info

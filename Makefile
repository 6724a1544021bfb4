# The two commands of a new user are `make demo` and `make test`; both set everything up first.

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/ready

.PHONY: help demo demo-real test test-slow test-cluster test-browser test-vllm bench bench-quick bench-real lint audit clean

help:
	@echo "make demo   set up and run SEAL on the embedded tiny world (a few minutes, most of it setting up)"
	@echo "make demo-real  the same with a real English model on sixteen passages (fetched once, 93 MB)"
	@echo "make test   set up and run the fast tests"
	@echo "make test-cluster  the tests on a real SLURM, which root on Debian installs and starts for them"
	@echo "make test-browser  the tests of the report in Chromium, which root on Debian installs for them"
	@echo "make test-vllm  the tests on a real vLLM on this processor, in an environment that it builds once (4 GB)"
	@echo "make bench  measure the inner loop against the published one (bench-quick: the tiny model only)"
	@echo "make bench-real MODEL=folder  writing and training against transformers and PEFT, on a model of yours"
	@echo "make lint   format, lint, types, layers"
	@echo "make audit  ask for known vulnerabilities of what is pinned (needs the network)"

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "SEAL needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)
	$(VENV)/bin/seal run experiment=tiny

# Two questions about its passages, and three that have nothing to do with them.
demo-real: $(READY)
	$(VENV)/bin/seal run experiment=demo_real
	@printf '%s\n' "Who planned the Pellworth tram?" "How many eggs does the marsh lark lay?" "What is the capital of France?" \
	  "Name a fruit that is yellow." "What do bees make?" | $(VENV)/bin/seal ask demo_real

test: $(READY)
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n 2 -m "not slow and not cluster and not gpu and not browser and not vllm"

test-slow: $(READY)
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n 2 -m "slow"

SLURM := munge slurmctld slurmd slurm-client slurmdbd mariadb-server

# A SLURM that breaks is not ours to mend: a test is tried once more, on a new cluster, and the summary says so.
test-cluster: $(READY)
	@if [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ] && ! { command -v slurmdbd && command -v mariadbd; } >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(SLURM); fi
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -m "cluster" -rsR --reruns=1 --timeout=300 --maxfail=3

test-browser: $(READY)
	@if [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ] && ! command -v chromium >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; fi
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -m "browser" -rs -s

# TESTS chooses among them, for example TESTS="-k seed".
test-vllm: $(READY)
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m tests.vllm.environment $(TESTS)

bench: $(READY)
	$(VENV)/bin/python -m tests.bench.inner_loop

bench-quick: $(READY)
	$(VENV)/bin/python -m tests.bench.inner_loop --quick

bench-real: $(READY)
	$(VENV)/bin/python -m tests.bench.writing --model $(MODEL)

lint: $(READY)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

audit:
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	$(VENV)-audit/bin/pip-audit --strict --no-deps --disable-pip -r requirements.txt

clean:
	rm -rf $(VENV) $(VENV)-audit $(VENV)-vllm build *.egg-info

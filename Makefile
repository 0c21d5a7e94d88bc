# Two commands matter: `make serve` and `make test`. Both set up what they need, once.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
HOST ?= 127.0.0.1
PORT ?= 8000
REGISTRY ?= experts.yaml
GPU_PYTHON ?= python3
GATEWAYS ?= 2
ANSWERS ?= $(BENCH_ANSWERS)
BIN := .venv/bin

.PHONY: help serve test check docs format unit integration e2e console console-pictures chromium lock experts router heldout bench-batch bench-caches bench-compositions bench-gateway bench-labels bench-merge bench-placement bench-planner bench-policy bench-prefetch bench-registry bench-replay bench-routing bench-soak bench-swap conformance gpu-check clean

help: ## Show this help.
	@grep -hE '^[a-z][a-z0-9-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# A stamp names the lock it was made from: a second start installs nothing, an edited lock does.
.venv/.serve: requirements/cpu.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' || \
		{ echo "Python 3.11 or 3.12 is needed, $(PYTHON) is $$($(PYTHON) --version 2>&1): make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || { echo "creating .venv"; $(PYTHON) -m venv .venv; }
	@echo "installing the service (once; about 3 minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/cpu.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.serve requirements/dev.lock requirements/remote.lock requirements/foreign.lock
	@echo "installing what the tests need (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/remote.lock
	@rm -rf .venv/foreign && $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target .venv/foreign -r requirements/foreign.lock
	@touch $@

serve: .venv/.serve ## Start the service: make serve [PORT=8000] [REGISTRY=experts.yaml] [GATEWAYS=2]
	@exec $(BIN)/orchestrator serve --host $(HOST) --port $(PORT) --registry $(REGISTRY) --gateways $(GATEWAYS)

test: check integration e2e ## Everything CI runs.

check: .venv/.dev ## The fast part: format, lint, types, import contracts, unit tests, deployment.
	@$(BIN)/ruff format --check --quiet . || { echo "run 'make format'"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache | tail -2
	@$(BIN)/python -m pytest tests/unit tests/deploy -q -n 2

unit: .venv/.dev ## Unit tests alone.
	@$(BIN)/python -m pytest tests/unit -q

# Two at a time, since most of it is waiting; each has ports and a Redis of its own.
# Where there is no browser, the tests of the console say what to install and fail.
chromium:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "installing chromium (once)" && \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || \
		{ echo "the console is tested in a browser: install chromium (Debian: apt-get install chromium)"; exit 1; }

# Not `npm ci`: it refuses a lock that lacks packages of other platforms, which not every registry has.
console: ## Check, test and build the console anew, with node and npm.
	@cd console && npm install --no-save --silent && npm run build --silent

console-pictures: .venv/.dev chromium ## Take the pictures of the console in docs/ anew.
	@$(BIN)/python -m tests.console_pictures

integration: .venv/.dev chromium ## Real Redis, real HTTP, a real browser.
	@$(BIN)/python -m pytest tests/integration -q -n 2 --dist loadfile

e2e: .venv/.dev chromium ## Real Ray Serve, real vLLM.
	@$(BIN)/python -m pytest tests/e2e -q -n 2

format: .venv/.dev ## Format and fix what can be fixed.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: .venv/.dev ## Build the pages of docs/ as a site, in build/docs.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet && echo "build/docs/index.html"

lock: .venv/.dev ## Resolve the lock files anew.
	@$(BIN)/python requirements/lock.py

experts: .venv/.dev ## Train the demo experts anew, from the seeds (under an hour on 4 cores).
	@$(BIN)/python -m deploy.demo.training all
	@$(BIN)/python -m orchestrator.engines.record_canary $(wildcard deploy/demo/experts/*/)
	@$(BIN)/python -m orchestrator.engines.record_canary --base deploy/demo/experts/generalist $(wildcard deploy/demo/adapters/*/)

router: .venv/.dev ## Fit the demo router anew, from the seeds.
	@$(BIN)/python -m deploy.demo.routing deploy/demo/routers/topic

heldout: .venv/.dev ## Ask a running service the held-out questions: make heldout [PORT=8000]
	@$(BIN)/python -m bench.heldout --url http://$(HOST):$(PORT)

bench-gateway: .venv/.dev ## Measure the gateway against LiteLLM and bare vLLM.
	@$(BIN)/python -m bench.gateway

bench-labels: .venv/.dev ## Measure a category router by neighbours, from few labels and on unnamed traffic (a quarter of an hour).
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.labels

bench-merge: .venv/.dev ## Measure what merges of two demo experts keep, and what fewer bits cost.
	@$(BIN)/python -m deploy.demo.training merges
	@$(BIN)/python -m deploy.demo.training variants

bench-swap: .venv/.dev ## Measure swaps, and ten and more experts on one slot, on real vLLM.
	@$(BIN)/python -m bench.swap

bench-prefetch: .venv/.dev ## Measure prefetching, priors and fewer bits, on and off, on real vLLM and by values.
	@$(BIN)/python -m bench.prefetch

bench-registry: .venv/.dev ## Measure edits of the registry: a thousand experts, and two hundred edits under load.
	@$(BIN)/python -m bench.registry

bench-replay: .venv/.dev ## Play traces on real vLLM and in the simulator, and compare (two minutes).
	@$(BIN)/python -m bench.replay

bench-planner: .venv/.dev ## Measure plans of batches: a million requests, the optimum of small ones, others' orders (minutes).
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.planner

bench-policy: .venv/.dev ## Measure the residency policy against others' in simulated time (minutes of one core).
	@$(BIN)/python -m bench.policy

bench-routing: .venv/.dev ## Measure the routers on recorded answers: make bench-routing ANSWERS=folder
	@BENCH_ANSWERS=$(ANSWERS) OMP_NUM_THREADS=1 $(BIN)/python -m bench.routing

bench-caches: .venv/.dev ## Measure kept answers, on and off, like questions by threshold, and what routes take (five minutes).
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.caches

bench-batch: .venv/.dev ## Measure batches: by plan beside others, in stages, beside callers, and what kills do (an hour).
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.batch

bench-compositions: .venv/.dev ## Measure the compositions, on real vLLM and recorded answers: make bench-compositions ANSWERS=folder
	@BENCH_ANSWERS=$(ANSWERS) OMP_NUM_THREADS=1 $(BIN)/python -m bench.compositions

conformance: .venv/.dev ## Hold the service against its own document, and against its bars of operation (minutes).
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.conformance

bench-soak: .venv/.dev ## Measure 100,000 requests through two gateways while everything fails around them (a quarter of an hour).
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.soak

gpu-check: ## On a machine with a GPU and vllm: put what is claimed of sleep to the test: make gpu-check [GPU_PYTHON=...]
	@$(GPU_PYTHON) -m bench.gpu_check

bench-placement: .venv/.dev ## Measure homes by observed load, on and off, in simulated time.
	@$(BIN)/python -m bench.placement

clean: ## Remove what was installed and made.
	rm -rf .venv .venv-litellm console/node_modules build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Thin verbs; what needs logic is in scripts/. `make` alone lists them.
# ARGS reaches pytest: make unit ARGS='-k breaker'

UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .tools/uv/bin/uv)
BIN := .venv/bin
MEMBERS := $(wildcard pyproject.toml */pyproject.toml functions/*/pyproject.toml tests/kit/pyproject.toml)
PURE := */asynctaskflow/errors.py,*/asynctaskflow/model/*,*/asynctaskflow/resilience/*,*/asynctaskflow/scaling/*,*/asynctaskflow_operator/rules/*,*/asynctaskflow_operator/manifests/*
CLUSTER := $(BIN)/python -m asynctaskflow_testkit.kubernetes
DASHBOARD := api/src/asynctaskflow_api/static/dashboard/index.html
DASHBOARD_SOURCES := $(shell find dashboard -name node_modules -prune -o -path dashboard/build -prune -o -path dashboard/e2e -prune \
	-o -path dashboard/test-results -prune -o -type f -print)

.DEFAULT_GOAL := help
.PHONY: help install run demo test coverage unit integration chaos e2e
.PHONY: dashboard dashboard-if-possible dashboard-types dashboard-test screenshots
.PHONY: cluster-build cluster-up cluster-shell cluster-down lint fix typecheck bench bench-cluster lock build clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

install: .venv/.dev ## everything that development needs, into .venv
	@scripts/system-packages.sh test

run: .venv/.run dashboard-if-possible ## the whole system on this machine, with the samples; stays up until Ctrl-C
	$(BIN)/atf up --demo

demo: .venv/.run dashboard-if-possible ## the same, but ends after both samples: exit 0 means that it works
	$(BIN)/atf demo

test: coverage dashboard-test chaos ## everything that this machine can run, e2e included; in one line what it cannot, and why
	@scripts/system-packages.sh cluster
	@if why=$$($(CLUSTER).providers 2>&1); then $(MAKE) --no-print-directory e2e; else echo "left out, tests/e2e: $$why"; fi

coverage: install ## unit and integration tests, with coverage
	$(BIN)/pytest --cov --cov-report=term $(ARGS)
	$(BIN)/coverage report --include='$(PURE)' --fail-under=100

dashboard: $(DASHBOARD) ## build the dashboard into the API's package, where Node is

# To look at the system must not need npm's registry.
dashboard-if-possible:
	@$(MAKE) --no-print-directory $(DASHBOARD) || echo "no dashboard: it could not be built; the API runs without it"

dashboard-types: .venv/.dev ## write what the dashboard knows of the API, for your editor
	@scripts/dashboard.sh types

dashboard-test: install ## rules, unit tests and browser tests of the dashboard
	@scripts/dashboard.sh test

screenshots: install ## every screen of the dashboard, light and dark, into docs/screenshots
	@scripts/dashboard.sh screenshots

unit: .venv/.dev ## tests that need no server
	$(BIN)/pytest tests/unit $(ARGS)

integration: install ## tests on real servers, started on loopback
	$(BIN)/pytest tests/integration $(ARGS)

chaos: install ## fault tests with an outside ledger, time-compressed
	$(BIN)/pytest tests/chaos $(ARGS)

e2e: install ## the product on a real cluster: of --k8s-kubeconfig, kind, or one that is started here
	@scripts/system-packages.sh cluster
	$(BIN)/pytest tests/e2e $(ARGS)

cluster-build: .venv/.dev ## what a cluster of our own is made of: Kubernetes' programs and our images, into the user's cache
	@scripts/system-packages.sh cluster
	@$(CLUSTER) binaries && $(CLUSTER).images

cluster-up: .venv/.dev ## a cluster on this machine with the product installed (root on Debian, Go)
	@scripts/system-packages.sh cluster
	@$(CLUSTER).playground

cluster-shell: ## a shell in that cluster's network, with kubectl and helm
	@$(CLUSTER) exec -- $${SHELL:-bash}

cluster-down: ## remove that cluster
	@$(CLUSTER) down

lint: .venv/.dev ## formatting, rules, import contracts
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/lint-imports

fix: .venv/.dev ## format, and repair what ruff can repair
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

typecheck: .venv/.dev ## mypy, strict
	$(BIN)/mypy

bench: install .venv-bench/.bench ## ours beside its peers, one table; BENCH_JSON=file writes the figures too
	BENCH_JSON='$(BENCH_JSON)' $(BIN)/python -m benchmarks $(ARGS)

bench-cluster: install ## on a real cluster: scaling from zero, API writes, bursts, many Functions; beside their goals
	@scripts/system-packages.sh cluster
	BENCH_JSON='$(BENCH_JSON)' $(BIN)/python -m benchmarks.cluster $(ARGS)

lock: $(filter .tools/%,$(UV)) ## resolve anew and write locks/*.txt
	scripts/lock.sh $(UV)

build: .venv/.dev $(DASHBOARD) ## a wheel per member, into dist/
	rm -rf dist && $(UV) build --quiet --all-packages --wheel --no-build-isolation --python $(BIN)/python
	@ls dist

clean: ## remove what the other targets made
	rm -rf .venv .venv-bench .tools dist build htmlcov .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf $(dir $(DASHBOARD)) dashboard/node_modules dashboard/build dashboard/test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(DASHBOARD): $(DASHBOARD_SOURCES)
	@scripts/dashboard.sh build

.tools/uv/bin/uv: locks/bootstrap.txt
	scripts/bootstrap-uv.sh

.venv/.run: locks/local.txt $(MEMBERS) | $(filter .tools/%,$(UV))
	scripts/install.sh $(UV) run
	@scripts/system-packages.sh run

.venv/.dev: locks/dev.txt $(MEMBERS) | $(filter .tools/%,$(UV))
	scripts/install.sh $(UV) dev

.venv-bench/.bench: locks/bench.txt .venv/.dev
	scripts/install.sh $(UV) bench

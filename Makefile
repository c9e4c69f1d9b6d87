# Two commands do everything: `make demo` and `make test`. Each installs what is missing and says so.
SHELL := /bin/bash
export PATH := $(HOME)/.cargo/bin:$(PATH)

.PHONY: help demo test matrix lint bench bench-fleet clean-demo clean-tests

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: ## Run everything on this machine, without credentials, with a page in the browser
	@scripts/setup build
	cargo run --locked --features demo -- demo $(ARGS)

test: ## Run the whole test suite
	@scripts/setup build browser django api pooler
	@scripts/test

matrix: ## Run the tests on real fleets against other versions of PostgreSQL: VERSIONS="14 16 17 18"
	@scripts/setup build node django api pooler
	@scripts/matrix $(or $(VERSIONS),14 16 17 18)

lint: ## Format, clippy and documentation, all warnings denied
	@scripts/setup build
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --all-features --no-deps --document-private-items

bench: ## Measure latency, throughput and memory beside the smallest discord.js bot
	@scripts/setup build node
	@benches/run

bench-fleet: ## Measure what it costs to audit fleets of tenants, beside its peers: SIZES="100 1000"
	@scripts/setup build peers
	cargo build --locked --release -p signalbox-tenants --examples
	@benches/fleet/bench $(or $(SIZES),100 1000)
	@benches/fleet/watch $(or $(SIZES),100 1000)

clean-demo: ## Forget what the demo stored
	rm -rf .signalbox

clean-tests: ## Forget the databases that tests have kept
	rm -rf /dev/shm/signalbox-test-* "$${TMPDIR:-/tmp}"/signalbox-test-*

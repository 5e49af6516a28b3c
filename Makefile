# Chatterbox. `make run` and `make test` do all the set-up they need; `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run client check format test programs test-rust test-clients test-web test-traces test-browser test-engines test-soak test-infra test-deploy
.PHONY: test-docs soak simulation mutants properties lint clippy deny build package reproducible template account doctor synth diff deploy
.PHONY: deploy-code destroy cost
# These are folders too.
.PHONY: book bench bench-aws verify-aws instructions scale compare attack fuzz

FUNCTIONS := connect disconnect default notify revoke
# What the functions are built for: arm64 or x86_64. This machine's own needs no other Rust target.
ARCH ?= $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64)
TOOLS := $(CURDIR)/.tools
# Where cargo and cargo-lambda put what they build.
TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
# Another deployment: a JSON file with settings, in place of infra/settings.ts.
SETTINGS ?=
# Its path from the root, for programs that run in infra/, in quotation marks: it may have blanks. $(abspath) takes each word for a path.
quoted = '$(subst ','\'',$(1))'
SETTINGS_FILE = $(call quoted,$(if $(SETTINGS),$(if $(filter /%,$(firstword $(SETTINGS))),,$(CURDIR)/)$(SETTINGS)))
# Reads the settings and refuses them here, where it costs a second, rather than after a build.
ASK = cd infra && node --no-warnings --import tsx
GIVEN = $(SETTINGS_FILE) $(call quoted,$(ARCH))
CDK = cd infra && CDK_DISABLE_CLI_TELEMETRY=1 node_modules/.bin/cdk --no-notices \
  $(if $(SETTINGS),-c settings=$(SETTINGS_FILE)) -c architecture=$(ARCH)
USERS ?= 10000
UPDATES ?= 4
HOURS ?= 2
BODY ?= 200
TOPICS ?= 1
HEARTBEAT ?= 4
OBSERVABILITY ?= free
say = @printf '\n\033[1m%s\033[0m\n'

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

run: ## build the functions and the local system, and run it on this machine with a demo page; needs Rust and a C compiler only
	$(say) "Building the functions and the local system. The first time takes some minutes: the AWS SDK is large."
	cargo build --locked --package chatter $(FUNCTIONS:%=--package %)
	$(say) "Starting. Ctrl-C ends it."
	@exec target/debug/chatter local $(ARGS)

client: web/node_modules ## build the browser client into web/dist
	$(say) "Building the browser client."
	npm --prefix web run build

check: programs format clippy web/node_modules ## what to run after a change: format, lints, unit, end-to-end and client tests; a minute once built
	$(say) "Testing the crates, and the whole system with the real programs."
	cargo test --locked --workspace --lib --bins --test rooms --test tables --test traces --test e2e
	$(say) "Checking and testing the browser client."
	npm --prefix web run check
	npm --prefix web test

test: test-docs test-rust test-clients test-web test-traces test-browser test-engines test-soak test-infra test-deploy instructions ## run all tests, the browser's too, after installing what they need
	$(say) "All tests passed."

# The programs that tests run. All Rust tests are built by the same selection of packages, since cargo compiles the AWS SDK
# again for each selection that needs other features of its dependencies.
programs:
	$(say) "Building the programs and their tests. The first time takes some minutes: the AWS SDK is large."
	cargo build --locked --workspace --bins --tests

test-rust: programs
	$(say) "Testing the crates and the whole system with the real programs."
	cargo test --locked --workspace

test-docs: tests/docs/node_modules examples/node_modules web/node_modules
	$(say) "Checking the documents: links, pictures and examples."
	npm --prefix tests/docs test
	npm --prefix examples run check

book: tests/docs/node_modules $(TOOLS)/bin/mdbook ## build the documents as a book, into target/book
	$(say) "Building the book."
	mkdir -p target/mermaid
	cp tests/docs/node_modules/mermaid/dist/mermaid.min.js target/mermaid/
	$(TOOLS)/bin/mdbook build
	@echo "target/book/index.html"

test-clients: programs $(TOOLS)/venv-clients/bin/pytest examples/node_modules
	$(say) "Testing the gateway with clients that others wrote, and with functions of all kinds."
	crates/gateway/tests/clients/install-firefox
	cd crates/gateway/tests/clients && PYTHONDONTWRITEBYTECODE=1 timeout 600 $(TOOLS)/venv-clients/bin/python -m pytest

test-web: web/node_modules
	$(say) "Checking and testing the browser client."
	npm --prefix web run check
	npm --prefix web test

test-traces: programs web/node_modules
	$(say) "Writing the model's runs as traces: every transition, and random runs. A minute."
	target/debug/traces target/traces
	$(say) "Playing them on the browser client; and the mistakes that they must catch in it."
	TRACES=$(CURDIR)/target/traces node --test web/test/traces.test.mjs
	$(say) "Playing them on core, and on the page in Rust."
	TRACES=$(CURDIR)/target/traces cargo test --locked --workspace --test traces
	$(say) "Building core with mistakes that the traces must catch."
	node --test tests/simulation/mistakes/core.test.mjs

test-browser: programs tests/browser/node_modules examples/node_modules web/node_modules
	$(say) "Testing in headless Chromium."
	tests/harness/install-chromium
	npm --prefix tests/browser test

test-engines: programs tests/engines/node_modules web/node_modules
	$(say) "Testing in three engines: Chromium, Firefox and WebKitGTK."
	tests/harness/install-chromium
	tests/harness/install-engines
	npm --prefix tests/engines test

test-soak: programs web/node_modules tests/browser/node_modules
	$(say) "A short soak: many clients in chaos."
	tests/harness/install-chromium
	npm --prefix tests/soak test

simulation: ## run seeds of the simulated system: SEEDS=1000000, or SEED=17 alone, which tells all that happens
	$(say) "Simulating. The first time it compiles the AWS SDK once more, optimized."
	cargo run --locked --quiet --profile simulation --package simulation -- $(if $(SEED),--seed $(SEED),$(or $(SEEDS),10000))

properties: ## try every parser that meets strangers with many random inputs: CASES=10000
	$(say) "Trying."
	PROPTEST_CASES=$(or $(CASES),10000) cargo test --locked --package properties

# What libFuzzer needs to see which branches an input takes, on every toolchain. With --target, since the programs that cargo runs
# while it builds must not have it.
COVERAGE := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing
fuzz: ## let libFuzzer look for an input that breaks a parser (fuzz/README.md): TARGET=event TIME=60
	@[[ -f "fuzz/fuzz_targets/$(or $(TARGET),event).rs" ]] || \
	  { echo "TARGET must be one of: $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))" >&2; exit 1; }
	$(say) "Building the target. The first time takes some minutes: all that it calls is built with what counts its branches."
	cp Cargo.lock fuzz/Cargo.lock
	host=$$(rustc -vV | sed -n 's/^host: //p') && \
	  RUSTFLAGS="$(COVERAGE)" cargo build --quiet --manifest-path fuzz/Cargo.toml --target "$$host" \
	    --target-dir target/fuzz --bin $(or $(TARGET),event) && \
	  mkdir -p target/fuzz/corpus/$(or $(TARGET),event) && cd tests/properties && \
	  "$(CURDIR)/target/fuzz/$$host/debug/$(or $(TARGET),event)" -max_total_time=$(or $(TIME),60) -rss_limit_mb=4096 \
	    -artifact_prefix="$(CURDIR)/target/fuzz/" "$(CURDIR)/target/fuzz/corpus/$(or $(TARGET),event)" corpus/$(or $(TARGET),event)

mutants: $(TOOLS)/bin/cargo-mutants ## make every small mistake in core, and count how many its tests and the traces catch (ONLY=tables/updates.rs tries one file)
	$(say) "Making hundreds of mistakes in core. Half an hour or more."
	CARGO_MUTANTS=$< node tests/mutants/mutants.mjs $(ONLY)

soak: programs web/node_modules tests/browser/node_modules ## minutes of chaos with hundreds of clients; prints what was lost (0)
	tests/harness/install-chromium
	npm --prefix tests/soak start

test-infra: infra/node_modules $(TOOLS)/venv-infra/bin/cfn-lint
	$(say) "Testing what is deployed: the template and its settings."
	npm --prefix infra run check
	npm --prefix infra test

test-deploy: programs infra/node_modules examples/node_modules $(TOOLS)/venv-infra/bin/cfn-lint $(TOOLS)/venv/bin/cargo-lambda
	$(say) "Deploying to an emulator of AWS with the real binaries."
	cargo build --locked --workspace --example issue
	cd tests/deploy && PYTHONDONTWRITEBYTECODE=1 timeout 1800 $(TOOLS)/venv-infra/bin/python -m pytest -n 2

web/node_modules tests/browser/node_modules tests/engines/node_modules infra/node_modules bench/node/node_modules tests/docs/node_modules examples/node_modules: %/node_modules: %/package-lock.json
	$(say) "Installing the npm packages of $*."
	npm --prefix $* ci --no-audit --no-fund
	@touch $@

bench: bench/node/node_modules web/node_modules $(TOOLS)/venv-infra/bin/cfn-lint ## measure everything, in docs/benchmarks.md (SECTIONS="notify sync" prints those)
	$(say) "Building everything as it is deployed. The first time takes a quarter of an hour."
	npm --prefix bench/node run build
	cargo build --locked --release $(FUNCTIONS:%=--package %)
	cargo build --locked --release --package chatterbox-gateway --package chatter --package bench
	$(say) "Measuring. Leave the machine alone meanwhile."
	target/release/bench $(SECTIONS)

bench-aws: account $(TOOLS)/venv-infra/bin/cfn-lint ## measure a deployed stack: STACK=Chatterbox ROUNDS=10; needs credentials and a region
	$(TOOLS)/venv-infra/bin/python bench/aws.py $(or $(STACK),Chatterbox) $(or $(ROUNDS),10)

verify-aws: account $(TOOLS)/venv-infra/bin/cfn-lint ## deploy to AWS under a name of its own, try it, measure it, and destroy it, for docs/verified.md: some cents, said first (YES=1 does not ask)
	@cd tests/deploy && PYTHONDONTWRITEBYTECODE=1 $(TOOLS)/venv-infra/bin/python -u -m verify

instructions: ## count the instructions of the hot paths; RECORD=1 records them, on purpose
	$(say) "Counting instructions."
	bench/install-valgrind
	cargo build --locked --release --package bench --bin bench-instructions
	target/release/bench-instructions $(if $(RECORD),--record)

format:
	cargo fmt --all --check

clippy:
	$(say) "Checking lints."
	cargo clippy --locked --workspace --all-targets -- -D warnings

lint: deny format clippy web/node_modules ## check format, lints, documentation, licences and types
	$(say) "Checking documentation and types."
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items
	npm --prefix web run check

deny: $(TOOLS)/bin/cargo-deny
	$(say) "Checking licences, sources and advisories."
	$(TOOLS)/bin/cargo-deny --workspace check bans licenses sources
	@if timeout 120 $(TOOLS)/bin/cargo-deny --workspace fetch db >/dev/null 2>&1; \
	  then $(TOOLS)/bin/cargo-deny --workspace check advisories; \
	  else echo "advisories: skipped, their database cannot be reached from here"; fi

build: $(TOOLS)/venv/bin/cargo-lambda ## build the functions for Lambda (ARCH=arm64 or x86_64) and check that they can be deployed
	@$(if $(and $(filter 1,$(words $(ARCH))),$(filter arm64 x86_64,$(ARCH))),:,echo "ARCH must be arm64 or x86_64." >&2; exit 1)
	$(say) "Building the functions for Lambda on $(ARCH). The first time takes minutes, on two busy cores a quarter of an hour: each program is optimized as a whole."
	PATH="$(TOOLS)/venv/bin:$$PATH" cargo lambda build --locked --release $(if $(filter arm64,$(ARCH)),--arm64,--x86-64) $(FUNCTIONS:%=--package %)
	$(say) "Checking that each can be deployed: a dry run, which sends nothing."
	for function in $(FUNCTIONS); do \
	  PATH="$(TOOLS)/venv/bin:$$PATH" cargo lambda deploy --dry --binary-name $$function chatterbox-$$function; \
	done

package: ## zip the functions' programs for Lambda, for deployments without CDK (ARCH=arm64 or x86_64)
	@$(MAKE) --no-print-directory build
	$(say) "Zipping the programs. Beside them, the file parameters has their keys for the template of make template."
	@$(TOOLS)/venv/bin/python infra/bin/package.py $(TARGET_DIR)/lambda $(ARCH) $(TARGET_DIR)/package/$(ARCH)

# In the same folder, one after the other, since a build's folder may be in its programs.
reproducible: ## build the functions twice from nothing, and compare the zips and the template byte for byte; a quarter of an hour
	@rm -rf "$(TARGET_DIR)/reproducible"
	@for build in first second; do \
	  $(MAKE) --no-print-directory package template CARGO_TARGET_DIR="$(TARGET_DIR)/reproducible/target"; \
	  mv "$(TARGET_DIR)/reproducible/target/package" "$(TARGET_DIR)/reproducible/$$build"; \
	  rm -rf "$(TARGET_DIR)/reproducible/target"; \
	done
	@diff -rq "$(TARGET_DIR)/reproducible/first" "$(TARGET_DIR)/reproducible/second"
	@echo "Both builds are the same, byte for byte."

template: infra/node_modules ## write the stack as a plain CloudFormation template, for deployments without CDK (SETTINGS=other.json)
	@$(ASK) bin/template.ts "$(TARGET_DIR)/package/chatterbox.template.json" $(GIVEN)

# Settings that fit together, a region, credentials: whatever goes to AWS asks for them first.
account: infra/node_modules
	@$(ASK) bin/account.ts $(GIVEN)

doctor: infra/node_modules ## ask this machine and the account, in seconds, whatever could fail a deployment minutes later
	$(say) "What a deployment needs: ✔ is there, ✖ is missing, ! is to be known, ? is not to be found out."
	@$(ASK) bin/doctor.ts $(GIVEN)

# Only the template goes to standard output.
synth: ## build the functions, and print the CloudFormation template that make deploy would deploy, by infra/settings.ts (SETTINGS=other.json)
	@$(MAKE) --no-print-directory infra/node_modules >&2
	@$(ASK) bin/settings.ts $(GIVEN) >/dev/null
	@$(MAKE) --no-print-directory build >&2
	@$(CDK) synth

# Only the differences go to standard output. By the templates alone: a change set would need rights to deploy.
diff: ## print what make deploy would change, by infra/settings.ts (SETTINGS=other.json); needs credentials that may read the stack
	@$(MAKE) --no-print-directory account build >&2
	@$(CDK) diff --ci --method=template

deploy: doctor ## deploy to AWS, by infra/settings.ts (SETTINGS=other.json); needs credentials and a region
	@$(MAKE) --no-print-directory build
	$(say) "Deploying."
	$(CDK) deploy --require-approval never
	@$(ASK) bin/deploy-code.ts put-back $(GIVEN)

deploy-code: ## replace the program of one function (FN=notify) and nothing else of it
	@$(if $(and $(filter 1,$(words $(FN))),$(filter $(FUNCTIONS),$(FN))),:,echo "FN must be one of: $(FUNCTIONS)" >&2; exit 1)
	@$(MAKE) --no-print-directory account $(TOOLS)/venv/bin/cargo-lambda
	@$(ASK) bin/deploy-code.ts check $(GIVEN) $(FN)
	PATH="$(TOOLS)/venv/bin:$$PATH" cargo lambda build --locked --release $(if $(filter arm64,$(ARCH)),--arm64,--x86-64) --package $(FN)
	@$(ASK) bin/deploy-code.ts mark $(GIVEN) $(FN)
	stack=$$($(ASK) bin/settings.ts $(GIVEN)) && \
	  PATH="$(TOOLS)/venv/bin:$$PATH" cargo lambda deploy --binary-name $(FN) "$$stack-$(FN)"

destroy: account ## take the stack away, but for the tables that are kept
	$(CDK) destroy

cost: infra/node_modules ## estimate a month's costs, and those of floods: USERS=10000 UPDATES=4 HOURS=2 BODY=200 TOPICS=1 HEARTBEAT=4 OBSERVABILITY=free
	@$(ASK) cost/main.ts "$(USERS)" "$(UPDATES)" "$(HOURS)" "$(BODY)" "$(TOPICS)" "$(HEARTBEAT)" "$(OBSERVABILITY)"

scale: ## a million sockets against AWS's limits: prints the tables of docs/scale.md
	$(say) "Simulating. This takes half a minute."
	cargo run --locked --quiet --package scale -- docs/scale.md

attack: programs ## play the floods of docs/under-attack.md against the local system with the real functions, and print what each takes: ATTEMPTS=1000
	$(say) "Attacking: two worlds for each of six floods. Two to three minutes."
	@target/debug/attack $(or $(ATTEMPTS),1000)

compare: programs ## put what tutorials show and Chatterbox through the same chaos, and print what each loses: SEED=1 SECONDS=20
	$(say) "Comparing: $(or $(SECONDS),20) seconds of chaos for each of the two, and then as long as the pages need to come to rest."
	@target/debug/compare --seed $(or $(SEED),1) --seconds $(or $(SECONDS),20)

$(TOOLS)/venv-infra/bin/cfn-lint: tests/deploy/requirements.txt tests/deploy/constraints.txt
	$(say) "Installing the emulator and its clients into .tools."
	python3 -m venv --clear $(TOOLS)/venv-infra
	$(TOOLS)/venv-infra/bin/pip install --quiet -r tests/deploy/requirements.txt -c tests/deploy/constraints.txt
	@touch $@

$(TOOLS)/venv-clients/bin/pytest: crates/gateway/tests/clients/requirements.txt crates/gateway/tests/clients/constraints.txt
	$(say) "Installing WebSocket clients into .tools."
	python3 -m venv --clear $(TOOLS)/venv-clients
	$(TOOLS)/venv-clients/bin/pip install --quiet -r $< -c $(word 2,$^)
	@touch $@

$(TOOLS)/bin/mdbook:
	$(say) "Installing mdBook into .tools. This takes some minutes once."
	cargo install mdbook --locked --version 0.5.4 --root $(TOOLS)

# Without optimizations, since it runs for two seconds and is compiled in half the time.
$(TOOLS)/bin/cargo-deny:
	$(say) "Installing cargo-deny into .tools. This takes a minute or two once."
	cargo install cargo-deny --debug --locked --version 0.20.2 --root $(TOOLS)

$(TOOLS)/bin/cargo-mutants:
	$(say) "Installing cargo-mutants into .tools. This takes some minutes once."
	cargo install cargo-mutants --locked --version 27.1.0 --root $(TOOLS)

$(TOOLS)/venv/bin/cargo-lambda:
	$(say) "Installing cargo-lambda into .tools."
	python3 -m venv --clear $(TOOLS)/venv
	$(TOOLS)/venv/bin/pip install --quiet cargo-lambda==1.9.2

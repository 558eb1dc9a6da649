# `make demo` shows what this does, `make test` proves it, `make check` keeps it tidy. Each makes the virtual
# environment it needs; nothing but Rust, CPython >= 3.10 and make has to be there before.

PYTHON ?= python3
# The oldest and the newest CPython found, on both of which the one wheel must pass.
PYTHONS ?= $(shell $(PYTHON) scripts/interpreters.py)
BUILD := .build
WHEEL_DIR := $(BUILD)/wheel
TESTING_DIR := $(BUILD)/wheel-testing
TOOLS := $(BUILD)/tools
LINT := $(BUILD)/lint
CARGO_TARGET_DIR ?= target
export CARGO_TARGET_DIR

SOURCES := Cargo.toml Cargo.lock pyproject.toml $(shell find src python -type f -not -name '*.so' -not -path '*/__pycache__/*')

COLLECTION := python/ansible_collections/infosecops/secops
PYTHON39 ?= $(shell $(PYTHON) scripts/interpreters.py 3.9)
# Current releases of ansible-core want the newest.
ANSIBLE_PYTHON ?= $(lastword $(PYTHONS))

# For each target of `make fuzz`.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))

.PHONY: demo test test-rust test-python test-ansible test-py39 wheel-py39 check check-rust check-python notebooks matrix soak bench fuzz wheel clean

demo: $(TESTING_DIR)/stamp
	$(PYTHON) scripts/venv.py $(BUILD)/demo --python $(PYTHON) --wheel $(TESTING_DIR)
	$(BUILD)/demo/bin/python -m infosecops demo

test: test-rust test-python test-ansible

# The core and the sandbox build and pass without any Python.
test-rust:
	@if cargo nextest --version >/dev/null 2>&1; then \
		cargo nextest run --cargo-profile testing --no-default-features --features fuzzing --no-fail-fast; \
	else \
		cargo test --profile testing --no-default-features --features fuzzing --no-fail-fast; \
	fi

test-python: $(TESTING_DIR)/stamp
	$(PYTHON) scripts/pytest_on.py --build $(BUILD) --wheel $(TESTING_DIR) $(PYTHONS) -- $(PYTEST_ARGS)

# The collection: its units, real playbooks against the sandbox, and what Ansible's own tools say of it.
test-ansible: $(TESTING_DIR)/stamp
	$(PYTHON) scripts/venv.py $(BUILD)/ansible --python $(ANSIBLE_PYTHON) --wheel $(TESTING_DIR) --group ansible
	$(BUILD)/ansible/bin/python -m pytest -q $(COLLECTION)/tests/unit
	$(BUILD)/ansible/bin/python -m pytest -q -n 2 --confcutdir tests/ansible $(PYTEST_ARGS) tests/ansible
	$(BUILD)/ansible/bin/python scripts/ansible_checks.py $(BUILD)/ansible-home

# The wheel for hosts that have nothing newer than CPython 3.9, such as enterprise Linux 9. Not part of CI's `make test`.
test-py39: $(TOOLS)/stamp test-ansible
	rm -rf $(BUILD)/wheel-py39-testing
	$(TOOLS)/bin/maturin build --profile testing --locked --features py39 --out $(BUILD)/wheel-py39-testing
	$(PYTHON) scripts/venv.py $(BUILD)/test-3.9 --python $(PYTHON39) --wheel $(BUILD)/wheel-py39-testing --group test --group notebook
	$(BUILD)/test-3.9/bin/python -m pytest -q $(PYTEST_ARGS)
	TARGET_PYTHON=$(abspath $(BUILD))/test-3.9/bin/python $(BUILD)/ansible/bin/python -m pytest -q -n 2 \
		--confcutdir tests/ansible tests/ansible/test_examples.py

check: check-rust check-python

# All of one profile, so that nothing of the libraries is built twice.
check-rust:
	cargo fmt --check
	cargo clippy --profile testing --all-targets -- -D warnings
	cargo clippy --profile testing --all-targets --no-default-features -- -D warnings
	cargo clippy --profile testing --all-targets --no-default-features --features fuzzing -- -D warnings
	$(PYTHON) scripts/counts.py
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check bans licenses sources; else echo "cargo-deny is not installed: skipped"; fi

check-python: $(TESTING_DIR)/stamp
	$(PYTHON) scripts/venv.py $(LINT) --python $(PYTHON) --wheel $(TESTING_DIR) --group lint --group test
	$(LINT)/bin/ruff format --check .
	$(LINT)/bin/ruff check .
	$(LINT)/bin/mypy python/infosecops scripts tests/typing_sample
	$(LINT)/bin/pyright --pythonpath $(LINT)/bin/python
	$(LINT)/bin/python -m mypy.stubtest infosecops --allowlist tests/stubtest_allowlist.txt
	$(LINT)/bin/python scripts/doc_examples.py

# The notebooks of examples/: tidied, run, and rendered to docs/notebooks.
notebooks: $(TESTING_DIR)/stamp
	$(PYTHON) scripts/venv.py $(BUILD)/notebooks --python $(PYTHON) --wheel $(TESTING_DIR) --group notebook
	$(BUILD)/notebooks/bin/python scripts/notebooks.py

# What every operation does with every fault, written to docs/matrix.md.
matrix: $(TESTING_DIR)/stamp
	$(PYTHON) scripts/venv.py $(BUILD)/matrix --python $(PYTHON) --wheel $(TESTING_DIR)
	$(BUILD)/matrix/bin/python scripts/matrix.py

# The long forms of the tests on processes, signals, asyncio, threads, load and reviews; writes docs/reliability.md.
soak: $(TESTING_DIR)/stamp
	$(PYTHON) scripts/venv.py $(BUILD)/soak --python $(PYTHON) --wheel $(TESTING_DIR) --group test
	$(BUILD)/soak/bin/python scripts/soak.py --write $(PYTEST_ARGS)

# Side by side with the clients that people use instead; not part of CI. BENCH_ARGS="--quick", "--only get,jobs", ...
bench: wheel
	CARGO_TARGET_DIR=$(BUILD)/bench/rust cargo build --release --locked --manifest-path benches/rust/Cargo.toml
	$(PYTHON) scripts/venv.py $(BUILD)/bench/venv --python $(PYTHON) --wheel $(WHEEL_DIR) --group bench --each
	$(PYTHON) scripts/venv.py $(BUILD)/bench/niquests --python $(PYTHON) --requirement niquests --each
	$(BUILD)/bench/venv/bin/python benches/run.py $(BENCH_ARGS)

# Needs the nightly toolchain and cargo-fuzz. What is found new stays outside the tree; an input that fails is left in
# `fuzz/artifacts`. Without the address sanitizer: there is no unsafe code below the bindings.
fuzz:
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p $(BUILD)/fuzz/$$target; \
		cargo +nightly fuzz run --sanitizer none --target-dir $(abspath $(BUILD))/fuzz-target $$target \
			$(abspath $(BUILD))/fuzz/$$target $(abspath fuzz/corpus)/$$target \
			-- -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 || exit 1; \
	done

# The wheel that people install.
wheel: $(TOOLS)/stamp
	rm -rf $(WHEEL_DIR)
	$(TOOLS)/bin/maturin build --release --locked --out $(WHEEL_DIR)

wheel-py39: $(TOOLS)/stamp
	rm -rf $(BUILD)/wheel-py39
	$(TOOLS)/bin/maturin build --release --locked --features py39 --out $(BUILD)/wheel-py39

# The same wheel, built in a fraction of the time, for tests and demo.
$(TESTING_DIR)/stamp: $(TOOLS)/stamp $(SOURCES)
	rm -rf $(TESTING_DIR)
	$(TOOLS)/bin/maturin build --profile testing --locked --out $(TESTING_DIR)
	@touch $@

$(TOOLS)/stamp:
	$(PYTHON) scripts/venv.py $(TOOLS) --python $(PYTHON) --requirement "maturin>=1.9,<2"
	@touch $@

clean:
	rm -rf $(BUILD)
	cargo clean

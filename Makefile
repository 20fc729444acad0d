# The front door. Meson and Ninja do the work; ./setup brings what is missing. `make` alone says what there is.
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60

ready := third_party/.ready
plain := build/meson
sanitized := build/sanitize

# A leak, a wrong access or undefined behaviour ends the test that does it.
sanitizers := \
	ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1 \
	UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

.PHONY: help demo test build lint bench fuzz race install clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: build ## audit a real campaign, write the report, say where it is
	@tools/demo

test: $(plain)/build.ninja $(sanitized)/build.ninja ## build plain and with sanitizers, run all tests in both
	@tools/compile $(plain)
	@ln -sfn meson/evenhand build/evenhand
	@tools/compile $(sanitized)
	@rm -f $(plain)/meson-logs/testlog.json $(sanitized)/meson-logs/testlog.json
	@echo '== tests, plain build'
	@meson test -C $(plain) --no-rebuild --print-errorlogs || true
	@echo '== tests, address and undefined behaviour sanitizers'
	@$(sanitizers) meson test -C $(sanitized) --no-rebuild --print-errorlogs --timeout-multiplier 5 --no-suite looks || true
	@tools/test-summary $(plain)/meson-logs/testlog.json $(sanitized)/meson-logs/testlog.json

build: $(plain)/build.ninja ## build the program: build/evenhand
	@tools/compile $(plain) evenhand
	@ln -sfn meson/evenhand build/evenhand

lint: $(ready) ## clang with all warnings, walls between rooms, scripts, man pages, lengths
	@tools/lint

bench: build ## measure against DuckDB alone and other fairness tools: bench/run
	@bench/run
	@bench/policy
	@bench/ledger
	@bench/data --write
	@bench/scan --write

fuzz: $(ready) ## run every fuzz target for FUZZ_SECONDS (60)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tools/fuzz

race: $(ready) ## run what uses threads under ThreadSanitizer
	@tools/configure build/thread --buildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false -Dwerror=false
	@tools/compile build/thread tests/test_ledger_ledger tests/test_store_store tests/test_rights_records tests/test_rights_index tests/test_rights_snapshot
	@TSAN_OPTIONS=halt_on_error=1 meson test -C build/thread --no-rebuild --print-errorlogs ledger_ledger store_store rights_records rights_index rights_snapshot

install: build ## install into PREFIX (/usr/local), below DESTDIR if given
	@meson configure $(plain) -Dprefix=$(abspath $(PREFIX)) >/dev/null
	@tools/compile $(plain) evenhand
	@DESTDIR=$(DESTDIR) meson install -C $(plain) --no-rebuild --quiet
	@echo 'installed below $(DESTDIR)$(abspath $(PREFIX))'

clean: ## remove all that was built (third_party/ stays)
	@rm -rf build

$(ready): setup setup.lock
	@./setup
	@touch $@

$(plain)/build.ninja: | $(ready)
	@tools/configure $(plain) --buildtype=release -Db_ndebug=false

# Sanitizers make gcc see uninitialised variables where there are none: warnings stop the other builds, not this one.
$(sanitized)/build.ninja: | $(ready)
	@tools/configure $(sanitized) --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false \
	    -Dwerror=false

# Hone. `make` alone lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup build demo test format lint docs keys bench fixtures install clean
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PREFIX ?= /usr/local
HONE := .build/release/hone
TORCH := $(or $(TORCH_HOME),$(CURDIR)/.deps/torch)
# What the documentation is built for: every library that others can import.
LIBRARIES := HoneCore HoneText HoneModels HoneInference HoneTraining HoneRewards HoneStore Torch
# Tests of deadlines and processes run after those that compute, which would take the cores from them, and
# few at a time: each starts programs of its own, and a deadline says nothing where thirty of them queue.
TIMED_TESTS := HoneRewardsTests|EndToEndTests
TIMED_TESTS_AT_ONCE := 4
# What computes otherwise on processors without AVX-512 bf16. There libtorch makes the products.
PORTABLE_TESTS := ^(TorchTests|HoneModelsTests|HoneInferenceTests|HoneTrainingTests)
# The generators of fixtures; the other files beside them are their parts.
FIXTURES := tensors quantization models sampling objective tokenizer_fixtures templates datasets_files \
	datasets_strange rewards guide similarity mathematics json_schema
SWIFT_FOLDERS := Package.swift Sources Tests Benchmarks

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## fetch what the machine lacks (libtorch, system packages, a Python environment)
	@Tools/setup

build: setup ## the release program, .build/release/hone
	swift build -c release --static-swift-stdlib --product hone

demo: build ## train the included model on Countdown and show it before and after
	Recipes/countdown/demo

# Tests run side by side, so each computes on one thread: threads of one operation that have to wait for
# each other while others take the cores lose far more than they gain.
test: setup ## every check: format, layers, pages, unit and end-to-end tests, documentation
	$(MAKE) --no-print-directory lint
	swift build --build-tests
	OMP_NUM_THREADS=1 Tools/run-tests --skip '$(TIMED_TESTS)'
	HONE_INSTRUCTION_SET=avx2 OMP_NUM_THREADS=1 Tools/run-tests --filter '$(PORTABLE_TESTS)'
	OMP_NUM_THREADS=1 SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TIMED_TESTS_AT_ONCE) \
		Tools/run-tests --again-alone --filter '$(TIMED_TESTS)'
	$(MAKE) --no-print-directory docs

format: ## rewrite the Swift sources in the project's format
	swift format --in-place --recursive --parallel $(SWIFT_FOLDERS)

lint: ## format, layers, shim and pages, checked only
	swift format lint --strict --recursive --parallel $(SWIFT_FOLDERS)
	Tools/check-layers
	Tools/check-shim
	Tools/check-pages

docs: setup ## the DocC documentation, in .build/docs; warnings are errors
	Tools/check-docs $(LIBRARIES)

bench: build ## speed beside TRL and beside the hardware's limit
	Tools/setup fixtures
	Benchmarks/run

fixtures: setup ## make the reference values of the tests again (needs the Python libraries)
	Tools/setup fixtures
	for generator in $(FIXTURES); do \
		echo "$$generator"; \
		HF_HUB_OFFLINE=1 .deps/fixtures-venv/bin/python "Tools/fixtures/$$generator.py"; \
	done

keys: setup ## write Docs/Keys.md from the declarations
	HONE_WRITE_PAGES=1 swift test --filter KeysPageTests

install: build ## copy the program and its libraries to PREFIX (default /usr/local)
	Tools/install "$(HONE)" "$(TORCH)" "$(DESTDIR)$(PREFIX)"

clean: ## remove what was built; fetched dependencies stay in .deps
	rm -rf .build

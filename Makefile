# Everything that a person or CI runs. The virtual environment is made from the pinned files in requirements/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help install lint test demo bench lock clean
.DEFAULT_GOAL := help

help: ## Show what can be made
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

install: $(STAMP) ## Make .venv with everything that the project needs
$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

lint: $(STAMP) ## Check style, types, layers, settings and the pipeline file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci .gitlab-ci.yml
	$(BIN)/sectionbot config check

test: $(STAMP) ## Run the whole suite
	$(BIN)/pytest -n $${TEST_WORKERS:-2} --dist worksteal

demo: $(STAMP) ## Watch the bot at work on a local GitLab emulator (ACT=incident|triage|retrospectives|initiatives; KEEP=1 leaves it running)
	$(BIN)/python -m tests.demo.demo $(if $(ACT),--act $(ACT)) $(if $(KEEP),--keep)

bench: $(STAMP) ## Measure requests, seconds and memory (PART=opening|deliveries|sweep|triage|initiatives|help)
	$(BIN)/python -m tests.bench.bench $(PART)

lock: $(STAMP) ## Pin the newest versions of all dependencies, with hashes
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile -q --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links --no-header --strip-extras --no-annotate -o requirements/run.txt pyproject.toml
	$(BIN)/pip-compile -q --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links --no-header --strip-extras --no-annotate --extra dev -o requirements/dev.txt pyproject.toml

clean: ## Remove what was made
	rm -rf $(VENV) .mypy_cache .ruff_cache build *.egg-info

# What a user and a developer type. Uses .venv/bin where it exists, else what is on the path.

BIN = $(shell [ -x .venv/bin/python ] && echo .venv/bin/)

.DEFAULT_GOAL := help
.PHONY: help install develop tools lock demo pictures quick test fuzz lint format bench

help:     ## this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

install:  ## backprop into .venv, for who uses it
	python3 -m venv .venv
	.venv/bin/python -m pip install -e . -c .requirements-dev.txt
	.venv/bin/python -m compileall -q backpropcli  # a shell that forbids Python to keep bytecode starts as fast

develop: install  ## the same with the developers' tools
	.venv/bin/python -m pip install -e '.[dev]' -c .requirements-dev.txt

tools:    # the developers' tools, where they are missing
	@$(BIN)python -c 'import hypothesis, jsonschema, pytest, ruff, mypy, xdist' 2>/dev/null || $(MAKE) develop

demo:     ## the network of the lecture: values and gradients, every step, and the check
	$(BIN)backprop run examples/lecture.yaml
	$(BIN)backprop run examples/lecture.yaml --steps
	$(BIN)backprop check examples/lecture.yaml

quick: tools  ## the tests of a minute: all that are not slow
	$(BIN)python -m pytest -q -n auto -m 'not slow'

test: tools   ## all tests, on all cores
	$(BIN)python -m pytest -n auto

lint: tools   ## style, form and types
	$(BIN)ruff check .
	$(BIN)ruff format --check .
	$(BIN)mypy

format: tools ## Python files in the one form that lint asks for
	$(BIN)ruff check --fix --select I .
	$(BIN)ruff format .

fuzz: tools   ## nonsense of every kind, for an hour (FUZZ_MINUTES=60)
	$(BIN)python -W ignore -m tests.fuzz

bench: tools  ## speed and memory beside other tools, in one run
	$(BIN)python -m tests.benchmarks

pictures: ## the README's pictures, made from the real program
	$(BIN)python examples/pictures/make.py

lock:     ## the pinned development environment, renewed
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-annotate --quiet \
		--custom-compile-command 'make lock' -o .requirements-dev.txt

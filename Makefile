# What a developer types. Uses .venv/bin where it exists, else what is on the path.

BIN := $(if $(wildcard .venv/bin/python),.venv/bin/,)

.DEFAULT_GOAL := help
.PHONY: help install lock demo pictures test fuzz lint bench

help:     ## this list
	@grep -E '^[a-z]+: ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

install:  ## the package and its tools into .venv
	python3 -m venv .venv
	.venv/bin/python -m pip install -e '.[dev]' -c .requirements-dev.txt
	.venv/bin/python -m compileall -q backpropcli  # a shell that forbids Python to keep bytecode starts as fast

lock:     ## the pinned development environment, renewed
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-annotate --quiet \
		--custom-compile-command 'make lock' -o .requirements-dev.txt

demo:     ## the network of the lecture: values and gradients, every step, and the check
	$(BIN)backprop run examples/lecture.yaml
	$(BIN)backprop run examples/lecture.yaml --steps
	$(BIN)backprop check examples/lecture.yaml

pictures: ## the README's pictures, made from the real program
	$(BIN)python examples/pictures/make.py

test:     ## all tests
	$(BIN)python -m pytest

fuzz:     ## nonsense of every kind, for an hour (FUZZ_MINUTES=60)
	$(BIN)python -W ignore -m tests.fuzz

lint:     ## style and types
	$(BIN)ruff check .
	$(BIN)ruff format --check .
	$(BIN)mypy

bench:    ## speed and memory beside other tools, in one run
	$(BIN)python -m tests.benchmarks

# Every check has one command, and CI runs the same ones. `make demo` and `make test` need only Python 3.11+.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
.DEFAULT_GOAL := help

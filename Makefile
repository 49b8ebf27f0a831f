# Deep Learning for Sequences. `make help` lists the targets; each does its own set-up.
# Works with GNU make 3.81 (macOS) and later. Windows: see the pip lines in README.md.

SHELL := /bin/sh
BIN := .venv/bin
PYTHON_RUN := $(BIN)/python
STAMP := .venv/.installed
BOOK := _build/html/index.html
JOBS ?= 2

export TF_CPP_MIN_LOG_LEVEL := 3
export TF_ENABLE_ONEDNN_OPTS ?= 1
export PYTHONUTF8 := 1

# A relative COURSEPKG_DATA would mean another folder inside each notebook: make it absolute.
ifneq ($(strip $(COURSEPKG_DATA)),)
override COURSEPKG_DATA := $(shell cd "$(COURSEPKG_DATA)" 2>/dev/null && pwd \
  || case "$(COURSEPKG_DATA)" in (/*) echo "$(COURSEPKG_DATA)";; \
     (*) echo "$(CURDIR)/$(COURSEPKG_DATA)";; esac)
export COURSEPKG_DATA
endif

.DEFAULT_GOAL := help
.PHONY: help setup book test check lint lab serve outputs results results-check \
	case-studies bench lock clean need-chapter

help:  ## show this list
	@echo "make book             build the book and print its address"
	@echo "make test             run every test: code, notebooks, book"
	@echo "make check            the fast part of it: lint, types, unit tests, notebooks as data"
	@echo "make lint             style and types only"
	@echo "make lab              open the chapters in JupyterLab"
	@echo "make serve            build the book and serve it on http://127.0.0.1:8000"
	@echo "make outputs CH=12    run one notebook and store its outputs (also CH=case-ridership,"
	@echo "                      CH=solutions/11, CH=all)"
	@echo "make results CH=12    run the recorded experiments of one notebook over five seeds"
	@echo "make results-check    run one row of every recorded experiment again"
	@echo "make case-studies     run the case studies on the real data (COURSEPKG_DATA)"
	@echo "make bench            measure what the book says about speed"
	@echo "make lock             renew requirements/lock.txt"
	@echo "make clean            remove what was built, keep the environment"

setup: $(STAMP)
	@:

$(STAMP): requirements/lock.txt pyproject.toml tools/setup.sh
	@sh tools/setup.sh

book: setup
	@$(PYTHON_RUN) tools/book.py

serve: book
	@echo "http://127.0.0.1:8000 (stop with Ctrl-C)"
	@$(PYTHON_RUN) -m http.server 8000 --bind 127.0.0.1 --directory _build/html

lab: setup
	$(BIN)/jupyter lab chapters

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/pytest -q -n $(JOBS) --dist loadfile
	$(PYTHON_RUN) tools/notebooks.py test --jobs $(JOBS)

check: lint
	$(BIN)/pytest -q -n $(JOBS) --dist loadfile -m "not slow"

need-chapter:
	@test -n "$(CH)" || { echo "Name a notebook: make $(MAKECMDGOALS) CH=12" >&2; exit 2; }

outputs: need-chapter setup
	@$(PYTHON_RUN) tools/notebooks.py outputs $(CH)

results: need-chapter setup
	@COURSEPKG_SEEDS=$${COURSEPKG_SEEDS:-0,1,2,3,4} $(PYTHON_RUN) tools/notebooks.py results $(CH)

results-check: setup
	@$(PYTHON_RUN) tools/notebooks.py results-check $(CH)

case-studies: setup
	@$(PYTHON_RUN) tools/notebooks.py run "case-*"

bench: setup
	@for file in benchmarks/*.py; do echo "== $$file"; $(PYTHON_RUN) $$file || exit 1; done

lock: setup
	@$(PYTHON_RUN) tools/lock.py

clean:
	rm -rf _build build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Everything happens in the virtual environment .venv; remove it with `make clean`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test lint types clean

help:
	@echo "make demo    install the package, solve the embedded example and write demo.html"
	@echo "make test    install the package with everything that the tests need, and run all of them"
	@echo "make lint    check style (ruff) and types (mypy)"
	@echo "make clean   remove the virtual environment and what building left"
	@echo
	@echo "PYTHON=python3.12 chooses another interpreter; it needs Python 3.11 or newer."

demo: $(VENV)/installed
	$(BIN)/vrp solve data/example.json --time 5 --map demo.html
	@echo "Open demo.html in a browser."

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/installed-dev types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The links show mypy the folders under the names that they are installed as.
LINKED := $(filter-out vrp/__pycache__,$(patsubst %/,%,$(wildcard vrp/*.py vrp/*/ solvers/ data/ baselines/))) vrp/py.typed

types: $(VENV)/installed-dev
	@rm -rf .typecheck && mkdir -p .typecheck/vrp
	@ln -s $(addprefix ../../,$(LINKED)) .typecheck/vrp/
	$(BIN)/mypy

clean:
	rm -rf $(VENV) .typecheck build dist *.egg-info

# What is installed is remembered in stamp files, so that the commands start at once the second time.
$(VENV)/installed: pyproject.toml setup.py | $(BIN)/python
	$(PIP) install --editable .
	@touch $@

$(VENV)/installed-dev: pyproject.toml setup.py | $(BIN)/python
	$(PIP) install --editable '.[dev]'
	@touch $@ $(VENV)/installed

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name it: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is $$($(PYTHON) -V 2>&1), but 3.11 or newer is needed. Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

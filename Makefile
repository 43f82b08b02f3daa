# Everything happens in the virtual environment .venv; remove it with `make clean`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

define DEMO
import vrp
solution = vrp.solve(vrp.data.example(), time_limit=5)
print(solution)
print("written:", solution.map("demo.html"))
endef
export DEMO

.PHONY: help demo test lint types clean python

help:
	@echo "make demo    install the package, solve the embedded example and write demo.html"
	@echo "make test    install the package with everything that the tests need, and run all of them"
	@echo "make lint    check style (ruff) and types (mypy)"
	@echo "make clean   remove the virtual environment and what building left"
	@echo
	@echo "make test installs torch. Where pip would bring a build for CUDA (gigabytes), take one for the CPU instead by giving"
	@echo "pip the index of such builds: PIP_EXTRA_INDEX_URL=<index> make test"
	@echo
	@echo "PYTHON=python3.12 chooses another interpreter; it needs Python 3.11 or newer."

demo: $(VENV)/installed
	@$(BIN)/python -c "$$DEMO"

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

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
$(VENV)/installed: pyproject.toml setup.py | python
	$(PIP) install --editable .
	@touch $@

$(VENV)/installed-dev: pyproject.toml setup.py | python
	$(PIP) install --editable '.[dev]'
	@touch $@ $(VENV)/installed

# Makes the environment once. What is missing is said in one sentence, and so is another interpreter than asked for.
python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found. $(ANOTHER)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is $$($(PYTHON) -V 2>&1), but 3.11 or newer is needed. $(ANOTHER)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@[ "$(origin PYTHON)" = file ] || [ "$$($(PYTHON) -V)" = "$$($(BIN)/python -V)" ] || \
		{ echo "$(VENV) was made with another Python than $(PYTHON). Run \`make clean\` first." >&2; exit 1; }

ANOTHER = Install Python 3.11 or newer, or name it: make PYTHON=python3.12 $(MAKECMDGOALS)

# Every target sets up .venv by itself. Python 3.11 or newer; another one: make test PYTHON=python3.12
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# PyTorch is the second oracle: gigabytes on most machines, so only where it is asked for.
comma := ,
EXTRAS := dev$(if $(GRADEKIT_REQUIRE_ORACLE),$(comma)oracle)

# One thread per process: the arrays are small, and the tests already use every core.
export OPENBLAS_NUM_THREADS ?= 1
# The kernel of this environment, not one that was installed for the user.
export JUPYTER_PREFER_ENV_PATH := 1
export PATH := $(CURDIR)/$(BIN):$(PATH)
# What hundreds of processes import is compiled once.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all attacks versions verify packages lint docs bench coverage clean

demo: .venv/ready-grader
	$(BIN)/gradekit demo

test: .venv/ready-$(subst $(comma),-,$(EXTRAS))
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

test-all: .venv/ready-$(subst $(comma),-,$(EXTRAS))
	$(BIN)/python -m pytest -n auto --dist worksteal

# Every attack, handed in as a few classes; `make test` runs them too.
attacks: .venv/ready-dev
	$(BIN)/python -m pytest -n auto tests/attacks

# The solutions and the quick tests with the lowest Python and numpy that are promised, and with the newest of both. Needs the
# Pythons and an index, and takes its time: no part of `make test`. Another pair: .ci/versions python3.12 'numpy==2.0.*'
versions:
	.ci/versions python3.11 'numpy==1.26.*'
	.ci/versions $(or $(NEWEST),python3.13) numpy

# Every assignment's hidden tests: about a minute each on two cores.
verify: .venv/ready-dev
	for assignment in $(notdir $(wildcard source/*)); do $(BIN)/gradekit verify $$assignment || exit 1; done

# The table of docs/reference/packages.md: the packages that courses use most, in real calls, in an environment of their own.
packages:
	test -x .venv-packages/bin/python || $(PYTHON) -m venv .venv-packages
	.venv-packages/bin/python -m pip install --quiet -r tests/packages/requirements.txt '.[grader]'
	.venv-packages/bin/python tests/packages/table.py --write

lint: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The documentation as a site, in build/docs: offline, a warning is an error. Its tables are made from the code first.
docs: .venv/ready-docs
	$(BIN)/python docs/make_reference.py --write
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env -b html docs build/docs

bench: .venv/ready-dev
	$(BIN)/python -m pytest tests/bench -q -s -p no:randomly

# Branch coverage of gradekit/ by `make test`, in percent; pyproject.toml says what is left out.
coverage: .venv/ready-dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto --dist worksteal -m "not slow"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

.venv/ready-%: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gradekit needs Python 3.11 or newer: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --no-compile --editable '.[$(subst -,$(comma),$*)]'
	$(BIN)/python -m compileall -qq -j 0 .venv/lib || true  # as pip would, with every core; some packages bring templates
	touch $@

clean:
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .mypy_cache .coverage .coverage.*

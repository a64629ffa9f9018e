# Two commands: `make run` and `make test`. Both need Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
PORT ?= 8000
PY = .venv/bin/python
# Where the tests run, and on how many processes.
WORKERS ?= auto

.PHONY: run test check format requirements clean
.DEFAULT_GOAL := help

help:
	@echo "make run [PORT=8765]   the site on this machine, with demo, worker and mailbox"
	@echo "make test              style, types, import rules and every test, browsers included"
	@echo "make check             the same without the tests"
	@echo "make format            put the code in order"
	@echo "make requirements      pin and hash the dependencies of pyproject.toml afresh"

run: .venv/ready
	@PORT=$(PORT) exec $(PY) manage.py run --port $(PORT)

test: check
	@$(PY) -m tests.chromium
	$(PY) -m pytest -n $(WORKERS)

check: .venv/ready
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/djade --check $$(find templates -name '*.html')
	$(PY) manage.py makemigrations --check --dry-run
	.venv/bin/lint-imports --no-cache
	.venv/bin/mypy

format: .venv/ready
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	-.venv/bin/djade $$(find templates -name '*.html')

# Debian keeps the module that makes virtual environments in a package of its own.
.venv/ready: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=…")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; } \
		|| { echo "Python's venv module is missing. Install it (Debian: sudo apt install python3-venv) and try again."; exit 1; }
	@echo "Installing into .venv …"
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch .venv/ready

requirements: .venv/ready
	.venv/bin/pip-compile --quiet $(COMPILE) pyproject.toml -o requirements/base.txt
	.venv/bin/pip-compile --quiet $(COMPILE) --extra dev -c requirements/base.txt pyproject.toml -o requirements/dev.txt

COMPILE = --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

clean:
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis

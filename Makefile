# make serve: set up and start.  make test: set up and run all tests.  Both need Python 3.11 or newer and nothing else.

PYTHON ?= $(shell sh scripts/find_python.sh)
BIN := .venv/bin

.PHONY: screenshots serve viewer test lint bench openapi docs contact-sheet clean

serve: .venv/.installed
	@$(BIN)/isocenter migrate
	@$(BIN)/isocenter viewer status || echo "Here, that is: make viewer"
	@exec $(BIN)/isocenter serve

# Add the OHIF viewer; npm fetches its package, unless it is given: make viewer TARBALL=ohif-app-3.13.2.tgz
viewer: .venv/.installed
	@$(BIN)/isocenter viewer install $(TARBALL)

test: .venv/.installed-dev
	@sh scripts/install_system_packages.sh
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal $(TESTS)

lint: .venv/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.installed-dev
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.dimse
	$(BIN)/python -m benchmarks.conversion
	$(BIN)/python -m benchmarks.pages

contact-sheet: .venv/.installed-dev
	$(BIN)/python scripts/make_contact_sheet.py

screenshots: .venv/.installed-dev
	@sh scripts/install_system_packages.sh
	$(BIN)/python scripts/make_screenshots.py

openapi docs: .venv/.installed-dev
	$(BIN)/python scripts/write_$@.py

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/.installed: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --editable .
	@touch $@

.venv/.installed-dev: pyproject.toml .venv/.installed
	$(BIN)/pip install --quiet --group dev
	@touch $@

.venv/bin/python:
	@sh scripts/create_venv.sh "$(PYTHON)"

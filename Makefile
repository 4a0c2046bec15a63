# make demo   the whole road, with people who do not exist, in ./demo
# make test   every test
# make check  lint, types, layers
# make lock   the locked requirements again, after a change of pyproject.toml
# make images the pictures of the README
.PHONY: demo test check lock images clean
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin

demo: .venv/demo.ok
	$(BIN)/deepthink demo demo

test: .venv/dev.ok
	sh scripts/tools.sh
	$(BIN)/python -m pytest

check: .venv/dev.ok
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/demo.ok: requirements/train.txt pyproject.toml scripts/setup.sh
	sh scripts/setup.sh "$(PYTHON)" requirements/train.txt $@

.venv/dev.ok: requirements/dev.txt pyproject.toml scripts/setup.sh
	sh scripts/setup.sh "$(PYTHON)" requirements/dev.txt $@
	touch .venv/demo.ok

lock: .venv/dev.ok
	$(BIN)/pip install --quiet uv
	sh scripts/lock.sh

images: .venv/dev.ok
	$(BIN)/python scripts/images.py

clean:
	rm -rf .venv demo

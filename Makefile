# make demo   run the whole journey and open demo/index.html afterwards
# make test   every test; installs what it needs
# make check  format, lint, types, import contracts, generated files current
# make bench  our speed beside a peer in the same run
# make bench-statistics  the estimators beside lifelines, scikit-survival, statsmodels and R: about an hour
# make soak   long runs: coverage of intervals, large files, every kill
# make serve  the portal on this computer

PY := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Compiled modules are kept even where the environment says otherwise: see tools/bootstrap.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench bench-statistics soak serve lock format

demo:
	@tools/bootstrap requirements/demo.txt
	@tools/fetch_all_table
	@$(PY) -m harmony demo

test:
	@tools/bootstrap requirements/all.txt
	@tools/install_test_components
	@tools/fetch_all_table
	@$(PY) -m pytest -n 2 --dist loadscope

check:
	@tools/bootstrap requirements/all.txt
	@$(PY) -m ruff format --check src tests tools benchmarks
	@$(PY) -m ruff check src tests tools benchmarks
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@$(PY) tools/concepts.py --check
	@$(PY) tools/reference.py --check
	@$(PY) tools/notation_pages.py --check
	@$(PY) tools/measured.py --check
	@$(PY) tools/agreement.py --check

bench:
	@tools/bootstrap requirements/all.txt
	@for file in benchmarks/*.py; do echo "== $$file"; $(PY) $$file || exit 1; done

# R is measured where it is installed: apt-get install r-base-core r-cran-survival r-cran-cmprsk
bench-statistics:
	@tools/bootstrap requirements/all.txt
	@$(PY) benchmarks/statistics/run.py

soak:
	@tools/bootstrap requirements/all.txt
	@tools/install_test_components
	@tools/fetch_all_table
	@$(PY) -m pytest -m soak -s

serve:
	@tools/bootstrap requirements/demo.txt
	@echo "The portal stands at http://127.0.0.1:8321 ; end it with Ctrl-C." >&2
	@$(PY) -m harmony serve --network demo/network

format:
	@$(PY) -m ruff format src tests tools benchmarks
	@$(PY) -m ruff check --fix src tests tools benchmarks

# For who changes dependencies: writes the lock files again (needs uv).
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --no-python-downloads --generate-hashes \
	  --no-header --extra portal --extra demo -o requirements/demo.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --no-python-downloads --generate-hashes \
	  --no-header --all-extras -c requirements/demo.txt -o requirements/all.txt

# DeepSense. Type `make` for the list of commands. Works with GNU make 3.81 and newer.
.DEFAULT_GOAL := help
.PHONY: help book pdf student instructor test test-gpu lab chapter data bench lint format links clean

# The first Python from 3.11 to 3.13; name another one with PYTHON=...
PYTHON ?= $(shell for p in .venv/bin/python python3 python3.12 python3.11 python3.13 python; do \
	if "$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
	then echo "$$p"; break; fi; done)
PY := .venv/bin/python
WORKERS ?= 2
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout 600
INSTALL = @test -n "$(PYTHON)" || { echo "found no Python 3.11, 3.12 or 3.13; install one, or say where it is: make $@ PYTHON=/path/to/python" >&2; exit 1; }; "$(PYTHON)" tools/install.py

# One thread per process: two on busy cores are slower and change the last digits.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export TF_CPP_MIN_LOG_LEVEL ?= 2

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

book: ## build the site from the stored outputs (no frameworks needed)
	$(INSTALL) book
	@$(PY) tools/build_book.py

pdf: ## print the whole book as a PDF (needs LaTeX: xelatex and latexmk)
	$(INSTALL) book pdf
	@$(PY) tools/build_pdf.py

student: ## write the chapters without solutions to _build/student
	$(INSTALL) book
	@$(PY) tools/exercises.py student _build/student

instructor: ## write the chapters with the solutions filled in to _build/instructor
	$(INSTALL) book
	@$(PY) tools/exercises.py instructor _build/instructor

test: ## install all, then lint, unit tests, exercises, all chapters, the site in a browser
	$(INSTALL) book run test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pytest -n $(WORKERS) --dist loadfile -m "not browser" tests
	$(PY) -m pytest -n $(WORKERS) --dist loadfile $(NBVAL) chapters
	$(PY) tools/build_book.py
	$(PY) -m pytest -n $(WORKERS) --dist load -m browser -rs tests/book

test-gpu: ## run all chapters on the GPU, one after the other (CHAPTERS="spectrum ..." for some)
	$(INSTALL) run test
	TF_FORCE_GPU_ALLOW_GROWTH=true $(PY) tools/test_gpu.py $(CHAPTERS)

lab: ## open the chapters in JupyterLab
	$(INSTALL) run
	$(PY) -m jupyter lab --notebook-dir=.

chapter: ## run one chapter and store its outputs: make chapter NAME=spectrum
	$(INSTALL) run test
	@test -n "$(NAME)" || { echo "which chapter? make chapter NAME=spectrum" >&2; exit 1; }
	$(PY) tools/run_chapter.py $(NAME)

data: ## rebuild the shipped data from their sources
	$(INSTALL) run maintain
	$(PY) tools/build_data.py

bench: ## compare speeds with other libraries
	$(INSTALL) run test bench
	$(PY) -m benchmarks

lint: ## check style without changing anything
	$(INSTALL) test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

format: ## bring the code into the house style
	$(INSTALL) test
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

links: ## try every link that leaves the book (needs the network)
	$(INSTALL) book
	@$(PY) -c "from jupyter_book.cli.main import main; main()" build . --builder linkcheck

clean: ## remove everything that was built, but keep .venv
	rm -rf _build .pytest_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -not -path "./.venv/*" -prune -exec rm -rf {} +

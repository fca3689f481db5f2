# Every target only calls .ci/project.py, which also runs where there is no make:
#   py .ci\project.py demo        (Windows)
# More words for a task: make test ARGS="-k workbook"

PYTHON ?= python3
TASKS := bench clean demo format lab lint lock notebooks setup test types

.PHONY: help $(TASKS)

help:
	@$(PYTHON) .ci/project.py --help

$(TASKS):
	@$(PYTHON) .ci/project.py $@ $(ARGS)

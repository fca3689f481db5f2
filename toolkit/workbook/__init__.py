"""The officer's Excel: write the template, read it back, mark what is wrong in a copy of it."""

from __future__ import annotations

from toolkit.workbook.marking import mark
from toolkit.workbook.reading import Reading, read
from toolkit.workbook.references import Resolution, resolve
from toolkit.workbook.template import write_template

__all__ = ["Reading", "Resolution", "mark", "read", "resolve", "write_template"]

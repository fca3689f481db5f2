"""The report: facts first (:mod:`toolkit.report.facts`), then the page that shows them."""

from __future__ import annotations

from toolkit.report.facts import facts_of, write_facts_json
from toolkit.report.html import report_page, write_report

__all__ = ["facts_of", "report_page", "write_facts_json", "write_report"]

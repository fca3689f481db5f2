"""The report: facts first (:mod:`toolkit.report.facts`), then the page that shows them."""

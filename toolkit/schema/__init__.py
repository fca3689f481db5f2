"""Table contracts: cells read forgivingly, every problem of every table at once."""

from __future__ import annotations

from toolkit.schema.checks import check_tables
from toolkit.schema.contracts import CONTRACTS, Column, Contract, empty
from toolkit.schema.faults import PLACE_COLUMNS
from toolkit.schema.parsing import Parsed, parse
from toolkit.schema.values import NUMBERS, as_numbers, as_text

__all__ = [
    "CONTRACTS",
    "NUMBERS",
    "PLACE_COLUMNS",
    "Column",
    "Contract",
    "Parsed",
    "as_numbers",
    "as_text",
    "check_tables",
    "empty",
    "parse",
]

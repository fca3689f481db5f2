"""Table contracts: cells read forgivingly, every problem of every table at once."""

from __future__ import annotations

from toolkit.schema.checks import check_tables
from toolkit.schema.contracts import CONTRACTS, Column, Contract, empty
from toolkit.schema.parsing import Parsed, parse

__all__ = ["CONTRACTS", "Column", "Contract", "Parsed", "check_tables", "empty", "parse"]

"""Table contracts: every problem of every table at once."""

from __future__ import annotations

from toolkit.schema.contracts import CONTRACTS, Column, Contract, empty

__all__ = ["CONTRACTS", "Column", "Contract", "empty"]

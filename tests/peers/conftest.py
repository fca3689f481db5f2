"""Tests against independent implementations (group ``peers`` of pyproject.toml).

They are skipped where a peer is not installed, unless MAILLAGE_REQUIRE_PEERS=1.
"""

from __future__ import annotations

import importlib
import os

if os.environ.get("MAILLAGE_REQUIRE_PEERS"):
    for _name in ("access", "ecomplexity", "ortools", "spopt"):
        importlib.import_module(_name)

collect_ignore = ["cp_sat_model.py"]  # no tests: it is read where OR-Tools is there

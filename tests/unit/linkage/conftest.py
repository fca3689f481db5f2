"""Records made by hand."""

from __future__ import annotations

import pandas as pd
import pytest

SIRET, OTHER_SIRET, SISTER_SIRET = "73282932000074", "40483304800022", "73282932000082"


@pytest.fixture
def record():
    """Return a function that makes a frame of records from rows, ids given if they lack one."""

    def make(*rows):
        named = [
            {"actor_id": f"r{place}", "name": "La Ruche", **row} for place, row in enumerate(rows)
        ]
        return pd.DataFrame(named)

    return make

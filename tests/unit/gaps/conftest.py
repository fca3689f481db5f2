"""Small tables by hand on the tiny territory: three communes in a row, 10 km apart."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture
def with_rows(tiny_territory):
    """Return a function that puts rows, given as dicts, into tables of the tiny territory."""

    def build(**tables):
        return tiny_territory.replace(
            **{name: pd.DataFrame(rows) for name, rows in tables.items() if rows}
        )

    return build

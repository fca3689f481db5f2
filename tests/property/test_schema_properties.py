"""What holds for any table: order is nothing, text is sacred, a hostile frame is a sentence."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from toolkit import language, schema
from toolkit import vocabulary as v
from toolkit.errors import ToolkitError
from toolkit.schema import CONTRACTS, identifiers
from toolkit.schema.cells import EMPTY_WORDS, parse_number, read
from toolkit.territory import Territory, complete

# Whole territories take a tenth of a second each: fewer of them.
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CALM = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
HOSTILE = [
    *("{{7*7}}", "{% raw %}", "${HOME}", "{0}", "%s"),
    *("</script>", "<img src=x onerror=alert(1)>", '=HYPERLINK("x")', "+1", "@SUM(A1)"),
    *("NR", "-", "nan", "#REF!", " espaces ", "a|b;c,d", "l\N{RIGHT SINGLE QUOTATION MARK}été"),
    *("\N{RIGHT-TO-LEFT OVERRIDE}", "🦊"),
]
COMMUNES = gpd.GeoDataFrame(
    {"commune_id": ["12001", "12002"], "name": ["Ici", "Là"], "cog_year": 2026},
    geometry=[
        box(600_000, 6_600_000, 610_000, 6_610_000),
        box(610_000, 6_600_000, 620_000, 6_610_000),
    ],
    crs=2154,
)
TEXT_COLUMNS = [
    (contract.table, column.name)
    for contract in CONTRACTS.values()
    for column in contract.columns
    if column.kind == "text"
]
cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(allow_nan=False),
    st.text(max_size=12),
    st.sampled_from(HOSTILE),
    st.binary(max_size=3),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.complex_numbers(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
    st.sampled_from(
        [
            pd.NA,
            pd.NaT,
            np.float64("nan"),
            np.int64(3),
            np.bool_(1),
            np.array([1, 2]),
            Point(0, 0),
            Decimal("NaN"),
        ]
    ),
    st.sampled_from(
        ["ess", "12001", "A1", "outside", "kg", "oui", "12,5", "2026-01-31", "73282932000074"]
    ),
)


@st.composite
def frames(draw, *, table, extra=True):
    """Draw a frame of a table with any cells in any columns, the user's own among them."""
    names = [column.name for column in CONTRACTS[table].columns if column.kind != "geometry"]
    chosen = draw(st.lists(st.sampled_from(names), unique=True, max_size=6))
    if extra:
        chosen += draw(
            st.lists(st.sampled_from(["maison", "_row", "{{x}}", 3]), unique=True, max_size=2)
        )
    count = draw(st.integers(min_value=0, max_value=4))
    data = {}
    for name in chosen:
        column = np.empty(count, dtype="object")
        for place in range(count):
            column[place] = draw(cells)
        data[name] = column
    return pd.DataFrame(data, index=pd.RangeIndex(count))


def refusal(tables):
    """Return in words, in both languages, why tables make no territory; nothing if they do."""
    try:
        Territory.from_tables(tables, name="x")
    except ToolkitError as err:
        return [
            str(err),
            *(line for lang in ("fr", "en") for line in language.error_text(err, lang=lang)),
        ]
    return []


def facts(problems):
    return sorted(
        (one.table, one.row, one.column, one.code, one.found, sorted(map(str, one.params.items())))
        for one in problems
    )


# --- text ---------------------------------------------------------------------------------------
@CALM
@given(words=st.text(min_size=1), where=st.sampled_from(TEXT_COLUMNS))
@example(words="{{''.__class__}}", where=("actors", "name"))
@example(words="=HYPERLINK(1)", where=("practices", "title"))
@example(words="{% include %}", where=("actors", "name"))
@example(words="${jndi}", where=("actors", "address"))
@example(words="</script>", where=("needs", "label"))
def test_any_text_in_a_cell_of_text_is_kept_letter_for_letter(words, where):
    assume(words.strip())
    table, column = where
    parsed = schema.parse(table, pd.DataFrame({column: [words]}))
    assert parsed.problems == ()
    assert parsed.frame[column].tolist() == [words]


@pytest.mark.parametrize("words", HOSTILE)
def test_a_hostile_name_goes_through_the_door_untouched(words):
    actors = pd.DataFrame(
        {"actor_id": ["A1"], "name": words, "family": "ess", "commune_id": "12001", "note": words}
    )
    territory = Territory.from_tables({"communes": COMMUNES, "actors": actors}, name=words)
    assert territory.actors[["name", "note"]].iloc[0].tolist() == [words, words]
    assert territory.name == words


@CALM
@given(words=st.text(max_size=30))
def test_whatever_was_found_is_quoted_and_never_run(words):
    problems = schema.parse(
        "actors", pd.DataFrame({"jobs": [words], "family": [words], "siret": [words]})
    ).problems
    for problem in problems:
        for lang in ("fr", "en"):
            assert problem.found in language.problem_text(problem, lang=lang)


# --- order ----------------------------------------------------------------------------------------
@SLOW
@given(data=st.data(), table=st.sampled_from(v.TABLES[1:]))
def test_the_order_of_rows_does_not_change_the_problems(data, table):
    frame = data.draw(frames(table=table, extra=False))
    order = data.draw(st.permutations(range(len(frame))))
    try:
        one = schema.check_tables(complete({"communes": COMMUNES, table: frame}))
    except ToolkitError:
        return
    other = schema.check_tables(complete({"communes": COMMUNES, table: frame.iloc[list(order)]}))
    assert facts(one) == facts(other)


@SLOW
@given(order=st.permutations(range(6)), names=st.lists(st.text(max_size=5), min_size=6, max_size=6))
def test_the_order_of_rows_does_not_change_a_territory(order, names):
    actors = pd.DataFrame(
        {
            "actor_id": [f"A{place}" for place in range(6)],
            "name": "x",
            "family": ["ess", "business"] * 3,
            "commune_id": ["12001", "12002"] * 3,
            "jobs": [1.0, None] * 3,
            "note": names,
        }
    )
    assume(not any(mark in name for name in names for mark in map(chr, [*range(32), 127])))
    one = Territory.from_tables({"communes": COMMUNES, "actors": actors}, name="x")
    turned = {"communes": COMMUNES.iloc[::-1], "actors": actors.iloc[list(order)]}
    other = Territory.from_tables(turned, name="x")
    for name in v.TABLES:
        pd.testing.assert_frame_equal(
            pd.DataFrame(one.table(name)), pd.DataFrame(other.table(name))
        )
    pd.testing.assert_frame_equal(one.locations, other.locations)


# --- there and back ----------------------------------------------------------------------------
def value_of(column):
    """Return a strategy for sound values of a column."""
    kind = column.kind
    if kind in {"enum", "code"}:
        return st.sampled_from(sorted(schema.checks.known_codes(column)))
    if kind in {"enum_list", "code_list"}:
        some = st.lists(
            st.sampled_from(sorted(schema.checks.known_codes(column))),
            min_size=1,
            max_size=3,
            unique=True,
        )
        return some.map(v.join_list)
    if kind == "number":
        low, high = column.minimum, column.maximum
        return st.floats(min_value=low, max_value=high, allow_nan=False, allow_infinity=False)
    if kind == "integer":
        return st.integers(int(column.minimum or 0), int(column.maximum or 10**6))
    strategies = {
        "boolean": st.booleans(),
        "date": st.dates().map(dt.date.isoformat),
        "siret": st.just("73282932000074"),
        "siren": st.just("732829320"),
        "url": st.just("https://exemple.fr/a?b=1&c=2"),
        "id": st.from_regex(r"[A-Za-z][A-Za-z0-9:_.-]{0,8}", fullmatch=True),
        "reference": st.from_regex(r"[A-Z][A-Z0-9:_]{2,8}", fullmatch=True),
        "text": st.text(min_size=1, max_size=10).filter(str.strip),
    }
    return strategies[kind]


@CALM
@given(data=st.data(), contract=st.sampled_from(list(CONTRACTS.values())))
def test_what_was_written_is_read_back(data, contract):
    columns = [column for column in contract.columns if column.kind != "geometry"]
    row = {column.name: data.draw(value_of(column)) for column in columns}
    for column in columns:
        if column.kind in {"id", "reference"}:
            assume(str(row[column.name]).casefold() not in EMPTY_WORDS)
    first = schema.parse(contract.table, pd.DataFrame([row], dtype="object"))
    assert first.problems == ()
    assert {name: first.frame[name].iloc[0] for name in row} == row
    again = schema.parse(contract.table, first.frame.astype("object"))
    pd.testing.assert_frame_equal(again.frame[list(row)], first.frame[list(row)])


@CALM
@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_back_with_either_decimal_mark(number):
    assert parse_number(repr(number)) == number
    assert parse_number(repr(number).replace(".", ",")) == number


@CALM
@given(
    number=st.integers(min_value=0, max_value=10**12),
    mark=st.sampled_from([" ", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "'"]),
)
def test_thousands_are_read_back(number, mark):
    assert parse_number(f"{number:,}".replace(",", mark) + ",5") == number + 0.5


# --- identifiers ------------------------------------------------------------------------------
def with_check_digit(digits):
    return next(digits + last for last in "0123456789" if identifiers.is_luhn(digits + last))


sirens = st.from_regex(r"[1-9][0-9]{7}", fullmatch=True).map(with_check_digit)


@CALM
@given(siren=sirens, number=st.integers(1, 9999))
def test_a_siret_survives_every_dress(siren, number):
    siret = with_check_digit(f"{siren}{number:04d}")
    dressed = [
        siret,
        f"{siret[:3]}\N{NO-BREAK SPACE}{siret[3:9]}\N{NARROW NO-BREAK SPACE}{siret[9:]}",
    ]
    dressed += [f"{siret}.0", int(siret), float(siret)]
    assert {identifiers.clean_siret(cell) for cell in dressed} == {(siret, None)}


@CALM
@given(siren=sirens, place=st.integers(0, 8), change=st.integers(1, 9))
def test_one_wrong_digit_is_always_found(siren, place, change):
    wrong = siren[:place] + str((int(siren[place]) + change) % 10) + siren[place + 1 :]
    assert identifiers.clean_siren(wrong)[0] is None


@CALM
@given(siren=sirens, number=st.integers(1, 9999), kept=st.integers(1, 9))
def test_a_rounded_siret_is_never_taken_for_one(siren, number, kept):
    siret = with_check_digit(f"{siren}{number:04d}")
    rounded = siret[:kept] + "0" * (14 - kept)
    assert identifiers.clean_siret(rounded)[0] is None
    scientific = f"{float(siret):.{kept}E}"
    assert identifiers.clean_siret(scientific) == (None, "identifier_rounded")


# --- hostile ----------------------------------------------------------------------------------
@CALM
@given(data=st.data(), table=st.sampled_from(v.TABLES))
def test_any_raw_frame_is_parsed_into_the_types_of_its_contract(data, table):
    raw = data.draw(frames(table=table))
    parsed = schema.parse(table, raw)
    for column in CONTRACTS[table].columns:
        if column.name in parsed.frame and column.dtype != "str":
            assert parsed.frame[column.name].dtype == column.dtype
    for problem in (*parsed.problems, *parsed.notes):
        assert language.problem_text(problem, lang="fr")


@CALM
@given(
    cell=cells,
    where=st.sampled_from(
        [
            (table, one)
            for table, contract in CONTRACTS.items()
            for one in contract.columns
            if one.kind != "geometry"
        ]
    ),
)
def test_any_cell_is_read_or_refused_with_a_reason(cell, where):
    found = read(cell, where[1])
    assert not isinstance(found.value, float) or math.isfinite(found.value)
    if found.value is None:
        assert found.code == "" or found.code.islower()


@SLOW
@given(data=st.data(), table=st.sampled_from(v.TABLES))
def test_any_frame_makes_a_territory_or_an_error_in_words(data, table):
    frame = data.draw(frames(table=table))
    tables = {"communes": COMMUNES, table: frame}
    for sentence in refusal(tables):
        assert sentence


@SLOW
@given(
    shapes=st.lists(
        st.one_of(
            st.none(),
            st.builds(Point, st.floats(), st.floats()),
            st.sampled_from([Point(), Polygon(), Point(0, 0), Point(1.8, 46.5), Point(1, 2, 3)]),
            st.sampled_from([Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), box(0, 0, 1, 1)]),
        ),
        min_size=1,
        max_size=4,
    ),
    table=st.sampled_from([v.COMMUNES, v.ACTORS]),
    epsg=st.sampled_from([4326, 2154, 3857]),
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_any_geometry_makes_a_territory_or_an_error_in_words(shapes, table, epsg):
    count = len(shapes)
    ids = {
        v.COMMUNES: ("commune_id", [f"1200{place}" for place in range(count)]),
        v.ACTORS: ("actor_id", list("ABCD")[:count]),
    }
    name, values = ids[table]
    frame = gpd.GeoDataFrame(
        {name: values, "name": "x", "cog_year": 2026, "family": "ess"}, geometry=shapes, crs=epsg
    )
    if table == v.ACTORS:
        frame["commune_id"] = "12001"
    for sentence in refusal({"communes": COMMUNES, table: frame}):
        assert sentence

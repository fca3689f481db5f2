"""Whatever is written in an address, what is sent is plain, and nobody hidden is sent."""

from __future__ import annotations

import csv
import io

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from toolkit.sources.geocoding import (
    LONGEST,
    NOT_SENT,
    PLACED,
    Answer,
    Query,
    decide,
    read_answers,
    to_csv,
    to_queries,
    to_query,
)

PIECES = [
    *"\";,\n\t\u00a0\u202e'-\x00",
    "12",
    "rue",
    "du",
    "Port",
    "14000",
    "Caen",
    "=1+1",
    "@x",
    "l’É",
]
WORDS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from([*PIECES, "chez M. Petit", "CEDEX 4", "BP 7"]),
        max_size=9,
    ).map(" ".join),
)
CITIES = st.sampled_from(["Caen", "Saint-Lô", "L'Aigle", "Le Havre", ""])


@given(WORDS, CITIES)
def test_what_is_sent_is_plain(address, city):
    query = to_query(address, city=city, citycode="14118")
    if query is None:
        return
    cells = (query.address, query.postcode, query.city)
    assert len(query.address) <= LONGEST
    for cell in cells:
        assert all(sign.isalnum() or sign in " '’.-/" for sign in cell)
        assert cell == " ".join(cell.split())
        assert not cell or cell[0].isalnum()
    assert not query.postcode or (len(query.postcode) == 5 and query.postcode.isdigit())


@given(st.lists(st.tuples(WORDS, CITIES), max_size=8))
def test_the_file_that_is_sent_holds_what_is_asked(pairs):
    made = [to_query(address, city=city, citycode="14118") for address, city in pairs]
    queries = [query for query in made if query is not None]
    rows = list(csv.DictReader(io.StringIO(to_csv(queries).decode(), newline="")))
    assert [row["id"] for row in rows] == [str(place) for place in range(len(queries))]
    for row, query in zip(rows, queries, strict=True):
        back = Query(row["address"], row["postcode"], row["city"], row["citycode"])
        assert back == query


ROWS = st.builds(
    dict,
    address=st.one_of(st.none(), WORDS),
    located_by=st.sampled_from(["address", "commune", "none"]),
    diffusible=st.sampled_from([True, False, None]),
    natural_person=st.sampled_from([True, False, None]),
    legal_form=st.sampled_from(["1000", "9220", None]),
    name=st.sampled_from(["Atelier", "[ND]"]),
    commune_id=st.just("14118"),
)


@given(st.lists(ROWS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_every_actor_is_asked_for_or_left_for_a_reason_whatever_the_order(rows, random):
    frame = pd.DataFrame(rows).assign(actor_id=[f"A{place}" for place in range(len(rows))])
    asked = to_queries(frame, {"14118": "Caen"})
    assert set(asked.queries) | set(asked.left) == set(frame["actor_id"])
    assert not set(asked.queries) & set(asked.left)
    assert set(asked.left.values()) <= set(NOT_SENT)
    for row in frame.itertuples():
        if row.actor_id in asked.queries:
            assert row.diffusible is not False
            assert row.natural_person is not True
            assert row.legal_form != "1000"
            assert row.name != "[ND]"
            assert row.located_by != "address"
    order = list(range(len(rows)))
    random.shuffle(order)
    again = to_queries(frame.iloc[order], {"14118": "Caen"})
    assert (dict(again.queries), dict(again.left)) == (dict(asked.queries), dict(asked.left))


@given(st.binary(max_size=200))
def test_any_body_is_read_or_refused(body):
    header = b"id,latitude,longitude,result_score,result_type,result_citycode\n"
    for answer in read_answers(header + body).values():
        assert not answer.is_found or (abs(answer.latitude) <= 90 and abs(answer.longitude) <= 180)


@given(
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from(["housenumber", "street", "locality", "municipality", "x"]),
    st.sampled_from(["14118", "14119"]),
)
def test_a_higher_threshold_places_nobody_more(score, one, other, kind, code):
    query = Query("1 rue X", "", "Caen", "14118")
    answer = Answer(49.0, 0.0, score, kind, code)
    low, high = sorted((one, other))
    if decide(query, answer, min_score=high) == PLACED:
        assert decide(query, answer, min_score=low) == PLACED
        assert (kind, code) != ("municipality", "14119")
        assert code == "14118"

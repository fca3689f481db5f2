"""The same actors keep their ids, in whatever order and however often their sheet comes in."""

from __future__ import annotations

import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from toolkit import workbook
from toolkit.nomenclature import fold

QUICK = settings(max_examples=120, deadline=None, derandomize=True)
CODES = ["99001", "99002", "99003"]
COMMUNES = pd.DataFrame({"commune_id": CODES, "name": ["Ambreval", "Brissac", "Orne"]})
SIRETS = [None, None, "73282932000074", "35600000000048"]
ROW = st.tuples(
    st.sampled_from([None, None, None, "X1", "mairie-99001"]),
    st.sampled_from(["Mairie", "MAIRIE", "Emmaüs", "Le Fournil"]),
    st.sampled_from(CODES),
    st.sampled_from(SIRETS),
)
SHEETS = st.lists(ROW, min_size=1, max_size=6)
COLUMNS = ["actor_id", "name", "commune_id", "siret"]


def resolved(rows, known=None):
    frame = pd.DataFrame(rows, columns=COLUMNS, dtype="object")
    made = workbook.resolve({"actors": frame}, communes=COMMUNES, actors=known, source_id="saisie")
    ids = made.tables["actors"]["actor_id"].tolist()
    assume(not made.problems and len(set(ids)) == len(ids))
    return ids


def kept(rows, ids, known=None):
    """Return the stored rows after an import: those of the sheet, and older ones not in it."""
    frame = pd.DataFrame([row[1:] for row in rows], columns=COLUMNS[1:], dtype="object")
    frame = frame.assign(actor_id=ids, source_id="saisie")
    if known is None:
        return frame
    return pd.concat([known[~known["actor_id"].isin(ids)], frame], ignore_index=True)


@QUICK
@given(before=SHEETS, rows=SHEETS, data=st.data())
def test_importing_again_in_any_order_gives_the_same_ids(before, rows, data):
    known = kept(before, resolved(before))
    ids = resolved(rows, known)
    order = data.draw(st.permutations(range(len(rows))))
    shuffled = [rows[place] for place in order]
    assert resolved(shuffled, known) == [ids[place] for place in order]
    stored = kept(rows, ids, known)
    assert resolved(shuffled, stored) == [ids[place] for place in order]


@QUICK
@given(rows=SHEETS, data=st.data())
def test_a_correction_of_one_cell_makes_no_second_actor(rows, data):
    ids = resolved(rows)
    place = data.draw(st.integers(0, len(rows) - 1))
    name = fold(rows[place][1])
    assume(sum(fold(row[1]) == name for row in rows) == 1)
    given_id, words, _, siret = rows[place]
    commune = data.draw(st.sampled_from(CODES))
    added = siret or data.draw(st.sampled_from(SIRETS))
    assume(siret or added not in {row[3] for row in rows} - {None})
    changed = [*rows]
    changed[place] = (given_id, words, commune, added)
    assert resolved(changed, kept(rows, ids)) == ids

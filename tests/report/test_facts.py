from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest

from toolkit.report import facts_of, write_facts_json


@pytest.fixture(scope="module")
def french(diagnosis):
    return facts_of(diagnosis, lang="fr")


def flat(value) -> str:
    return json.dumps(value, ensure_ascii=False)


def test_facts_are_plain_values(french):
    assert json.loads(json.dumps(french, allow_nan=False)) == french


def test_day_is_that_of_the_last_source_unless_told(diagnosis, french):
    assert (french["made_on"], french["made_on_text"]) == ("2026-11-02", "2 novembre 2026")
    told = facts_of(diagnosis, lang="en", made_on=dt.date(2026, 11, 22))
    assert told["made_on_text"] == "22 November 2026"


def test_key_figures_count_what_may_be_shown(french):
    figures = {figure["key"]: figure["value"] for figure in french["figures"]}
    assert figures == {
        "population": 4500, "communes": 3, "actors": 9, "resources": 2, "needs": 2, "flows": 3,
        "cooperations": 1, "gaps": 6, "partnerships": 2,
    }  # fmt: skip


def test_summary_is_in_plain_words(french):
    who, gaps, candidates, estimated = french["summary"]
    assert who.startswith("Val d'Essai réunit 3 communes et 4\u202f500 habitants.")
    assert "«\u00a0Chutes de bois brut\u00a0» (besoin non couvert)" in gaps
    assert candidates.startswith("2 partenariats candidats")
    assert estimated.startswith("50\u202f%")


def test_gap_says_severity_confidence_basis_and_quantities(french):
    gap = french["gaps"][0]
    assert gap["kind_label"] == "Besoin non couvert"
    assert (gap["severity_text"], gap["confidence_text"]) == ("25\u202f%", "67\u202f%")
    assert (gap["expected"], gap["observed"], gap["shortfall"]) == (
        "60\u00a0t",
        "45\u00a0t",
        "15\u00a0t",
    )
    assert [part["share"] for part in gap["basis_shares"]] == [0.6667, 0.0, 0.3333]
    assert gap["sentence"].endswith("il manque 15\u00a0t.")
    assert [fact["what"] for fact in gap["evidence"]] == [
        "Chutes de bois brut",
        "Chutes de sapin",
        "Chutes de bois brut",
    ]
    assert [fact["quantity"] for fact in gap["evidence"]] == ["60\u00a0t", "40\u00a0t", "5\u00a0t"]
    assert gap["evidence"][0]["source"] == "Saisie de l'équipe"


def test_an_unmet_need_says_where_one_more_unit_would_serve_whom(diagnosis, french):
    told = french["gaps"][0]["one_more"]
    assert told.startswith("1\u00a0t de plus chez «\u00a0Scierie Dubois")
    assert told.endswith("à 12,3\u00a0km par la route.")
    assert all(gap["one_more"] == "" for gap in french["gaps"][1:])
    english = facts_of(diagnosis, lang="en")["gaps"][0]["one_more"]
    assert english.startswith("1\u00a0t more at “")


def test_prices_tell_no_confidential_row_and_no_size(diagnosis):
    from toolkit.privacy import public_diagnosis

    prices = public_diagnosis(diagnosis, lang="fr").diagnosis.findings.details["prices"]
    assert "R3" not in set(prices["row_id"])
    assert prices["up_to"].tolist() == [1.0] * len(prices)
    assert not {"A7"} & {*prices["place_id"], *prices["other_place_id"]}


@pytest.mark.parametrize(
    "covered,unit,said", [(0.8, "", "80\u202f%."), (0.8, "t", "soit 0,8"), (3.0, "", "soit 3")]
)
def test_part_of_what_is_counted_is_told_as_a_share(diagnosis, monkeypatch, covered, unit, said):
    from dataclasses import replace

    from toolkit.privacy import PublicDiagnosis

    explain = PublicDiagnosis.explain

    def told(self, candidate_id):
        shortfall = 1.0 if covered < 1 else 4.0
        return replace(explain(self, candidate_id), covered=covered, shortfall=shortfall, unit=unit)

    monkeypatch.setattr(PublicDiagnosis, "explain", told)
    assert said in facts_of(diagnosis, lang="fr")["candidates"][0]["covered"]


def test_gap_that_rests_on_a_secret_says_so_without_figures(french):
    gap = french["gaps"][1]
    assert gap["secret"]
    assert gap["shortfall"] == ""
    assert gap["evidence"][0]["what"] == "Donnée confidentielle"
    assert "477" not in flat(gap)


def test_few_people_are_not_counted(french):
    assert french["gaps"][2]["people"] == "moins de 5"


def test_hidden_actors_are_not_named(french):
    said = flat(french)
    for secret in ("Jeanne", "Atelier Caché", "Paul Décideur", "Lot secret", "777", "4242"):
        assert secret not in said
    assert "Acteur non diffusible" in said


def test_candidate_says_who_why_where_and_how_sure(french):
    card = french["candidates"][0]
    assert card["title"] == "Chutes de bois brut – Besoin non couvert"
    assert [member["name"] for member in card["members"]] == [
        "Ressourcerie de l'Ambre", "Scierie Dubois",
        "Mairie de Brissac-les-Bois", "Lycée agricole du Val",
    ]  # fmt: skip
    assert all(member["reason"] for member in card["members"])
    assert card["members"][1]["reason"].endswith("Chutes de sapin, 40\u00a0t")
    assert card["members"][1]["share_text"] == "60\u202f%"
    assert card["criteria"][0]["text"] == "90\u202f%"
    assert card["certificate"].startswith("Toutes les compositions possibles ont été examinées")
    assert card["meeting_place"] == "Mairie de Brissac-les-Bois"
    assert card["longest_trip"] == "9,4\u00a0km"
    assert card["practices"] == [{"place": 1, "title": "Une recyclerie et trois scieries"}]
    assert card["cooperations"][0]["name"] == "Bois du Val"
    assert len(card["questions"]) >= 3
    assert card["estimated"] == []
    assert french["candidates"][1]["estimated"][0]["name"] == "Régie de quartier"
    assert "3,2" in french["candidates"][1]["certificate"]


@pytest.mark.parametrize("covered,said", [(0.004, ""), (0.5, "50\u202f%"), (1.0, "tout le manque")])
def test_what_reads_as_nothing_is_not_told_as_covered(diagnosis, monkeypatch, covered, said):
    from dataclasses import replace

    from toolkit.privacy import PublicDiagnosis

    explain = PublicDiagnosis.explain

    def told(self, candidate_id):
        return replace(explain(self, candidate_id), covered=100 * covered, shortfall=100.0)

    monkeypatch.setattr(PublicDiagnosis, "explain", told)
    found = facts_of(diagnosis, lang="fr")["candidates"][0]["covered"]
    assert said in found
    assert bool(found) == bool(said)


def test_members_have_a_share_only_where_there_is_a_quantity(diagnosis):
    from dataclasses import replace

    openings = diagnosis.proposals.openings.assign(kind="isolated_actor")
    proposals = replace(diagnosis.proposals, openings=openings)
    tied = facts_of(replace(diagnosis, proposals=proposals), lang="fr")["candidates"][0]
    assert [member["share_text"] for member in tied["members"]] == [""] * 4


def test_sources_have_producer_licence_years_and_rows(french):
    assert french["sources"][1] == {
        "id": "S2", "title": "Registre d'essai",
        "producer": "Producteur", "licence": "Licence Ouverte 2.0",
        "data_year": "2025", "cog_year": "2026", "retrieved": "30 octobre 2026", "rows": "4",
    }  # fmt: skip


def test_decisions_name_the_candidate_and_nobody(french):
    (row,) = french["decisions"]
    assert row["title"] == "Chutes de bois brut – Besoin non couvert"
    assert (row["decision"], row["stage"]) == ("Retenue", "Contact pris")
    assert row["due_date"] == "1 décembre 2026"
    assert "who" not in row


def test_methods_say_what_a_reader_must_know(french):
    said = flat(french["methods"] + french["limits"])
    for words in (
        "Pas de note du territoire",
        "ligne droite multipliée par 1,3",
        "à confirmer",
        "(2 lignes confidentielles)",
    ):
        assert words in said


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_no_code_is_left_in_what_is_read(diagnosis, lang):
    facts = facts_of(diagnosis, lang=lang)
    read = [facts["summary"], facts["methods"], facts["limits"]]
    read += [
        [gap["title"], gap["sentence"], gap["evidence"], gap["kind_label"]] for gap in facts["gaps"]
    ]
    read += [
        [card["title"], card["questions"], card["certificate"]] for card in facts["candidates"]
    ]
    read += [
        [member["reason"], member["role_label"]]
        for card in facts["candidates"]
        for member in card["members"]
    ]
    said = flat(read)
    import re

    assert not re.search(r"[a-z]+_[a-z]+", said)
    assert "{" not in said.replace('{"', "")


def test_json_file_holds_the_same_facts(diagnosis, french, tmp_path):
    path = write_facts_json(diagnosis, tmp_path / "faits.json", lang="fr")
    assert json.loads(path.read_text(encoding="utf-8")) == french


def test_limits_say_how_trips_and_people_were_counted(diagnosis):
    def limits(*given: str) -> str:
        told = dataclasses.replace(diagnosis, given=given)
        return flat(facts_of(told, lang="en")["limits"])

    assert "Inhabitants are counted at the same point" in limits()
    assert "Access times to services come from the table that was provided" in limits("travel")
    assert "Inhabitants are counted by cells" in limits("cells")
    assert "counted by cells" not in limits("travel", "panel")


def test_own_types_of_partnership_can_be_chosen_too(diagnosis):
    frame = diagnosis.partnerships
    own = frame.assign(type=["Cercle d'élus", *frame["type"].iloc[1:]])
    told = dataclasses.replace(
        diagnosis, proposals=dataclasses.replace(diagnosis.proposals, partnerships=own)
    )
    types = facts_of(told, lang="fr")["types"]
    assert types[-1]["label"] == "Cercle d'élus"
    assert sum(one["count"] for one in types) == len(frame)

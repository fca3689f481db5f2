from __future__ import annotations

from toolkit import vocabulary as v
from toolkit.privacy import public_diagnosis
from toolkit.report import facts_of, report_page
from toolkit.report.flow_facts import flow_facts


def test_flows_add_up_by_nature_measure_and_way(diagnosis):
    public = public_diagnosis(diagnosis, lang="fr").diagnosis.territory
    rows = flow_facts(public, lang="fr")
    assert [(row["nature"], row["measure"], row["count"]) for row in rows] == [
        ("material", "mass", 1), ("material", "volume", 1), ("service", "", 1),
    ]  # fmt: skip
    mass, volume, service = rows
    assert [way["text"] for way in mass["ways"]] == ["0\u00a0t", "0\u00a0t", "30\u00a0t"]
    assert [way["share"] for way in mass["ways"]] == [0.0, 0.0, 1.0]
    assert [way["value"] for way in volume["ways"]] == [0.0, 12.0, 0.0]
    assert [way["text"] for way in service["ways"]] == ["1", "0", "0"]
    assert service["unmeasured"]
    assert mass["main"] == "Chutes de bois brut"


def test_confidential_flows_are_in_no_sum(diagnosis):
    assert "4242" not in str(facts_of(diagnosis, lang="en")["flows"])


def test_order_of_rows_changes_nothing(diagnosis):
    territory = diagnosis.territory
    turned = territory.replace(**{v.FLOWS: territory.table(v.FLOWS).iloc[::-1]})
    assert flow_facts(turned, lang="fr") == flow_facts(territory, lang="fr")


def test_territory_without_flow_says_so(diagnosis):
    from dataclasses import replace

    bare = diagnosis.territory.replace(**{v.FLOWS: diagnosis.territory.table(v.FLOWS).head(0)})
    page = report_page(replace(diagnosis, territory=bare), lang="fr")
    assert "Aucun flux n&#39;est renseigné" in page
    assert 'id="flow-table"' not in page

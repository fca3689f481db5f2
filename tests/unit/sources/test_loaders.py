"""Loaders of public files, on small files written by hand in the layouts of the real ones."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit.errors import UsageError
from toolkit.language import problem_text
from toolkit.sources.commuting import load_commuting
from toolkit.sources.decp import load_decp
from toolkit.sources.france_services import load_france_services
from toolkit.sources.municipalities import load_municipalities
from toolkit.sources.schools import load_schools
from toolkit.sources.siae import load_siae
from toolkit.sources.sirene_daily import load_sirene_daily

# Valid by Luhn's rule, made for the tests.
ONE, TWO, THREE = "73282932000074", "44306184100047", "55203253400646"


def write(folder, lines: list[str], *, name: str = "file.csv", encoding: str = "utf-8"):
    path = folder / name
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def by_id(frame: pd.DataFrame, key: str = "actor_id") -> dict[str, dict]:
    return frame.set_index(key).to_dict("index")


def notes(extract) -> dict[str, str]:
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_"): note.found for note in extract.notes}


# --- commuting --------------------------------------------------------------------------------
def test_commuting_sums_pairs_and_sets_those_who_stay_apart(tmp_path):
    lines = [
        "CODGEO;LIBGEO;DCLT;L_DCLT;NBFLUX_C22_ACTOCC15P",
        "01001;A;01002;B;12,5",
        "1001;A;01002;B;7,5",
        "01001;A;01001;A;300",
        "01002;B;75101;Paris 1er;4",
        "01002;B;75102;Paris 2e;6",
        "01002;B;BE540;Belgique;3",
        "01002;B;01003;C;0",
    ]
    found = load_commuting(write(tmp_path, lines, encoding="cp1252"), year=2022)
    flows = by_id(found.tables["flows"], "flow_id")
    assert {name: row["quantity"] for name, row in flows.items()} == {
        "commuting:2022:01001:01002": 20.0,
        "commuting:2022:01002:75056": 10.0,
        "commuting:2022:01002:BE540": 3.0,
    }
    assert {row["nature"] for row in flows.values()} == {"people"}
    assert {row["basis"] for row in flows.values()} == {"recorded"}
    staying = found.tables["communes"].iloc[0]
    assert (staying["commune_id"], staying["workers_staying"]) == ("01001", 300.0)
    assert found.counts["read"] == 7
    assert found.counts["no_workers"] == 1
    assert notes(found) == {"no_workers": "1", "shaky_pairs": "3"}
    assert found.source["data_year"] == 2022
    assert found.source["rows"] == 7


# --- schools ----------------------------------------------------------------------------------
SCHOOLS = "identifiant_de_l_etablissement,nom_etablissement,type_etablissement,statut_public_prive,"
SCHOOLS += "code_commune,nom_commune,nombre_d_eleves,longitude,latitude,mail"


def test_schools_are_actors_with_places(tmp_path):
    lines = [
        SCHOOLS,
        "0010001A,Ecole primaire,Ecole,Public,1001,Alpha,50.0,3.0,44.0,x@y.fr",
        "0010002B,Ecole primaire,Ecole,Privé,01002,Bêta,,3.1,44.0,",
        "0010003C,Collège Haut,Collège,Public,01001,Alpha,400,3.0,44.0,",
        "0010004D,Inspection,Service Administratif,,01001,Alpha,,3.0,44.0,",
        "0010005E,Inconnu,,Privé,01001,Alpha,10,,,",
        "0010001A,Ecole primaire,Ecole,Public,01001,Alpha,50,3.0,44.0,",
        "0010006F,Sans commune,Ecole,Public,,,50,3.0,44.0,",
    ]
    found = load_schools(write(tmp_path, lines))
    actors, resources = by_id(found.tables["actors"]), by_id(found.tables["resources"])
    assert {name: (row["name"], row["family"]) for name, row in actors.items()} == {
        "uai:0010001A": ("Ecole primaire (Alpha)", "public"),
        "uai:0010002B": ("Ecole primaire (Bêta)", "civil"),
        "uai:0010003C": ("Collège Haut", "research"),
        "uai:0010004D": ("Inspection", "public"),
        "uai:0010005E": ("Inconnu", "civil"),
    }
    assert actors["uai:0010001A"]["commune_id"] == "01001"
    assert {name: row["category"] for name, row in resources.items()} == {
        "uai:0010001A": "services.education.primary_school",
        "uai:0010002B": "services.education.primary_school",
        "uai:0010003C": "services.education.lower_secondary",
    }
    assert resources["uai:0010001A"]["quantity"] == 50.0
    assert pd.isna(resources["uai:0010002B"]["quantity"])
    assert pd.isna(resources["uai:0010002B"]["unit"])
    assert not any(row["shareable"] for row in resources.values())
    assert "mail" not in found.tables["actors"]
    assert found.counts == {
        "read": 7,
        "incomplete": 1,
        "duplicates": 1,
        "resources": 3,
        "kept": 5,
    }
    assert notes(found) == {
        "incomplete": "1",
        "duplicates": "1",
        "no_type": "1",
        "private_schools": "2",
    }


# --- France Services --------------------------------------------------------------------------
def test_france_services_are_counters(tmp_path):
    lines = [
        "id_fs,lib_fs,adresse,insee_com,code_postal,lib_com,latitude,longitude,mail,itinerance",
        '7,"FS ""Le Relais""",1 place,01001,01000,Alpha,44.0,3.0,x@y.fr,Oui',
        "8,FS Deux,,01002,01200,Bêta,,,,Non",
    ]
    found = load_france_services(write(tmp_path, lines), data_year=2022)
    actors = by_id(found.tables["actors"])
    assert actors["fs:7"]["name"] == 'FS "Le Relais"'
    assert actors["fs:7"]["address"] == "1 place, 01000 Alpha"
    assert actors["fs:8"]["address"] == "01200 Bêta"
    assert pd.isna(actors["fs:8"]["latitude"])
    assert set(found.tables["resources"]["category"]) == {
        "services.daily_life.public_service_point"
    }
    assert notes(found) == {"moving_services": "1"}
    assert found.source["data_year"] == 2022


# --- SIAE -------------------------------------------------------------------------------------
def test_geocoded_siae(tmp_path):
    lines = [
        "siret,naf,kind,name,address,post_code,city,department,longitude,latitude,geocoding_score",
        f"{ONE},7830Z,AI,ASSOC UN,1 rue,01000,Alpha,1,3.05,44.05,0.95",
        f"{ONE},7830Z,ACI,ASSOC UN,1 rue,01000,Alpha,1,3.05,44.05,0.95",
        f"{TWO},8899B,ESAT,DEUX,,97200,Gamma,,3.0,44.0,0.2",
        "1,8899B,EI,FAUX,,01000,Alpha,01,3.0,44.0,0.9",
    ]
    found = load_siae(write(tmp_path, lines), data_year=2021)
    actors = by_id(found.tables["actors"])
    assert set(actors) == {f"siret:{ONE}", f"siret:{TWO}"}
    assert actors[f"siret:{ONE}"]["ess_form"] == "association"
    assert actors[f"siret:{ONE}"]["department"] == "01"
    assert actors[f"siret:{TWO}"]["department"] == "972"
    assert pd.isna(actors[f"siret:{TWO}"]["ess_form"])
    assert pd.isna(actors[f"siret:{TWO}"]["latitude"])
    assert by_id(found.tables["resources"], "resource_id")[f"siret:{TWO}:esat"]["category"] == (
        "social.sheltered_work"
    )
    assert len(found.tables["resources"]) == 3
    assert notes(found) == {"bad_siret": "1", "weak_points": "1", "form_unknown": "3"}


@pytest.mark.parametrize(
    "form,family,ess_form",
    [
        ("Association déclarée", "ess", "association"),
        ("SAS, société par actions simplifiée", "ess", "esus_company"),
        ("Centre communal d'action sociale", "public", None),
        ("SARL coopérative ouvrière de production (SCOP)", "ess", "cooperative"),
        ("Autre personne morale de droit privé", "ess", None),
    ],
)
def test_family_of_a_siae_by_the_words_of_its_legal_form(tmp_path, form, family, ess_form):
    header = "MESURE;CODE_DEPARTEMENT;CODE_NAF2;NATURE_JURIDIQUE;SIRET;DENOMINATION_SOCIALE;"
    header += "NUM_RUE;NOM_RUE;CODE_POST_COM;LIB_COM;TELEPHONE"
    lines = [
        header,
        f"ACI;001;9499Z;{form};{ONE};UN;3;rue;01000;ALPHA;0102030405",
    ]
    found = load_siae(write(tmp_path, lines, encoding="cp1252"))
    actor = found.tables["actors"].iloc[0]
    assert actor["family"] == family
    assert (actor["ess_form"] == ess_form) if ess_form else pd.isna(actor["ess_form"])
    assert actor["address"] == "3 rue, 01000 ALPHA"
    assert actor["department"] == "01"


@pytest.mark.parametrize("form", ["Artisan ", "Commerçant", "Exploitant agricole", "1000"])
def test_a_person_in_the_list_of_siae_is_not_named(tmp_path, form):
    lines = [
        "MESURE;NATURE_JURIDIQUE;SIRET;DENOMINATION_SOCIALE;NOM_RUE;CODE_POST_COM;LIB_COM",
        f"EI;{form};{ONE};DUPONT JEAN;RUE CACHEE;01000;ALPHA",
        f"EI;Association déclarée;{TWO};DEUX;RUE;01000;ALPHA",
    ]
    found = load_siae(write(tmp_path, lines))
    actors = by_id(found.tables["actors"])
    person = actors[f"siret:{ONE}"]
    assert (person["name"], person["natural_person"]) == (ONE, True)
    assert pd.isna(person["address"])
    assert (actors[f"siret:{TWO}"]["name"], actors[f"siret:{TWO}"]["natural_person"]) == (
        "DEUX",
        False,
    )
    assert notes(found)["sirene_unnamed_persons"] == "1"


def test_a_siae_stands_where_its_postcode_is_not_where_its_agreement_is(tmp_path):
    lines = [
        "MESURE;CODE_DEPARTEMENT;SIRET;DENOMINATION_SOCIALE;CODE_POST_COM;LIB_COM",
        f"ETTI;075;{ONE};UN;93500;PANTIN",
        f"ETTI;02B;{TWO};DEUX;;BASTIA",
        f"AI;971;{THREE};TROIS;97150;ST MARTIN",
    ]
    actors = by_id(load_siae(write(tmp_path, lines)).tables["actors"])
    found = [actors[f"siret:{siret}"]["department"] for siret in (ONE, TWO, THREE)]
    assert found == ["93", "2B", "978"]


# --- SIRENE before 2019 -----------------------------------------------------------------------
SIRENE = "SIREN;NIC;L1_NORMALISEE;L2_NORMALISEE;L4_NORMALISEE;L6_NORMALISEE;DEPET;COMET;ENSEIGNE;"
SIRENE += "APET700;TEFET;NJ;ESS;NOMEN_LONG;VMAJ;DATEMAJ;DIFFCOM;TEL"


def state(siret: str = ONE, **cells: str) -> str:
    """Return one line of a daily file."""
    told = {
        "SIREN": siret[:9],
        "NIC": siret[9:],
        "L1_NORMALISEE": "UN",
        "L2_NORMALISEE": "MME DUPONT",
        "L4_NORMALISEE": "1 RUE",
        "L6_NORMALISEE": "01000 ALPHA",
        "DEPET": "01",
        "COMET": "001",
        "APET700": "1610A",
        "TEFET": "03",
        "NJ": "5499",
        "NOMEN_LONG": "UN",
        "VMAJ": "C",
        "DATEMAJ": "2017-04-07T10:00:00",
        "DIFFCOM": "O",
        **cells,
    }
    return ";".join(f'"{told.get(name, "")}"' for name in SIRENE.split(";"))


def sirene(folder, *lines: str, **options: object):
    return load_sirene_daily(write(folder, [SIRENE, *lines], encoding="cp1252"), **options)


def test_last_state_of_an_establishment_is_kept(tmp_path):
    found = sirene(
        tmp_path,
        state(VMAJ="F", NOMEN_LONG="NEW", APET700="1624Z"),
        state(VMAJ="I", NOMEN_LONG="OLD"),
        state(VMAJ="C", NOMEN_LONG="OLDER", DATEMAJ="2017-01-20T10:00:00"),
    )
    actor = found.tables["actors"].iloc[0].to_dict()
    assert actor["name"] == "NEW"
    assert actor["activity"] == "16.24Z"
    assert actor["siret"] == ONE
    assert actor["commune_id"] == "01001"
    assert actor["jobs_band"] == "03"
    assert "DUPONT" not in str(actor)
    assert found.counts["earlier_states"] == 2
    assert found.source["data_year"] == 2017


@pytest.mark.parametrize(
    "cells,reason",
    [
        ({"VMAJ": "E"}, "closed"),
        ({"VMAJ": "O"}, "withdrawn"),
        ({"VMAJ": "I"}, "no_final_state"),
        ({"NJ": "1000"}, "natural_persons"),
        ({"NJ": "1600"}, "natural_persons"),
        ({"NJ": ""}, "natural_persons"),
        ({"COMET": ""}, "no_commune"),
        ({"NIC": "00001"}, "bad_siret"),
        ({"APET700": "6820B"}, "holdings"),
    ],
)
def test_reasons_for_which_an_establishment_is_left_out(tmp_path, cells, reason):
    found = sirene(tmp_path, state(**cells), state(TWO))
    assert found.tables["actors"]["actor_id"].tolist() == [f"siret:{TWO}"]
    assert found.counts == {"read": 2, reason: 1, "kept": 1}
    assert notes(found)[reason] == "1"


def test_holdings_are_kept_on_request(tmp_path):
    found = sirene(tmp_path, state(APET700="6820B"), with_holdings=True)
    assert len(found.tables["actors"]) == 1


@pytest.mark.parametrize(
    "cells,family,ess_form,legal_form",
    [
        ({"NJ": "9220"}, "ess", "association", "9220"),
        ({"NJ": "7210"}, "public", None, "7210"),
        ({"NJ": "5499"}, "business", None, "5499"),
        ({"NJ": "5710", "ESS": "O"}, "ess", None, "5710"),
        ({"NJ": "5498"}, "business", None, None),
        ({"NJ": "7999"}, "public", None, None),
        ({"NJ": "9999"}, "civil", None, None),
    ],
)
def test_family_by_legal_form(tmp_path, cells, family, ess_form, legal_form):
    actor = sirene(tmp_path, state(**cells)).tables["actors"].iloc[0]
    found = [actor["family"], actor["ess_form"], actor["legal_form"]]
    assert [None if pd.isna(cell) else cell for cell in found] == [family, ess_form, legal_form]


def test_codes_of_a_daily_file_get_back_their_zeros(tmp_path):
    line = state(DEPET="1", COMET="4")
    found = load_sirene_daily(write(tmp_path, [SIRENE, line]))
    assert found.tables["actors"]["commune_id"].tolist() == ["01004"]


def test_sign_overseas_commune_and_unknown_activity(tmp_path):
    found = sirene(
        tmp_path,
        state(ENSEIGNE="LE GRILL", DEPET="97", COMET="209", APET700="0000Z", TEFET="XX"),
    )
    actor = found.tables["actors"].iloc[0]
    assert actor["name"] == "LE GRILL (UN)"
    assert actor["commune_id"] == "97209"
    assert pd.isna(actor["activity"])
    assert pd.isna(actor["jobs_band"])
    assert actor["diffusible"]


@pytest.mark.parametrize("status", ["N", "P"])
def test_who_opposed_diffusion_has_neither_name_nor_address(tmp_path, status):
    actor = sirene(tmp_path, state(ENSEIGNE="LE GRILL", DIFFCOM=status)).tables["actors"].iloc[0]
    assert (actor["name"], actor["commune_id"]) == (ONE, "01001")
    assert pd.isna(actor["address"])
    assert not actor["diffusible"]


# --- public contracts -------------------------------------------------------------------------
DECP = "id,nature,montant,dateNotification,objet,acheteur.id,titulaires.1.id,titulaires.2.id"


def contract(number: int, *, amount: str = "5000.0", nature: str = "MARCHE", **cells: str) -> str:
    """Return one line of a consolidated file."""
    buyer, first = cells.get("buyer", ONE), cells.get("first", TWO)
    second = f"['{cells['second']}']" if "second" in cells else ""
    day = cells.get("day", "2019-05-04")
    return f"c{number},{nature},{amount},{day},Travaux,{buyer},['{first}'],{second}"


def decp(folder, *lines: str) -> tuple[dict[str, dict], object]:
    found = load_decp(write(folder, [DECP, *lines]))
    return by_id(found.tables["flows"], "flow_id"), found


def test_contract_is_money_from_buyer_to_holder(tmp_path):
    flows, found = decp(tmp_path, contract(1))
    flow = flows[f"decp:{ONE}:c1:{TWO}"]
    assert (flow["origin"], flow["destination"]) == (f"siret:{ONE}", f"siret:{TWO}")
    assert (flow["nature"], flow["quantity"], flow["unit"], flow["year"]) == (
        "money",
        5000.0,
        "EUR",
        2019,
    )
    assert found.counts["kept"] == 1


@pytest.mark.parametrize("amount", ["0", "1", "0.0", "99999999", "999999999.99", "", "n.c."])
def test_placeholder_amounts_are_not_counted(tmp_path, amount):
    flows, found = decp(tmp_path, contract(1, amount=amount))
    flow = flows[f"decp:{ONE}:c1:{TWO}"]
    assert flow["amount_kind"] == "placeholder"
    assert pd.isna(flow["quantity"])
    assert pd.isna(flow["unit"])
    assert notes(found) == {"amount_placeholder": "1"}


def test_real_amounts_near_placeholders_are_counted(tmp_path):
    flows, _ = decp(tmp_path, contract(1, amount="99999.0"), contract(2, amount="9990000"))
    assert [flow["quantity"] for flow in flows.values()] == [99999.0, 9990000.0]


def test_frameworks_and_what_follows_them(tmp_path):
    flows, found = decp(
        tmp_path,
        contract(1, nature="ACCORD-CADRE"),
        contract(2, nature="Accord-cadre"),
        *[contract(number, nature="MARCHE SUBSEQUENT", amount="1e6") for number in (3, 4, 5)],
        *[contract(number, nature="MARCHE SUBSEQUENT", amount="700") for number in (6, 7)],
    )
    kinds = [flow["amount_kind"] for flow in flows.values()]
    assert kinds == ["framework"] * 2 + ["repeated"] * 3 + ["notified"] * 2
    assert sum(flow["quantity"] for flow in flows.values() if flow["quantity"] > 0) == 1400.0
    assert notes(found) == {"amount_framework": "2", "amount_repeated": "3"}


def test_joint_holders_have_no_share(tmp_path):
    flows, found = decp(tmp_path, contract(1, second=THREE))
    assert set(flows) == {f"decp:{ONE}:c1:{TWO}", f"decp:{ONE}:c1:{THREE}"}
    assert all(pd.isna(flow["quantity"]) for flow in flows.values())
    assert {flow["amount_eur"] for flow in flows.values()} == {5000.0}
    assert notes(found) == {"amount_group": "2"}


def test_holder_written_twice_is_one(tmp_path):
    flows, _ = decp(tmp_path, contract(1, second=TWO))
    assert [flow["quantity"] for flow in flows.values()] == [5000.0]


def test_buyers_and_holders_without_siret_and_odd_dates(tmp_path):
    flows, found = decp(
        tmp_path,
        contract(1, buyer="123"),
        contract(2, first="FR12345678901"),
        contract(3, day="0019-01-01"),
    )
    assert len(flows) == 1
    assert pd.isna(next(iter(flows.values()))["year"])
    assert notes(found) == {"bad_buyer": "1", "bad_holder": "1"}


def test_contract_published_twice_and_contract_without_id(tmp_path):
    lost = contract(2).removeprefix("c2")
    flows, found = decp(tmp_path, contract(1), contract(1), lost)
    assert list(flows) == [f"decp:{ONE}:c1:{TWO}"]
    assert notes(found) == {"incomplete": "1", "duplicates": "1"}


def test_file_with_a_row_a_holder(tmp_path):
    lines = [
        "uid,nature,montant,dateNotification,objet,acheteur_id,titulaire_id",
        f"c1,Marché,900,2024-02-01,Travaux,{ONE},{TWO}",
        f"c1,Marché,900,2024-02-01,Travaux,{ONE},{THREE}",
        f"c2,Marché,70,2024-02-01,Travaux,{ONE},{THREE}",
    ]
    flows = by_id(load_decp(write(tmp_path, lines)).tables["flows"], "flow_id")
    assert {name: row["amount_kind"] for name, row in flows.items()} == {
        f"decp:{ONE}:c1:{TWO}": "group",
        f"decp:{ONE}:c1:{THREE}": "group",
        f"decp:{ONE}:c2:{THREE}": "notified",
    }


# --- municipalities, sources ------------------------------------------------------------------
def test_communes_as_legal_persons(tmp_path):
    lines = [
        "epci_code,epci_nom,commune_code,commune_siren,commune_nom,population_municipale",
        "200067064,CC,12089,211200894,Decazeville,5111",
        "200067064,CC,12013,211200000,Aubin,3552",
    ]
    found = load_municipalities(write(tmp_path, lines), data_year=2026)
    actor = found.tables["actors"].iloc[0]
    assert actor["actor_id"] == "siren:211200894"
    assert (actor["family"], actor["legal_form"], actor["commune_id"]) == (
        "public",
        "7210",
        "12089",
    )
    assert notes(found) == {"no_siren": "1"}


def test_caller_describes_a_source_better(tmp_path):
    found = sirene(tmp_path, state()).described(licence="LO", retrieved_at="2026-11-22")
    assert found.source["licence"] == "LO"
    assert found.source["source_id"] == "sirene:file"
    assert found.sources["retrieved_at"].tolist() == ["2026-11-22"]
    with pytest.raises(UsageError) as caught:
        found.described("other", colour="red")
    codes = [problem.code for problem in caught.value.problem_list]
    assert codes == ["sources_unknown_cell", "sources_unknown_source"]


def test_contents_of_an_extract_cannot_be_replaced(tmp_path):
    found = sirene(tmp_path, state())
    with pytest.raises(TypeError):
        found.counts["read"] = 3
    with pytest.raises(AttributeError):
        found.source = {}

"""Texts like the national files of RNA, MOBPRO and DECP: real columns, invented rows, seeded.

``python benchmarks/national_like.py FOLDER KIND ROWS`` writes ``KIND.csv`` into the folder; a kind
is a name of :data:`QUERIES`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
from sirene_like import COMMUNES, SEED, SIREN, checked

PLACE = "1001 + ({communes} * pow((hash(n * {factor} + {seed}) % 1000003) / 1000003.0, 3))::INTEGER"
"""The cube draws rows towards the first communes, as in life a few hold much of the rows."""


def place(factor: int) -> str:
    """Return the expression of the code of a commune, drawn anew for each factor."""
    number = PLACE.format(communes=COMMUNES, factor=factor, seed=SEED)
    return f"lpad(({number})::VARCHAR, 5, '0')"


def empty(*names: str) -> str:
    """Return columns that hold nothing."""
    return ", ".join(f'NULL::VARCHAR AS "{name}"' for name in names)


DRAW = f"(hash(n * 7919 + {SEED}) >> 1)::BIGINT"
SIRET = checked("(unit * 10000 + 1)", digits=13)
BUYER = checked("(buyer * 10000 + 1)", digits=13)
HOLDERS = 15

RNA = f"""
SELECT 'W' || lpad((100000000 + n)::VARCHAR, 9, '0') AS id, {empty("id_ex")},
    CASE WHEN draw % 12 = 0 THEN ({SIRET})::VARCHAR ELSE '' END AS siret,
    '' AS rup_mi, '632P' AS gestion, '2014-06-17' AS date_creat, '2015-01-21' AS date_decla,
    '2014-06-28' AS date_publi, '0001-01-01' AS date_disso, 'D' AS nature, 'S' AS groupement,
    'ASSOCIATION DES AMIS DU NUMERO ' || n AS titre, 'AMIS ' || n AS titre_court,
    'Favoriser le développement d''une compagnie ; réunir, ' || repeat('aider et partager, ', 12)
        || CASE WHEN draw % 50 = 0 THEN chr(10) || 'puis "recommencer"' ELSE '' END AS objet,
    '0060' || lpad((draw % 90)::VARCHAR, 2, '0') AS objet_social1, '000000' AS objet_social2,
    {empty("adrs_complement")}, (draw % 200)::VARCHAR AS adrs_numvoie, {empty("adrs_repetition")},
    'RUE' AS adrs_typevoie, 'DU NUMERO ' || (draw % 3000) AS adrs_libvoie, '_' AS adrs_distrib,
    CASE WHEN draw % 40 = 0 THEN '' ELSE place END AS adrs_codeinsee, place AS adrs_codepostal,
    'Commune ' || place AS adrs_libcommune, {empty("adrg_declarant", "adrg_complemid")},
    {empty("adrg_complemgeo")}, 'RUE DU NUMERO' AS adrg_libvoie, {empty("adrg_distrib")},
    place AS adrg_codepostal, 'COMMUNE ' || place AS adrg_achemine, 'FRANCE' AS adrg_pays,
    'PM' AS dir_civilite, {empty("telephone", "siteweb", "email")}, '1' AS publiweb,
    {empty("observation")}, CASE WHEN draw % 3 = 0 THEN 'D' ELSE 'A' END AS position,
    (TIMESTAMP '2010-01-01' + to_seconds(draw % 500000000))::VARCHAR AS maj_time
FROM (SELECT n, {DRAW} AS draw, {SIREN} AS unit, {place(104_729)} AS place FROM rows)
"""  # noqa: S608 - our own text only

PERSONS = f"""
SELECT {place(104_729)} AS "COMMUNE", 'ZZZZZ' AS "ARM", '99999' AS "DCFLT",
    CASE WHEN draw % 3 = 0 THEN {place(104_729)} ELSE {place(1_299_709)} END AS "DCLT",
    lpad((15 + draw % 60)::VARCHAR, 3, '0') AS "AGEREVQ", (1 + draw % 6)::VARCHAR AS "CS1",
    'Z' AS "DEROU", '1' || (draw % 9) AS "DIPL", '16' AS "EMPL", 'Z' AS "ILTUU", '2' AS "IMMI",
    '11' AS "INATC", '1' AS "INEEM", '3' AS "INPOM",
    (0.5 + (draw % 900) / 100.0)::VARCHAR AS "IPONDI",
    '1' AS "LPRM", 'M' AS "METRODOM", 'OQ' AS "NA5", '3' AS "NPERR", '11' AS "REGION",
    '11' AS "REGLT", '1' AS "SEXE", '21' AS "STAT", '10' AS "STOCD", '11' AS "TACTD16",
    '1' AS "TP", '4' AS "TRANS", '1' AS "TYPL", '3' AS "TYPMR", '1' AS "VOIT"
FROM (SELECT n, {DRAW} AS draw FROM rows)
"""  # noqa: S608 - our own text only

PAIRS = f"""
SELECT home AS "CODGEO", 'Commune ' || home AS "LIBGEO", work AS "DCLT",
    'Commune ' || work AS "L_DCLT", (1 + (draw % 90000) / 1000.0)::VARCHAR AS "NBFLUX_C22_ACTOCC15P"
FROM (SELECT {DRAW} AS draw, {place(104_729)} AS home, {place(1_299_709)} AS work FROM rows)
"""  # noqa: S608 - our own text only

CONTRACTS = f"""
SELECT '' AS "_type", 'Appel d''offres ouvert' AS procedure, '[]' AS modifications,
    CASE WHEN draw % 5 = 0 THEN 'ACCORD-CADRE' ELSE 'MARCHE' END AS nature,
    '30192000' AS "codeCPV", '48' AS "dureeMois", '2020-08-06' AS "datePublicationDonnees",
    '[''SIRET'']' AS "titulaires.1.typeIdentifiant",
    '[''' || ({SIRET})::VARCHAR || ''']' AS "titulaires.1.id",
    '[''SOCIETE ' || n || ''']' AS "titulaires.1.denominationSociale",
    '2020' || lpad(n::VARCHAR, 8, '0') || '00' AS id, 'Révisable' AS "formePrix",
    '20' || (18 + draw % 8) || '-08-06' AS "dateNotification",
    'Achat et livraison de fournitures, petits matériels de bureau, lot ' || n AS objet,
    (draw % 5000000 / 100.0)::VARCHAR AS montant, ({BUYER})::VARCHAR AS "acheteur.id",
    'data.gouv.fr_aife' AS source, '22' AS "lieuExecution.code",
    'CODE DEPARTEMENT' AS "lieuExecution.typeCode", '(22) Côtes-d''Armor' AS "lieuExecution.nom",
    {empty("titulaires")}, {
    empty(
        *(
            f"titulaires.{rank}.{name}"
            for rank in range(2, HOLDERS + 1)
            for name in ("typeIdentifiant", "id", "denominationSociale")
        )
    )
}
FROM (
    SELECT n, draw, {SIREN.replace("n)", "(n % 400000))")} AS unit, {
    SIREN.replace("n)", "(500000 + draw % 30000))")
} AS buyer FROM (SELECT n, {DRAW} AS draw FROM rows)
)
"""  # noqa: S608 - our own text only

QUERIES = {
    "rna": (RNA, ";"),
    "commuting_persons": (PERSONS, ";"),
    "commuting_pairs": (PAIRS, ";"),
    "decp": (CONTRACTS, ","),
}


def write_text(folder: Path, kind: str, *, rows: int) -> Path:
    """Write a text of a kind and return its path."""
    path = folder / f"{kind}.csv"
    query, separator = QUERIES[kind]
    with duckdb.connect(":memory:") as database:
        database.execute("SET preserve_insertion_order = false")
        text = f"WITH rows AS (SELECT n FROM range({rows}) AS r(n)) {query}"  # noqa: S608 - our own text only
        database.execute(f"COPY ({text}) TO '{path}' (HEADER, DELIMITER '{separator}')")
    return path


if __name__ == "__main__" and sys.argv[1:]:
    write_text(Path(sys.argv[1]), sys.argv[2], rows=int(sys.argv[3]))

"""Files like the stock of Sirene, of any size: real columns, invented rows, seeded.

``python benchmarks/sirene_like.py FOLDER ROWS`` writes ``StockEtablissement_utf8.parquet`` and
``StockUniteLegale_utf8.parquet`` into the folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

SEED = 2031
ROW_GROUP = 122_880
"""Rows of a group: the usual size of the tools that publish the register."""
COMMUNES = 34_900
"""Communes of the country; a few large ones hold much of the rows, as in life."""
SIZES = "['NN', 'NN', 'NN', '00', '01', '01', '02', '03', '11', '12']"
ACTIVITIES = "['01.11Z', '16.24Z', '38.32Z', '43.21A', '47.11B', '56.10A', '62.01Z', '88.99B']"
FORMS = "[1000, 1000, 1000, 1000, 5499, 5499, 5710, 6540, 9220, 7210]"


def checked(body: str, *, digits: int) -> str:
    """Return the expression of a number whose last digit is the Luhn check digit of the others."""
    each = [f"({body} // {10**place}) % 10" for place in range(digits)]
    doubled = [f"2 * ({digit}) - 9 * ((({digit}) > 4)::INTEGER)" for digit in each[::2]]
    total = " + ".join([*doubled, *each[1::2]])
    return f"({body}) * 10 + (10 - ({total}) % 10) % 10"


SIREN = checked("(10000000 + n)", digits=8)
ESTABLISHMENTS = f"""
SELECT
    unit::VARCHAR AS siren,
    right(place_number::VARCHAR, 5) AS nic,
    place_number::VARCHAR AS siret,
    CASE WHEN draw % 8 = 0 THEN 'P' ELSE 'O' END AS statutDiffusionEtablissement,
    DATE '1990-01-01' + (draw % 12000)::INTEGER AS dateCreationEtablissement,
    {SIZES}[1 + draw % 10] AS trancheEffectifsEtablissement,
    2024 AS anneeEffectifsEtablissement,
    TIMESTAMP '2026-08-01 00:00:00' AS dateDernierTraitementEtablissement,
    n % 10 <> 0 AS etablissementSiege,
    1 + draw % 9 AS nombrePeriodesEtablissement,
    CASE WHEN draw % 20 = 0 THEN 'BATIMENT ' || (draw % 99)::VARCHAR END
        AS complementAdresseEtablissement,
    (1 + draw % 200)::VARCHAR AS numeroVoieEtablissement,
    NULL::VARCHAR AS indiceRepetitionEtablissement,
    'RUE' AS typeVoieEtablissement,
    'DU NUMERO ' || (draw % 3000)::VARCHAR AS libelleVoieEtablissement,
    lpad(place::VARCHAR, 5, '0') AS codePostalEtablissement,
    'COMMUNE ' || place::VARCHAR AS libelleCommuneEtablissement,
    lpad(place::VARCHAR, 5, '0') AS codeCommuneEtablissement,
    (600000 + draw % 500000)::VARCHAR AS coordonneeLambertAbscisseEtablissement,
    (6200000 + draw % 700000)::VARCHAR AS coordonneeLambertOrdonneeEtablissement,
    DATE '1990-01-01' + (draw % 12000)::INTEGER AS dateDebut,
    CASE WHEN draw % 5 < 2 THEN 'A' ELSE 'F' END AS etatAdministratifEtablissement,
    CASE WHEN draw % 3 = 0 THEN 'ENSEIGNE ' || (draw % 9999)::VARCHAR END AS enseigne1Etablissement,
    NULL::VARCHAR AS enseigne2Etablissement,
    NULL::VARCHAR AS enseigne3Etablissement,
    CASE WHEN draw % 50 = 0 THEN 'USUEL ' || n::VARCHAR END AS denominationUsuelleEtablissement,
    {ACTIVITIES}[1 + draw % 8] AS activitePrincipaleEtablissement,
    'NAFRev2' AS nomenclatureActivitePrincipaleEtablissement,
    NULL::VARCHAR AS activitePrincipaleNAF25Etablissement
FROM (
    SELECT *, {checked("(unit * 10000 + 1 + n % 9)", digits=13)} AS place_number FROM (
    SELECT
        n,
        {SIREN} AS unit,
        (hash(n * 7919 + $seed) >> 1)::BIGINT AS draw,
        -- The cube draws rows towards the first communes.
        1001 + ({COMMUNES} * pow((hash(n * 104729 + $seed) % 1000003) / 1000003.0, 3))::INTEGER
            AS place
    FROM range($first, $last) AS rows(n)
    )
)
"""  # noqa: S608 - our own text only

LEGAL_UNITS = f"""
SELECT
    ({SIREN})::VARCHAR AS siren,
    CASE WHEN draw % 8 = 0 THEN 'P' ELSE 'O' END AS statutDiffusionUniteLegale,
    CASE WHEN draw % 7 = 0 THEN 'W' || lpad((draw % 1000000000)::VARCHAR, 9, '0') END
        AS identifiantAssociationUniteLegale,
    NULL::VARCHAR AS sigleUniteLegale,
    CASE WHEN draw % 10 < 4 THEN 'PRENOM' END AS prenomUsuelUniteLegale,
    CASE WHEN draw % 10 < 4 THEN 'NOM ' || n::VARCHAR END AS nomUniteLegale,
    NULL::VARCHAR AS nomUsageUniteLegale,
    CASE WHEN draw % 10 >= 4 THEN 'DENOMINATION ' || n::VARCHAR END AS denominationUniteLegale,
    NULL::VARCHAR AS denominationUsuelle1UniteLegale,
    DATE '1990-01-01' + (draw % 12000)::INTEGER AS dateCreationUniteLegale,
    'A' AS etatAdministratifUniteLegale,
    {ACTIVITIES}[1 + draw % 8] AS activitePrincipaleUniteLegale,
    11 AS nicSiegeUniteLegale,
    {FORMS}[1 + draw % 10] AS categorieJuridiqueUniteLegale,
    [NULL, NULL, 'O', 'N'][1 + draw % 4] AS economieSocialeSolidaireUniteLegale
FROM (
    SELECT n, (hash(n * 15485863 + $seed) >> 1)::BIGINT AS draw
    FROM range($first, $last) AS rows(n)
)
"""  # noqa: S608 - our own text only


def write_stock(folder: Path, *, rows: int, seed: int = SEED) -> tuple[Path, Path]:
    """Write both files; memory does not grow with the rows: groups are written one by one."""
    made = []
    for name, query in (
        ("StockEtablissement_utf8.parquet", ESTABLISHMENTS),
        ("StockUniteLegale_utf8.parquet", LEGAL_UNITS),
    ):
        path = folder / name
        with duckdb.connect(":memory:", config={"memory_limit": "800MB"}) as database:
            bound = {"first": 0, "last": rows, "seed": seed}
            database.execute(
                f"COPY ({query}) TO '{path.as_posix()}' "
                f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})",
                bound,
            )
        made.append(path)
    return made[0], made[1]


if __name__ == "__main__" and sys.argv[1:]:
    write_stock(Path(sys.argv[1]), rows=int(sys.argv[2]))

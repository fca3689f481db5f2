"""Write ``legal_forms.csv``: every legal form of level III and the family of actors it belongs to.

Input, given as an argument: ``--forms``, CSV ``code,libelle`` (INSEE, catégories juridiques,
niveau III).  The assignment is by leaf code, never by prefix, and lives in this script: French law
of 31 July 2014 (article 1) for the social economy, the nature of the body for the others.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tables import read_rows, tidy, write_rows

HERE = Path(__file__).resolve().parent


def codes(block: str) -> list[str]:
    """Return the codes of a block of text."""
    return block.split()


COLUMNS = ("code", "label_fr", "label_en", "family", "ess_form", "natural_person", "note")

COOPERATIVES = codes(
    "5191 5192 5193 5194 5195 5196 5203 5307 5309 5443 5451 5453 5454 5455 5458 5459 5460 "
    "5543 5547 5551 5552 5553 5554 5555 5558 5559 5560 "
    "5643 5647 5651 5652 5653 5654 5655 5658 5659 5660 "
    "6100 6316 6317 6318 6543 6551 6554 6558 6560 6595 6596"
)
MUTUALS = codes("6411 8210 8250 8290 8510 8520")
ASSOCIATIONS = codes("9210 9220 9221 9222 9223 9230 9260")
FOUNDATIONS = ["9300"]
ESS_FORMS = {
    **dict.fromkeys(COOPERATIVES, "cooperative"),
    **dict.fromkeys(MUTUALS, "mutual"),
    **dict.fromkeys(ASSOCIATIONS, "association"),
    **dict.fromkeys(FOUNDATIONS, "foundation"),
}

PUBLIC = codes(
    "3210 4110 4120 4130 4140 4150 4160 "
    "7111 7112 7113 7120 7150 7160 7171 7172 7179 7190 7210 7220 7225 7229 7230 "
    "7312 7313 7314 7321 7322 7323 7340 7341 7342 7343 7344 7345 7346 7347 7348 7349 "
    "7351 7352 7353 7354 7355 7356 7357 7361 7362 7363 7364 7365 7366 7367 "
    "7371 7372 7373 7378 7379 7381 7382 7385 7389 7410 7430 7450 7470 7490 "
    "8110 8120 8140 8150 8160 8170 8190"
)
RESEARCH = codes("7331 7383 7384 8470")
CIVIL = codes("2700 8130 8310 8311 8410 8420 8450 8490 9110 9150 9240")
UNDECIDED = codes("0000 2800 3205 3290 9900")
NATURAL_PERSONS = ["1000"]

PERSONAL_NAME = "The name may hold a person's name: not shown by default."
SICA = "SICA: a civil or commercial company with a cooperative status; counted as a business."
NOTES = {
    "1000": "A natural person: the name is personal data and is not shown by default.",
    "2110": PERSONAL_NAME,
    "2210": PERSONAL_NAME,
    "2310": PERSONAL_NAME,
    "0000": "Investment fund without legal personality: not an actor of a territory.",
    "2700": "Parish outside Alsace and Moselle: civil society, not in the social economy.",
    "2800": "VAT group: a tax status, not an actor.",
    "3205": "International organisation: family decided case by case.",
    "3210": "Foreign public body.",
    "3290": "Foreign legal person of unknown nature: family decided case by case.",
    "5432": SICA,
    "5532": SICA,
    "5632": SICA,
    "6532": SICA,
    "5546": "Social housing company, private law; not a cooperative (those are 5547 and 5647).",
    "5646": "Social housing company, private law; not a cooperative (those are 5547 and 5647).",
    "5415": "Semi-public company: private law, public shareholders; counted as a business.",
    "5515": "Semi-public company: private law, public shareholders; counted as a business. "
    "Local public companies (SPL) are registered here.",
    "5615": "Semi-public company: private law, public shareholders; counted as a business.",
    "5710": "SCOP and SCIC under SAS form carry this code too: only the official list of social "
    "economy enterprises tells them apart.",
    "6220": "Grouping of enterprises; may serve ESS members.",
    "6411": "Mutual insurance: in the social economy although its code is not in 82xx.",
    "7321": "Authorised landowners' association: a public establishment, not an association.",
    "7322": "Urban land association: a public establishment, not an association.",
    "7323": "Land consolidation association: a public establishment, not an association.",
    "7331": "Lower and upper secondary schools: training side of the research helix.",
    "7364": "Public hospital; university hospitals also do research.",
    "7381": "Consular chamber: public body that supports enterprises, often a linking place.",
    "7383": "Universities and scientific establishments; where a national research body is "
    "registered under another code, the activity 72.xx tells.",
    "7389": "National administrative establishment; research bodies registered here are told by "
    "their activity 72.xx.",
    "7410": "Public interest grouping; research and training when its activity is 72.xx or 85.4x.",
    "8130": "Complementary pension scheme run by the social partners: private, non-profit.",
    "8140": "Social security of farmers (MSA): private body with a public service mission.",
    "8310": "Works council: civil society, outside the legal perimeter of the social economy.",
    "8311": "Works council: civil society, outside the legal perimeter of the social economy.",
    "8410": "Trade union: civil society, outside the legal perimeter of the social economy.",
    "8420": "Employers' organisation: civil society, outside the perimeter.",
    "8470": "Industrial technical centre: applied research for a branch.",
    "8510": "Debatable: provident institution run by the social partners, counted as mutual.",
    "8520": "Debatable: supplementary pension institution, counted as mutual.",
    "9110": "Co-ownership: not an enterprise, outside the perimeter.",
    "9150": "Free landowners' association: outside the perimeter.",
    "9210": "Undeclared association: no legal personality.",
    "9224": "Lawyers' association (AARPI): a way to practise a profession, not a social economy "
    "association.",
    "9240": "Congregation: civil society, excluded from the perimeter.",
    "9300": "Includes endowment funds registered under this code.",
    "9900": "Residual category: family decided case by case.",
    "9970": "Health cooperation grouping under private law: counted as a business, its members "
    "may be public or associations.",
    "7470": "Health cooperation grouping under public law.",
}

ENGLISH = {
    "1000": "Sole trader",
    "4110": "National public industrial and commercial establishment (with public accountant)",
    "4140": "Local public industrial and commercial establishment",
    "5202": "General partnership (SNC)",
    "5499": "Limited liability company (SARL)",
    "5458": "Workers' cooperative (SCOP), SARL form",
    "5558": "Workers' cooperative (SCOP), SA form with board of directors",
    "5599": "Public limited company (SA) with board of directors",
    "5699": "Public limited company (SA) with management board",
    "5710": "Simplified joint-stock company (SAS)",
    "5800": "European company",
    "6220": "Economic interest grouping (GIE)",
    "6316": "Farm machinery cooperative (CUMA)",
    "6317": "Agricultural cooperative",
    "6318": "Union of agricultural cooperatives",
    "6411": "Mutual insurance company",
    "6533": "Joint farming group (GAEC)",
    "6540": "Real estate civil company (SCI)",
    "6597": "Civil farming company (SCEA)",
    "6598": "Limited liability farm (EARL)",
    "7210": "Commune",
    "7220": "Department",
    "7230": "Region",
    "7331": "Local public school (secondary)",
    "7343": "Urban community",
    "7344": "Metropolis",
    "7346": "Community of communes",
    "7348": "Agglomeration community",
    "7353": "Single-purpose intercommunal syndicate (SIVU)",
    "7354": "Closed mixed syndicate",
    "7355": "Open mixed syndicate",
    "7357": "Territorial and rural balance pole (PETR)",
    "7361": "Communal social action centre (CCAS)",
    "7364": "Public hospital",
    "7366": "Local public social and medico-social establishment",
    "7367": "Intercommunal social action centre (CIAS)",
    "7381": "Consular chamber",
    "7383": "Public scientific, cultural and professional establishment (university)",
    "7410": "Public interest grouping (GIP)",
    "8210": "Mutual society",
    "8410": "Trade union",
    "8420": "Employers' union",
    "8470": "Industrial technical centre or professional development committee",
    "9110": "Co-ownership syndicate",
    "9150": "Free landowners' association",
    "9220": "Declared association",
    "9221": "Declared association for work integration",
    "9222": "Intermediary association (work integration)",
    "9223": "Employers' grouping",
    "9230": "Declared association of public benefit",
    "9240": "Congregation",
    "9260": "Association under local law (Alsace and Moselle)",
    "9300": "Foundation",
}


def families(known: list[str]) -> dict[str, str]:
    """Return the family of every code; empty where it cannot be decided from the form.

    A form that no list names is a private company or grouping, hence a business.

    Raises
    ------
    ValueError
        If a code is in two lists, or a list names a code that does not exist.
    """
    lists = {
        "ess": list(ESS_FORMS),
        "public": PUBLIC,
        "research": RESEARCH,
        "civil": CIVIL,
        "": UNDECIDED,
    }
    named: dict[str, str] = {}
    for family, members in lists.items():
        for code in members:
            if code in named or code not in known:
                msg = f"Code {code!r} of {family!r} is named twice or is not a legal form."
                raise ValueError(msg)
            named[code] = family
    return {code: named.get(code, "business") for code in known}


def build(forms: Path) -> list[dict[str, str]]:
    """Return the rows of the table, sorted by code."""
    labels = {row["code"]: tidy(row["libelle"]) for row in read_rows(forms)}
    if unknown := sorted((set(NOTES) | set(ENGLISH)) - set(labels)):
        msg = f"Notes or English labels for unknown codes: {unknown}."
        raise ValueError(msg)
    family = families(sorted(labels))
    return [
        {
            "code": code,
            "label_fr": labels[code],
            "label_en": ENGLISH.get(code, ""),
            "family": family[code],
            "ess_form": ESS_FORMS.get(code, ""),
            "natural_person": str(int(code in NATURAL_PERSONS)),
            "note": NOTES.get(code, ""),
        }
        for code in sorted(labels)
    ]


def main() -> None:
    """Parse the arguments and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forms", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=HERE.parent / "legal_forms.csv")
    arguments = parser.parse_args()
    write_rows(arguments.out, build(arguments.forms), columns=COLUMNS)


if __name__ == "__main__":
    main()

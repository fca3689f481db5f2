"""How often usual words stand in the names of public lists: what a shared word is worth.

Counted by tests/real/linkage_labels.py on the 4,649 distinct names that lists of work integration
(2019, 2021), digital inclusion (2023) and digital helpers (2021) hold for départements of even
number; the words that stand in at least 0.4 % of them, numbers left out.  It tells how words are
used, and holds no name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PRIOR_NAMES: Final = 2_000
"""What the table weighs, in names: own choice, between a list of ten rows, which tells nothing of
its words, and a register of 100,000, which tells all."""

COMMON_WORDS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "service": 0.1304,
        "mairie": 0.1198,
        "france": 0.0942,
        "ccas": 0.0587,
        "centre": 0.0508,
        "saint": 0.0437,
        "emploi": 0.0381,
        "social": 0.0336,
        "maison": 0.0301,
        "comcom": 0.0299,
        "insertion": 0.0271,
        "espace": 0.0245,
        "mediatheque": 0.0230,
        "pays": 0.0181,
        "numerique": 0.0170,
        "point": 0.0161,
        "solidarite": 0.0161,
        "poste": 0.0142,
        "geiq": 0.0140,
        "sociale": 0.0129,
        "info": 0.0120,
        "interim": 0.0120,
        "sud": 0.0118,
        "famille": 0.0116,
        "relai": 0.0103,
        "locale": 0.0097,
        "agglo": 0.0095,
        "rurale": 0.0095,
        "accueil": 0.0092,
        "culturel": 0.0090,
        "quartier": 0.0086,
        "regie": 0.0086,
        "travail": 0.0086,
        "action": 0.0084,
        "mission": 0.0084,
        "jardin": 0.0080,
        "atelier": 0.0077,
        "mer": 0.0077,
        "bibliotheque": 0.0075,
        "grand": 0.0075,
        "rouge": 0.0075,
        "croi": 0.0073,
        "departement": 0.0073,
        "pierre": 0.0073,
        "pole": 0.0073,
        "solidaire": 0.0073,
        "jeune": 0.0071,
        "cms": 0.0069,
        "formation": 0.0069,
        "coeur": 0.0067,
        "val": 0.0067,
        "francaise": 0.0065,
        "mjc": 0.0065,
        "nord": 0.0065,
        "medico": 0.0062,
        "sarthe": 0.0062,
        "loire": 0.0060,
        "public": 0.0060,
        "sainte": 0.0060,
        "alt": 0.0058,
        "aide": 0.0056,
        "environnement": 0.0056,
        "federation": 0.0056,
        "chantier": 0.0054,
        "socioculturel": 0.0054,
        "vallee": 0.0054,
        "haute": 0.0052,
        "cap": 0.0049,
        "developpement": 0.0049,
        "information": 0.0049,
        "jean": 0.0049,
        "btp": 0.0047,
        "chateau": 0.0047,
        "departementale": 0.0047,
        "haut": 0.0047,
        "jeunesse": 0.0047,
        "seine": 0.0047,
        "vie": 0.0047,
        "envie": 0.0045,
        "municipale": 0.0045,
        "ouest": 0.0045,
        "partage": 0.0045,
        "pont": 0.0045,
        "antenne": 0.0043,
        "chambre": 0.0043,
        "cias": 0.0043,
        "terre": 0.0043,
        "territoire": 0.0043,
        "animation": 0.0041,
        "assistant": 0.0041,
        "enseignement": 0.0041,
        "entraide": 0.0041,
    }
)
"""Share of names that hold a word, as :func:`toolkit.linkage.names.name_tokens` writes it."""

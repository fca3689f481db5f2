"""What is known of activities beyond one territory: profiles, and what follows from them."""

from __future__ import annotations

from toolkit.knowledge.estimates import estimate
from toolkit.knowledge.profiles import Profiles, read_profiles
from toolkit.knowledge.suggestion import Suggestion, suggest_activities, suggest_activity
from toolkit.knowledge.tables import FOLDER

__all__ = [
    "FOLDER",
    "Profiles",
    "Suggestion",
    "estimate",
    "read_profiles",
    "suggest_activities",
    "suggest_activity",
]

"""The outside world in: one file a source, each giving rows of the model with their origin."""

from __future__ import annotations

from toolkit.sources.demo import demo_panel, demo_territory

__all__ = ["demo_panel", "demo_territory"]

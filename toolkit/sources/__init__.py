"""The outside world in: one file a source, each giving rows of the model and where they come from."""

from __future__ import annotations

from toolkit.sources.demo import demo_panel, demo_territory

__all__ = ["demo_panel", "demo_territory"]

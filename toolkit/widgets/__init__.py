"""What notebooks are made of: one session, short calls."""

from __future__ import annotations

from toolkit.widgets.session import Session, open_session

__all__ = ["Session", "open_session"]

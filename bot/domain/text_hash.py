"""Short hashes that stand for texts."""

from __future__ import annotations

import hashlib


def hash_of(text: str) -> str:
    """Twelve hexadecimal digits that stand for a text."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]

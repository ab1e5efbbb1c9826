"""
The content hash of a release: equal for equal patients, whatever their ids and the order of rows.

It is taken before the follow-up horizon, whose margin depends on a network's own key; so two clean runs
on the same files have the same hash, and so has a run that was killed and went on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

#: Names of a person or a row; everything else is content.
_IDS = ("person",)


def content_sha256(sources: Mapping[str, Mapping[str, pa.Table]]) -> str:
    """
    Return one hash over all patients of all sources.

    Parameters
    ----------
    sources : mapping of str to tables
        Generalised tables by provider, before horizon and pseudonyms.
    """
    total = hashlib.sha256()
    for provider in sorted(sources):
        total.update(provider.encode() + b"\n")
        for digest in sorted(_patients(sources[provider])):
            total.update(digest.encode())
    return total.hexdigest()


def _patients(tables: Mapping[str, pa.Table]) -> list[str]:
    rows: dict[str, list[str]] = {}
    for name in sorted(tables):
        for row in tables[name].to_pylist():
            rows.setdefault(row["person"], []).append(name + _text(row))
    return [hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest() for lines in rows.values()]


def _text(row: Mapping[str, Any]) -> str:
    content = {key: value for key, value in sorted(row.items()) if key not in _IDS}
    return json.dumps(content, sort_keys=True, default=str)

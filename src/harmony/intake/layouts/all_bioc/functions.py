"""Exceptions of this layout: codes that rest on two columns; each takes columns of text and returns codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Columns = Mapping[str, Sequence[str]]


def vital_status(columns: Columns) -> list[str]:
    """Dead where either text says so, alive in continuing remission; a relapse says nothing about life."""
    return [_vital(response, course) for response, course in zip(columns["CR"], columns["f.u"], strict=True)]


def _vital(response: str, course: str) -> str:
    if "DEATH" in response or "DEATH" in course:
        return "dead"
    return "alive" if "CCR" in course else "unknown"


def karyotype_result(columns: Columns) -> list[str]:
    """Banding was normal, abnormal, or not done."""
    words = {"True": "normal", "False": "abnormal"}
    return [words.get(cell, "not_done") for cell in columns["cyto.normal"]]


def bcr_abl1(columns: Columns) -> list[str]:
    """Present by molecular test or banding; absent only where the molecular test looked."""
    return _either(columns["mol.biol"], "BCR/ABL", columns["t(9;22)"])


def kmt2a_aff1(columns: Columns) -> list[str]:
    """Present by molecular test or banding; absent only where the molecular test looked."""
    return _either(columns["mol.biol"], "ALL1/AF4", columns["t(4;11)"])


def tcf3_pbx1(columns: Columns) -> list[str]:
    """Present or absent by the molecular test."""
    return _either(columns["mol.biol"], "E2A/PBX1", [""] * len(columns["mol.biol"]))


def _either(tests: Sequence[str], fusion: str, banding: Sequence[str]) -> list[str]:
    return [
        "present" if test == fusion or band == "True" else "absent" if test else "not_assessed"
        for test, band in zip(tests, banding, strict=True)
    ]

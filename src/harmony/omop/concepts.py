"""
The HARMONY concept pack: fixed concept ids for every table, field and code that OMOP has no concept for.

`concepts.csv` holds one concept a line; `tools/concepts.py` adds missing ones and never changes a line.
Ids above 2,000,000,000 are free for local concepts in OMOP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from harmony.dictionary.model import Dictionary
from harmony.errors import LayoutRefused
from harmony.files import parse_rows, read_text
from harmony.stages.record import Definition

PACK_ID: Final = "harmony-concepts"
FILE: Final = "concepts.csv"
COLUMNS: Final = ("concept_id", "concept_code", "concept_name")

#: OMOP leaves ids from here on to local concepts; every standard concept lies below.
FIRST_LOCAL: Final = 2_000_000_001
#: First id of the pack; the block below it is left to a site's own local concepts.
FIRST_ID: Final = 2_050_000_001

TIME_AXIS_DAYS: Final = "HMY:time_axis.days"
INVENTED_BIRTH_YEAR: Final = "HMY:invented.year_of_birth"
INVENTED_PERIOD_START: Final = "HMY:invented.observation_period_start_date"
INVENTED_PERIOD_END: Final = "HMY:invented.observation_period_end_date"

#: Concepts that say something about the OMOP copy itself, not about a patient.
FLAGS: Final = {
    TIME_AXIS_DAYS: "Dates count days from an index event; 2000-01-01 is day 0",
    INVENTED_BIRTH_YEAR: "Birth year is not known; PERSON holds an invented one",
    INVENTED_PERIOD_START: "Start of observation is not known; OBSERVATION_PERIOD holds an invented one",
    INVENTED_PERIOD_END: "Last contact is not known; OBSERVATION_PERIOD holds an invented end",
}


@dataclass(frozen=True)
class ConceptPack:
    """Concept ids by code, with the hash of the pack's text."""

    ids: Mapping[str, int]
    sha256: str

    def id_of(self, code: str) -> int:
        """
        Return the id of a concept.

        Raises
        ------
        LayoutRefused
            When the pack has no such concept.
        """
        if code not in self.ids:
            raise LayoutRefused(
                f"The concept pack has no concept {code}.",
                "Add it with a new id to concepts.csv in the network's definitions.",
                "ids above 2000000000 that no other concept has",
            )
        return self.ids[code]

    def definition(self) -> Definition:
        """Return what a stage record says about this pack; its version is the number of concepts."""
        return Definition(PACK_ID, str(len(self.ids)), self.sha256)


def load_concepts(definitions: Path | None = None) -> ConceptPack:
    """
    Load the packaged concepts and a network's additions.

    Parameters
    ----------
    definitions : Path, optional
        `NETWORK/definitions`; its `concepts.csv` adds concepts for the fields added there.

    Raises
    ------
    LayoutRefused
        When the file is no such table, an id or a code stands twice, or an id is not a local one.
    """
    text = resources.files("harmony.omop").joinpath(FILE).read_text(encoding="utf-8")
    own = definitions / FILE if definitions else None
    texts = [text]
    if own is not None and own.exists():
        texts.append(read_text(own, LayoutRefused, "Write it again as UTF-8."))
    ids: dict[str, int] = {}
    used: set[int] = set()
    for content in texts:
        for row in parse_rows(content, FILE, COLUMNS, LayoutRefused):
            number = int(row["concept_id"]) if row["concept_id"].isdecimal() else 0
            if row["concept_code"] in ids or number in used or number < FIRST_LOCAL:
                raise LayoutRefused(
                    f"{FILE}: concept {row['concept_code']} has id {number}.",
                    "Give it an id of its own.",
                    "ids above 2000000000, each code and each id once",
                )
            ids[row["concept_code"]] = number
            used.add(number)
    return ConceptPack(ids, hashlib.sha256("\n".join(texts).encode()).hexdigest())


def needed_concepts(dictionary: Dictionary) -> Iterator[tuple[str, str]]:
    """Yield code and name of every concept that a dictionary needs: flags, tables, fields, codes."""
    yield from FLAGS.items()
    for table, fields in dictionary.tables.items():
        yield f"HMY:{table}", f"Row of table {table}"
        for item in fields:
            yield f"HMY:{item.key}", item.label
            for code, label in item.codes.items():
                yield f"HMY:{item.key}={code}", f"{item.label}: {label}"

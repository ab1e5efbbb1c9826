"""
A study file: the question, what it may see, and what it will compute; checked once, then frozen.

The plan is the permission: what is not in it is not opened and not computed, and its hash is locked when
the study is approved.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harmony.analysis.groups import Variable
from harmony.anonymity.policy import load_policy
from harmony.cohorts.frame import Requirement
from harmony.errors import UsageError
from harmony.files import parse_yaml, read_text
from harmony.hematology.endpoints.times import COMPETING, ENDPOINTS

Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VariablePart(_Part):
    """How one field is read in tables and figures."""

    label: Text
    levels: dict[str, str] = {}
    cuts: tuple[float, ...] = ()


class StepPart(_Part):
    """One inclusion step of a cohort."""

    label: Text
    reason: Text
    field: Text
    values: tuple[str, ...] = ()


class CurvePart(_Part):
    """A survival or incidence figure: which endpoint, compared by which field, which causes pooled."""

    title: Text
    endpoint: Text
    by: Text
    pool: dict[str, tuple[Text, ...]] = {}


class TermPart(_Part):
    """One term of a model; `per` > 0 reads the field as a number, bands as their middle."""

    field: Text
    per: float = 0.0


class CoxPart(_Part):
    """A Cox model."""

    title: Text
    endpoint: Text
    terms: tuple[TermPart, ...]


class NotePart(_Part):
    """What is not shown, and why."""

    title: Text
    text: Text


class BlockPart(_Part):
    """One mark's part of a study; marks are never pooled."""

    mark: Literal["patient", "public", "synthetic"]
    heading: Text
    intro: Text
    sources: tuple[Text, ...]
    start: Text
    cohort: tuple[StepPart, ...] = ()
    group: Text
    table1: tuple[Text, ...]
    survival: tuple[CurvePart, ...] = ()
    incidence: tuple[CurvePart, ...] = ()
    cox: tuple[CoxPart, ...] = ()
    planted: tuple[str, ...] = ()
    notes: tuple[NotePart, ...] = ()


class Plan(_Part):
    """
    A whole study.

    `tables` maps each table to the columns the study may see; `variables` maps each field of tables, figures
    and models to its labels; `blocks` say what is computed, one mark at a time. Governance reads the same
    file: what is asked for, by whom, until when.
    """

    title: Text
    question: Text
    lay_summary: Text
    team: tuple[Text, ...] = ()
    until: dt.date | None = None
    tables: dict[str, tuple[str, ...]]
    variables: dict[str, VariablePart]
    blocks: tuple[BlockPart, ...]
    limits: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Plan:
        for block in self.blocks:
            fields = [block.group, *block.table1, *(part.by for part in (*block.survival, *block.incidence))]
            fields += [term.field for model in block.cox for term in model.terms]
            unnamed = sorted(set(fields) - set(self.variables))
            if unnamed:
                raise ValueError(f"variables has no entry for {', '.join(unnamed)}")
            named = {part.endpoint for part in (*block.survival, *block.incidence)}
            unknown = sorted((named | {model.endpoint for model in block.cox}) - set(ENDPOINTS))
            if unknown:
                raise ValueError(f"unknown endpoints {', '.join(unknown)}; known: {', '.join(ENDPOINTS)}")
            single = {part.endpoint for part in block.survival} | {model.endpoint for model in block.cox}
            if single & set(COMPETING):
                raise ValueError(
                    f"{', '.join(sorted(single & set(COMPETING)))} has competing causes: use it in incidence"
                )
        labels = [variable.label for variable in self.variables.values()]
        doubled = sorted({label for label in labels if labels.count(label) > 1})
        if doubled:
            # A label is also how a checker names what is left out, and how a model names its terms.
            raise ValueError(f"two variables are called {', '.join(doubled)}")
        return self

    def variable(self, field: str) -> Variable:
        """Return a field's variable; the anonymity policy, not the study, says what is sensitive."""
        part = self.variables[field]
        return Variable(field, part.label, part.levels, part.cuts, is_sensitive(field))

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield every text that the report prints as the study wrote it, with the name of its place."""
        yield from (("Title", self.title), ("Question", self.question), ("Lay summary", self.lay_summary))
        yield from (("Limits", text) for text in self.limits)
        for block in self.blocks:
            yield "Heading", block.heading
            yield f"{block.heading}, introduction", block.intro
            steps = [text for step in block.cohort for text in (step.label, step.reason)]
            titles = [part.title for part in (*block.survival, *block.incidence)]
            titles += [model.title for model in block.cox]
            for text in (block.start, *steps, *titles):
                yield f"{block.heading}, titles and steps", text
            for note in block.notes:
                yield from ((f"{block.heading}, note", text) for text in (note.title, note.text))

    def requirements(self, block: BlockPart) -> tuple[Requirement, ...]:
        """Return a block's inclusion steps."""
        return tuple(Requirement(s.label, s.reason, s.field, s.values) for s in block.cohort)

    def frame_fields(self, block: BlockPart) -> tuple[str, ...]:
        """Return every field that a block reads, one row per patient."""
        return tuple(dict.fromkeys([*self.variables, *(step.field for step in block.cohort)]))


@cache
def _roles() -> Mapping[str, str]:
    return load_policy().roles


def is_sensitive(field: str) -> bool:
    """Return whether the packaged anonymity policy calls a field sensitive; a field without a role is."""
    return _roles().get(field, "sensitive") == "sensitive"


def load_plan(path: Path) -> tuple[Plan, str]:
    """
    Read a study file.

    Returns
    -------
    (Plan, str)
        The plan and the SHA-256 of the file.

    Raises
    ------
    UsageError
        Naming every place of the file that is wrong.
    """
    if not path.is_file():
        raise UsageError(f"There is no study file {path.name}.", "Give the path of a study YAML file.")
    text = read_text(path, UsageError, "Mend the file.")
    content = parse_yaml(text, path.name, UsageError)
    try:
        return Plan.model_validate(content), hashlib.sha256(text.encode()).hexdigest()
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise UsageError(f"{path.name} is not a study: {places}.", "Mend the places named.") from error

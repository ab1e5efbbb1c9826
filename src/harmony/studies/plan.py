"""
A study file: the question, what it may see, and what it will compute; checked once, then frozen.

The plan is the permission: what is not in it is not opened and not computed, and its hash is locked when
the study is approved.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harmony.analysis.groups import Variable
from harmony.cohorts.frame import Requirement
from harmony.errors import UsageError
from harmony.hematology.endpoints.times import COMPETING, ENDPOINTS

Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VariablePart(_Part):
    """How one field is read in tables and figures."""

    label: Text
    levels: dict[str, str] = {}
    cuts: tuple[float, ...] = ()
    sensitive: bool = True


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
        """Return a field's variable."""
        part = self.variables[field]
        return Variable(field, part.label, part.levels, part.cuts, part.sensitive)

    def requirements(self, block: BlockPart) -> tuple[Requirement, ...]:
        """Return a block's inclusion steps."""
        return tuple(Requirement(s.label, s.reason, s.field, s.values) for s in block.cohort)

    def frame_fields(self, block: BlockPart) -> tuple[str, ...]:
        """Return every field that a block reads, one row per patient."""
        return tuple(dict.fromkeys([*self.variables, *(step.field for step in block.cohort)]))


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
    raw = path.read_bytes()
    try:
        content: Mapping[str, Any] = yaml.safe_load(raw)
        return Plan.model_validate(content), hashlib.sha256(raw).hexdigest()
    except yaml.YAMLError as error:
        raise UsageError(f"{path.name} is no YAML.", "Mend the file.") from error
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise UsageError(f"{path.name} is not a study: {places}.", "Mend the places named.") from error

"""What governance reads of a study file: who, what for, which data, until when, and its locking hash."""

from __future__ import annotations

import calendar
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import rfc8785
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from harmony.errors import UsageError
from harmony.files import parse_yaml, read_text
from harmony.governance.procedure import load

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
_Provider = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$")]
_MemberId = Annotated[str, StringConstraints(pattern=r"^MEM-[0-9a-f]{12}$")]
_Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=5000)]
_Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=300)]


class _Block(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    mark: Literal["patient", "public", "synthetic"]
    sources: tuple[_Provider, ...]


class _StudyFile(BaseModel):
    # The rest of the file is the analysis plan: `studies` reads it, the hash covers it.
    model_config = ConfigDict(extra="ignore", frozen=True)

    title: _Title
    question: _Sentence
    lay_summary: _Sentence
    team: tuple[_MemberId, ...] = ()
    until: dt.date | None = None
    tables: dict[_Name, tuple[_Name, ...]]
    blocks: tuple[_Block, ...]


@dataclass(frozen=True)
class Plan:
    """
    A study file as the procedure sees it.

    Attributes
    ----------
    title, question, lay_summary : str
        In the applicant's words.
    team : tuple of str
        MEM ids that work on the data beside the author.
    tables : mapping of str to tuple of str
        Columns asked for by table of the release.
    sources : tuple of (str, str)
        Provider and mark of every source asked for.
    until : date or None
        Last day of use; without one the procedure's `permit_months` from approval hold.
    sha256 : str
        Hash of the whole file's content in canonical JSON (RFC 8785): layout and comments do not count,
        every value does.
    text : str
        The canonical JSON.
    """

    title: str
    question: str
    lay_summary: str
    team: tuple[str, ...]
    tables: Mapping[str, tuple[str, ...]]
    sources: tuple[tuple[str, str], ...]
    until: dt.date | None
    sha256: str
    text: str


def read_plan(study_file: Path | Mapping[str, Any]) -> Plan:
    """
    Read a study file.

    Parameters
    ----------
    study_file : Path or mapping
        YAML file, or its content.

    Raises
    ------
    UsageError
        When the file is missing, is not YAML, or a field is missing or has a value that cannot be used.
    """
    content = _load(study_file) if isinstance(study_file, Path) else study_file
    try:
        text = rfc8785.dumps(_plain(content)).decode()
        checked = _StudyFile.model_validate(json.loads(text))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UsageError(
            f"The study file cannot be used: {problems}.", "Correct it and try again."
        ) from error
    except (rfc8785.CanonicalizationError, TypeError, RecursionError) as error:
        raise UsageError("The study file has a value that JSON cannot hold.", "Correct it.") from error
    _refuse_empty(checked)
    return _plan(checked, text)


def _plan(checked: _StudyFile, text: str) -> Plan:
    return Plan(
        title=checked.title,
        question=checked.question,
        lay_summary=checked.lay_summary,
        team=tuple(dict.fromkeys(checked.team)),
        tables={name: tuple(dict.fromkeys(columns)) for name, columns in checked.tables.items()},
        sources=tuple(
            dict.fromkeys((name, block.mark) for block in checked.blocks for name in block.sources)
        ),
        until=checked.until,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        text=text,
    )


def _load(path: Path) -> Any:
    if not path.is_file():
        raise UsageError(f"There is no study file {path.name}.", "Give the path of a study file.")
    return parse_yaml(read_text(path, UsageError, "Correct it."), path.name, UsageError)


def _plain(value: Any) -> Any:
    # YAML turns 2027-12-31 into a date, which JSON does not know.
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _refuse_empty(checked: _StudyFile) -> None:
    if not any(checked.tables.values()) or not any(block.sources for block in checked.blocks):
        raise UsageError(
            "The study file asks for no column or no source.", "List them under tables and blocks."
        )


def last_day(plan: Plan, approved_on: dt.date | None) -> dt.date | None:
    """
    Return the last day on which a plan may be used; None for a plan without one that is not approved yet.

    A month ends on the day of the same number, or on the month's last day where there is none
    (Regulation (EEC, Euratom) 1182/71, article 3).
    """
    if plan.until is not None or approved_on is None:
        return plan.until
    months = approved_on.year * 12 + approved_on.month - 1 + load().permit_months
    year, month = divmod(months, 12)
    day = min(approved_on.day, calendar.monthrange(year, month + 1)[1])
    return dt.date(year, month + 1, day)

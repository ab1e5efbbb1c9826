"""
Whether a plan asks for something that exists: columns of the dictionary, sources of the network.

Asked when a study is proposed. Reviewers would else judge, and a chair approve, what can never run.
"""

from __future__ import annotations

from collections.abc import Collection

from harmony.anonymity.policy import Policy
from harmony.anonymity.shape import day_name
from harmony.dictionary.model import Dictionary
from harmony.errors import UsageError
from harmony.studies.plan import Plan
from harmony.studies.planted import check_planted

#: Columns that the anonymity gate adds: to every table, and to table patient.
ADDED = ("provider_id", "mark")
ADDED_TO_PATIENT = ("index_year",)


def askable(dictionary: Dictionary, policy: Policy) -> dict[str, tuple[str, ...]]:
    """
    Return the columns that a release can have, by table.

    Parameters
    ----------
    policy : Policy
        Says which fields are released, and which dates become days.
    """
    found: dict[str, list[str]] = {}
    for field in dictionary.fields:
        columns = found.setdefault(field.table, list(ADDED))
        role = policy.roles.get(field.key, "drop")
        if role == "time" and field.key != "patient.index_diagnosis_date":
            columns.append(day_name(field.name))
        if role in ("quasi", "sensitive", "plain"):
            columns.append(field.name)
    found["patient"].extend(ADDED_TO_PATIENT)
    return {table: tuple(dict.fromkeys(columns)) for table, columns in found.items()}


def check_askable(
    plan: Plan, dictionary: Dictionary, policy: Policy, sources: Collection[tuple[str, str]]
) -> None:
    """
    Refuse a plan that asks for a table, column, source or planted effect that there is not.

    Parameters
    ----------
    sources : collection of (str, str)
        Provider and mark that the network has an agreement or a release for.

    Raises
    ------
    UsageError
        Naming what is unknown and what is known.
    """
    known = askable(dictionary, policy)
    for table, columns in plan.tables.items():
        if table not in known:
            raise UsageError("The plan asks for a table that there is not.", "", ", ".join(known))
        unknown = len(set(columns) - set(known[table]))
        if unknown:
            what = f"The plan asks for {unknown} columns of table {table} that no release can have."
            raise UsageError(what, "", ", ".join(known[table]))
    _check_fields(plan)
    for block in plan.blocks:
        missing = sorted({(source, block.mark) for source in block.sources} - set(sources))
        if missing:
            listed = ", ".join(f"{provider} ({mark})" for provider, mark in sorted(sources))
            what = f"The plan asks for {len(missing)} sources of mark {block.mark} that the network has not."
            raise UsageError(what, "", listed or "no source yet")
        check_planted(block.planted)


def _check_fields(plan: Plan) -> None:
    asked = {f"{table}.{column}" for table, columns in plan.tables.items() for column in columns}
    used = {field for block in plan.blocks for field in plan.frame_fields(block)}
    absent = sorted(used - asked)
    if absent:
        # Without this a variable would be all unknown, and an inclusion step would keep nobody.
        raise UsageError(
            f"The plan uses {len(absent)} fields that its tables do not ask for.",
            "Add them under tables.",
            "fields of variables and cohort that stand under tables",
        )

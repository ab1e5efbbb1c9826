"""
Read a delivery's files by their layout into common tables, at the hospital, without network.

Every row read is converted, not selected by the layout, or refused; the totals are kept on record. A
column that the layout neither uses nor ignores stops the delivery: nothing leaves by accident.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harmony.dictionary.model import Dictionary
from harmony.errors import HarmonyError, LayoutRefused
from harmony.intake.advice import advise
from harmony.intake.columns import NAME_RULE, VALUE_RULE, Source, column_of, convert_column, matches
from harmony.intake.layouts.model import ColumnRule, Layout, TableRule
from harmony.intake.marks import mark_problems
from harmony.intake.parsed import ParsedText
from harmony.intake.readers.delimited import CELLS_RULE, Batch, batches, check_file, header
from harmony.intake.units import UnitDoubts
from harmony.progress import Progress
from harmony.settings import Zone
from harmony.stages.journey import CommonTables
from harmony.stages.problems import Problem, ProblemList
from harmony.stages.record import Definition, Input, Outcome, sha256_file
from harmony.stages.run import Journal, run
from harmony.store.tables import ARROW_TYPES

STAGE: Final = "convert"

#: Above this share of unreadable dates a column is written in several formats and the delivery is refused;
#: below it each is a single error.
MIXED_DATES: Final = 0.02


#: Fields of table patient whose values the record names.
NAMED: Final = ("disease", "data_cutoff_date")


@dataclass
class TableTotals:
    """Rows of one common table: read = converted + not_selected + repeated; lines refused stand apart."""

    read: int = 0
    converted: int = 0
    not_selected: int = 0
    repeated: int = 0


@dataclass
class Conversion:
    """Totals by table, lines refused by file, and every problem."""

    tables: dict[str, TableTotals] = field(default_factory=dict)
    refused_lines: dict[str, int] = field(default_factory=dict)
    problems: ProblemList = field(default_factory=ProblemList)
    #: Values of the patients' fields that the record names; few, whatever the number of patients.
    named: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in NAMED})
    #: How far karyotypes and variants were read: kind, file, column and cells by status (`parsed.STATUSES`).
    strings: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the totals as `conversion.json` has them."""
        totals = {name: vars(value) for name, value in self.tables.items()}
        return {"tables": totals, "refused_lines": self.refused_lines, "strings": self.strings}


@dataclass(frozen=True)
class FileFault:
    """
    One fault of a file itself, and where it is.

    Attributes
    ----------
    error : HarmonyError
        SizeOrEncoding, DataRefused (empty) or LayoutRefused (columns), as it is raised when it decides.
    file : str
        Name of the file.
    line : int
        1-based line; 0 when the fault is the whole file's.
    column : str
        Source column; empty when the fault is of no single one.
    """

    error: HarmonyError
    file: str
    line: int = 0
    column: str = ""


def delivery_key(
    folder: Path, layout: Layout, dictionary: Dictionary, provider: str, facts: Mapping[str, Any]
) -> str:
    """
    Name a conversion by all that decides it: 12 hex digits of a hash over files, definitions and facts.

    The agreement is one of them: its kind is the mark, so that no check under another one may answer.
    """
    digest = hashlib.sha256(f"{layout.sha256} {dictionary.sha256} {provider}".encode())
    digest.update(json.dumps(dict(facts), sort_keys=True).encode())
    for name in layout.files:
        path = folder / name
        digest.update(f"{name} {sha256_file(path) if path.is_file() else 'missing'}".encode())
    return digest.hexdigest()[:12]


def check_files(folder: Path, layout: Layout, max_bytes: int) -> list[FileFault]:
    """Return every fault of the files themselves: size and encoding, and the columns of readable ones."""
    faults: list[FileFault] = []
    for name in layout.files:
        try:
            check_file(folder / name, layout.encoding, max_bytes)
        except HarmonyError as error:
            faults.append(FileFault(error, name, int(error.details.get("line", 0))))
        else:
            faults.extend(_column_faults(folder, name, layout))
    return faults


def _column_faults(folder: Path, name: str, layout: Layout) -> Iterable[FileFault]:
    present = header(folder / name, layout.encoding, layout.delimiter)
    tables = [table for table in layout.tables if table.file == name]
    used = {column for table in tables for column in _used_columns(table)}
    declared = used | {column for table in tables for column in table.ignore}
    if len(declared & set(present)) * 2 < len(declared):
        # Without a header the first patient stands here: nothing of this line is shown.
        what = f"{name} line 1: this is not the header of the layout; most declared columns are missing."
        next_step = f"Export with a header line, and columns separated by '{layout.delimiter}'."
        yield FileFault(LayoutRefused(what, next_step), name, 1)
        return
    for column in sorted(used - set(present)):
        yield _of_column(name, column, "is missing", "Export it, or change the layout with its author.")
    for column, times in Counter(present).items():
        if column not in declared:
            next_step = "Use it in the layout, ignore it with a reason, or leave it out of the export."
            yield _of_column(name, column, "is not declared", next_step)
        if times > 1:
            next_step = "Give every column a name of its own in the export."
            yield _of_column(name, column, f"stands {times} times", next_step)


def _of_column(file: str, column: str, what: str, next_step: str) -> FileFault:
    return FileFault(LayoutRefused(f"{file} line 1: column '{column}' {what}.", next_step), file, 1, column)


def _used_columns(table: TableRule) -> set[str]:
    conditions = [rule.when for rule in table.columns if rule.when] + ([table.only] if table.only else [])
    columns = {rule.column for rule in table.columns if rule.column}
    columns |= {column for rule in table.columns for column in (*rule.uses, rule.sex) if column}
    return columns | {condition.column for condition in conditions} | set(table.distinct)


def convert(
    zone: Zone, folder: Path, layout: Layout, dictionary: Dictionary, journal: Journal, facts: dict[str, Any]
) -> CommonTables:
    """
    Convert a delivery folder into common tables.

    Parameters
    ----------
    zone : Zone
        The hospital; its owner is the provider.
    folder : Path
        The delivery's files; `check_files` found no fault.
    facts : dict
        What goes into the record besides the layout's own facts: mark, agreement.

    Returns
    -------
    CommonTables
        `tables/*.parquet`, `problems.csv`, `conversion.json`.
    """
    key = delivery_key(folder, layout, dictionary, zone.owner, facts)
    inputs = [Input(name, sha256_file(folder / name)) for name in layout.files]

    def work(target: Path) -> Outcome:
        (target / "tables").mkdir()
        result = Conversion()
        for name in layout.files:
            _convert_file(folder / name, layout, dictionary, zone.owner, target / "tables", result)
        if "mark" in facts:
            patient = target / "tables" / "patient.parquet"
            result.problems.extend(mark_problems(patient, layout, facts["mark"]))
        advise(result.problems)
        rows = {f"tables/{name}.parquet": totals.converted for name, totals in result.tables.items()}
        rows["problems.csv"] = result.problems.write(target / "problems.csv")
        (target / "conversion.json").write_text(json.dumps(result.as_dict(), indent=1), encoding="utf-8")
        return _outcome(result, layout, dictionary, zone.owner, rows, facts)

    return run(CommonTables, zone, STAGE, key, inputs, work, journal)


def _outcome(
    result: Conversion,
    layout: Layout,
    dictionary: Dictionary,
    provider: str,
    rows: dict[str, int],
    facts: dict[str, Any],
) -> Outcome:
    totals = result.tables["patient"]
    refused = sum(result.refused_lines.get(t.file, 0) for t in layout.tables if t.name == "patient")
    set_aside = totals.not_selected + totals.repeated
    counts = {
        "in": totals.read + refused,
        "out": totals.converted,
        "set_aside": set_aside,
        "refused": refused,
    }
    details = {
        "provider": provider,
        "disease_groups": sorted(result.named["disease"]),
        "data_cutoff": max(result.named["data_cutoff_date"], default=""),
        "dictionary": {"id": dictionary.id, "version": dictionary.version, "sha256": dictionary.sha256},
        "axis": layout.axis,
        "index_event": layout.index_event,
        "not_supplied": list(layout.not_supplied),
        "identified": dict(layout.identified) or "not declared",
        "agreed": dict(layout.agreed) or "not declared",
        "source": layout.source,
        "strings": result.strings,
        **facts,
    }
    definitions = (
        Definition(dictionary.id, dictionary.version, dictionary.sha256),
        Definition(f"layout/{layout.id}", layout.version, layout.sha256),
    )
    return Outcome("passed", counts, definitions, rows, details)


def _convert_file(
    path: Path, layout: Layout, dictionary: Dictionary, provider: str, target: Path, result: Conversion
) -> None:
    names = header(path, layout.encoding, layout.delimiter)
    writers = [
        _TableWriter(table, layout, dictionary, provider, target)
        for table in layout.tables
        if table.file == path.name
    ]
    progress = Progress(f"Reading {path.name}", path.stat().st_size)
    for batch in batches(path, layout.encoding, layout.delimiter, names, result.problems):
        for writer in writers:
            writer.write(batch, result)
        progress.advance(sum(column.nbytes for column in batch.columns.values()))
    result.refused_lines[path.name] = result.problems.counts["structure", CELLS_RULE, path.name, ""]
    for writer in writers:
        writer.close(result)


class _TableWriter:
    """Convert the batches of one file into one common table and write them as they come."""

    def __init__(
        self, table: TableRule, layout: Layout, dictionary: Dictionary, provider: str, target: Path
    ) -> None:
        self._table = table
        self._layout = layout
        self._fields = {rule.field: dictionary.field(f"{table.name}.{rule.field}") for rule in table.columns}
        self._provider = provider
        self._seen: set[tuple[Any, ...]] = set()
        self._dates: dict[str, list[int]] = {}
        self._doubts = UnitDoubts()
        self._parsed = ParsedText()
        order = [item.name for item in dictionary.tables[table.name] if self._delivers(item.name)]
        columns = [(name, ARROW_TYPES[dictionary.field(f"{table.name}.{name}").type]) for name in order]
        self._schema = pa.schema([*columns, ("_file", pa.string()), ("_row", pa.int64())])
        self._file = pq.ParquetWriter(target / f"{table.name}.parquet", self._schema, compression="zstd")

    def _delivers(self, name: str) -> bool:
        return name in self._fields or (self._table.name == "patient" and name == "provider_id")

    def write(self, batch: Batch, result: Conversion) -> None:
        totals = result.tables.setdefault(self._table.name, TableTotals())
        totals.read += len(batch.lines)
        source = Source(self._layout, self._table.file, batch)
        if self._table.only is not None:
            chosen = batch.take(matches(source, self._table.only))
            totals.not_selected += len(batch.lines) - len(chosen.lines)
            batch = chosen
        if self._table.distinct:
            kept = batch.take(self._first_of_key(batch))
            totals.repeated += len(batch.lines) - len(kept.lines)
            batch = kept
        totals.converted += len(batch.lines)
        source = Source(self._layout, self._table.file, batch)
        self._file.write_table(self._converted(source, result))

    def _converted(self, source: Source, result: Conversion) -> pa.Table:
        columns = {}
        for rule in self._table.columns:
            before = self._unread(rule, result)
            convert = self._parsed.values if rule.parse else convert_column
            values = convert(source, rule, self._fields[rule.field], result.problems)
            columns[rule.field] = values
            if rule.column and not rule.parse:
                self._doubts.add(self._fields[rule.field], rule.column, rule.unit, values)
            if rule.date:
                counts = self._dates.setdefault(column_of(rule), [0, 0])
                unread = self._unread(rule, result) - before
                counts[0] += len(values) - values.null_count + unread
                counts[1] += unread
        rows = len(source.batch.lines)
        if self._table.name == "patient":
            columns["provider_id"] = pa.repeat(pa.scalar(self._provider), rows)
            for name in NAMED:
                values = pc.unique(columns[name]).to_pylist() if name in columns else []
                result.named[name] |= {str(value) for value in values if value is not None}
        columns["_file"] = pa.repeat(pa.scalar(self._table.file), rows)
        columns["_row"] = source.batch.lines
        return pa.table([columns[name] for name in self._schema.names], schema=self._schema)

    def _first_of_key(self, batch: Batch) -> pa.Array:
        keys = zip(*(batch.columns[name].to_pylist() for name in self._table.distinct), strict=True)
        mask = []
        for key in keys:
            mask.append(key not in self._seen)
            self._seen.add(key)
        return pa.array(mask, pa.bool_())

    def _unread(self, rule: ColumnRule, result: Conversion) -> int:
        place = (self._table.file, column_of(rule))
        counts = result.problems.counts
        return counts["error", VALUE_RULE, *place] + counts["structure", NAME_RULE, *place]

    def close(self, result: Conversion) -> None:
        """Finish the file; refuse a delivery without patients, and dates written in several forms."""
        self._file.close()
        totals = result.tables.setdefault(self._table.name, TableTotals())
        if self._table.name == "patient" and totals.converted == 0:
            what = "The file gives no patient; export it again with its rows."
            result.problems.add(Problem("structure", "FRM-EMPTY", self._table.file, 0, "", what))
        result.problems.extend(self._doubts.problems(self._table.file))
        for (kind, column), counts in self._parsed.counts.items():
            result.strings.append({"kind": kind, "file": self._table.file, "column": column, **counts})
        for column, (filled, unread) in self._dates.items():
            if unread > MIXED_DATES * filled:
                what = f"{unread} of {filled} dates are not of the declared form; deliver one form."
                result.problems.add(
                    Problem(
                        "structure",
                        "FRM-DATES",
                        self._table.file,
                        0,
                        column,
                        what,
                        "dates in several formats",
                    )
                )

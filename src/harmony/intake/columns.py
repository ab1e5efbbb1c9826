"""
One source column of text becomes one typed column; what cannot be read becomes NULL and a problem.

Whole columns at a time; nothing here loops over rows except to name the lines of problems.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from harmony.dictionary.model import Field
from harmony.errors import LayoutRefused
from harmony.intake.layouts.model import ColumnRule, Condition, Layout
from harmony.intake.readers.delimited import Batch
from harmony.intake.units import factor
from harmony.notation.dates.column import read_dates
from harmony.notation.dates.form import read_form
from harmony.notation.units.conversion import apply
from harmony.stages.problems import Lines, ProblemList
from harmony.store.tables import ARROW_TYPES

#: Technical epoch of the days axis; no page shows it (docs/reference/formats.md).
EPOCH_DAY: Final = 10_957  # 2000-01-01, days since 1970-01-01

#: Days in a month of a source whose months are days / 30.425 (EBMT tables).
DAYS_PER_MONTH: Final = 30.425

#: What may travel as text: a code without spaces. Anything else stays at the hospital.
CODE_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._/+-]{0,31}$"

#: Two words that begin with capitals, with a blank or a comma between: the shape of a person's name.
NAME_PATTERN: Final = r"^\p{Lu}[\p{L}'’-]+(, *| +)(\p{Ll}{1,3} +)*\p{Lu}[\p{L}'’-]+"

#: Whole numbers above this are not exact in the reader's arithmetic; no field of the dictionary is so large.
LARGEST_WHOLE: Final = 2.0**53

#: Days that a date can lie before or after the technical epoch: about 1,000 years.
LARGEST_INTERVAL: Final = 365_250

_TRUE: Final = ("1", "true", "yes", "y", "t")
_FALSE: Final = ("0", "false", "no", "n", "f")


@dataclass(frozen=True)
class Source:
    """What a conversion reads: the layout, the file's name and one batch of its rows."""

    layout: Layout
    file: str
    batch: Batch


def convert_column(source: Source, rule: ColumnRule, item: Field, problems: ProblemList) -> pa.Array:
    """
    Convert one column of a batch.

    Parameters
    ----------
    rule : ColumnRule
        Where the value comes from.
    item : Field
        What it becomes.
    problems : ProblemList
        Filled with one problem for each cell that cannot be read.

    Returns
    -------
    pyarrow.Array
        One value per row of the batch, in the dictionary's type; NULL = not known.

    Raises
    ------
    LayoutRefused
        When a function beside the layout fails or gives another number of values than rows.
    """
    rows = len(source.batch.lines)
    if rule.row:
        return source.batch.lines.cast(pa.string())
    if rule.function:
        return _from_function(source, rule, item, problems)
    if rule.constant is None:
        return _from_text(source, rule, item, problems)
    constant = pa.array([rule.constant], pa.string()).cast(_castable(item))
    return _where(source, rule, pa.repeat(constant[0], rows).cast(ARROW_TYPES[item.type]))


def matches(source: Source, condition: Condition) -> pa.Array:
    """Return, for each row, whether a layout's condition holds."""
    text = pc.utf8_trim_whitespace(source.batch.columns[condition.column])
    inside = pc.is_in(text, value_set=pa.array(list(condition.values), pa.string()))
    return pc.invert(inside) if condition.negated else inside


def _from_function(source: Source, rule: ColumnRule, item: Field, problems: ProblemList) -> pa.Array:
    text = pa.array([code or None for code in _call(source, rule)], pa.string())
    values, what, kind = _CONVERTERS[item.type](text, rule, item, source.layout)
    bad = pc.and_(pc.is_valid(text), pc.is_null(values))
    if pc.any(bad).as_py():
        _report(source, rule, bad, what, _each(kind, bad), problems)
    return _where(source, rule, values)


def _call(source: Source, rule: ColumnRule) -> list[str]:
    columns = {name: source.batch.columns[name].to_pylist() for name in rule.uses}
    try:
        codes = source.layout.functions[rule.function](columns)
    except Exception as error:
        # A function is the layout author's; its own message could show a cell.
        raise LayoutRefused(
            f"Function {rule.function} of layout {source.layout.id} failed on {source.file} "
            f"({type(error).__name__}).",
            "Mend functions.py beside the layout.",
        ) from None
    if len(codes) != len(source.batch.lines):
        raise LayoutRefused(
            f"Function {rule.function} of layout {source.layout.id} gives not one value for each row.",
            "Mend functions.py beside the layout.",
        )
    return codes


def _where(source: Source, rule: ColumnRule, values: pa.Array) -> pa.Array:
    if rule.when is None:
        return values
    return pc.if_else(matches(source, rule.when), values, pa.scalar(None, values.type))


def _castable(item: Field) -> pa.DataType:
    return pa.string() if item.type in ("category", "text") else ARROW_TYPES[item.type]


def _from_text(source: Source, rule: ColumnRule, item: Field, problems: ProblemList) -> pa.Array:
    text = pc.utf8_trim_whitespace(source.batch.columns[str(rule.column)])
    known = pc.invert(pc.is_in(text, value_set=pa.array(list(source.layout.missing), pa.string())))
    # An empty cell with a code of its own ("" = not tested) is a value, not a missing one.
    if rule.codes:
        known = pc.or_(known, pc.is_in(text, value_set=pa.array(list(rule.codes), pa.string())))
    text = _where(source, rule, pc.if_else(known, text, pa.scalar(None, pa.string())))
    convert = _coded if rule.codes else _CONVERTERS[item.type]
    values, what, kind = convert(text, rule, item, source.layout)
    bad = pc.and_(pc.is_valid(text), pc.is_null(values))
    if pc.any(bad).as_py():
        _report(source, rule, bad, what, _kinds(text, bad, kind), problems)
    return values


def _report(
    source: Source, rule: ColumnRule, bad: pa.Array, what: str, kinds: list[str], problems: ProblemList
) -> None:
    lines = source.batch.lines.filter(bad).to_pylist()
    pairs = list(zip(lines, kinds, strict=True))
    for severity, rule_id, names in (("structure", NAME_RULE, True), ("error", VALUE_RULE, False)):
        chosen = [pair for pair in pairs if (pair[1] == NAME_CLASS) is names]
        if chosen:
            found = Lines(*zip(*chosen, strict=True))
            problems.add_lines(severity, rule_id, source.file, column_of(rule), what, found)


def column_of(rule: ColumnRule) -> str:
    """Return the source column, or columns, that a rule reads, as problems name them."""
    return rule.column or ", ".join(rule.uses)


#: Rules of form: a cell that cannot be read, and a cell that points at a person.
VALUE_RULE: Final = "FRM-VALUE"
NAME_RULE: Final = "FRM-IDENTIFIER"
NAME_CLASS: Final = "looks like a person's name"
_DATE_WRONG: Final = "The date is not in the declared format; correct it or declare the column's format."
_NUMBER_WRONG: Final = "The cell is no number with the declared decimal mark."
_INTERVAL_WRONG: Final = "The cell is no number of days or months with the declared decimal mark."
_CODE_WRONG: Final = "The code is not in the layout; add it to the layout's codes or correct the cell."
_TEXT_WRONG: Final = "Only codes without spaces may leave the hospital; remove the text or ignore the column."


def _kinds(text: pa.Array, bad: pa.Array, kind: str | pa.Array) -> list[str]:
    names = pc.match_substring_regex(text.filter(bad), NAME_PATTERN).to_pylist()
    return [NAME_CLASS if name else own for name, own in zip(names, _each(kind, bad), strict=True)]


def _each(kind: str | pa.Array, bad: pa.Array) -> list[str]:
    return [kind] * int(pc.sum(bad).as_py()) if isinstance(kind, str) else kind.filter(bad).to_pylist()


#: Values, what is wrong with the unread cells, and the class of all of them or of each cell.
Converted = tuple[pa.Array, str, str | pa.Array]


def _coded(text: pa.Array, rule: ColumnRule, item: Field, layout: Layout) -> Converted:
    places = pc.index_in(text, value_set=pa.array(list(rule.codes), pa.string()))
    values = pa.array(list(rule.codes.values()), pa.string()).take(places)
    if item.type not in ("category", "text"):
        values = values.cast(ARROW_TYPES[item.type])
    return values, _CODE_WRONG, "unknown code"


def _category(text: pa.Array, rule: ColumnRule, item: Field, layout: Layout) -> Converted:
    known = pc.is_in(text, value_set=pa.array(list(item.codes), pa.string()))
    return pc.if_else(known, text, pa.scalar(None, pa.string())), _CODE_WRONG, "unknown code"


def _text(text: pa.Array, rule: ColumnRule, item: Field, layout: Layout) -> Converted:
    code = pc.match_substring_regex(text, CODE_PATTERN)
    return pc.if_else(code, text, pa.scalar(None, pa.string())), _TEXT_WRONG, "text that is no code"


def _boolean(text: pa.Array, rule: ColumnRule, item: Field, layout: Layout) -> Converted:
    lower = pc.utf8_lower(text)
    true = pc.is_in(lower, value_set=pa.array(_TRUE))
    known = pc.or_(true, pc.is_in(lower, value_set=pa.array(_FALSE)))
    return pc.if_else(known, true, pa.scalar(None, pa.bool_())), _CODE_WRONG, "no yes or no"


def _numbers(text: pa.Array, layout: Layout) -> pa.Array:
    if layout.decimal == ",":
        # A thousand point would silently become a decimal point: 1.234 is refused, 1234 and 1,5 are read.
        pattern, plain = r"^[+-]?\d+(,\d+)?$", pc.replace_substring(text, ",", ".")
    else:
        pattern, plain = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$", text
    readable = pc.match_substring_regex(text, pattern)
    values = pc.if_else(readable, plain, pa.scalar(None, pa.string())).cast(pa.float64())
    # 1e999 has the form of a number and is none.
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))


def _number(text: pa.Array, rule: ColumnRule, item: Field, layout: Layout) -> Converted:
    return apply(_numbers(text, layout), factor(item, rule.unit)), _NUMBER_WRONG, "no number"


def _integer(text: pa.Array, rule: ColumnRule, item: Field, layout: Layout) -> Converted:
    numbers = _numbers(text, layout)
    whole = pc.and_(
        pc.equal(numbers, pc.floor(numbers)), pc.less_equal(pc.abs(numbers), pa.scalar(LARGEST_WHOLE))
    )
    values = pc.if_else(whole, numbers, pa.scalar(None, pa.float64())).cast(pa.int64())
    return values, "The cell is no whole number.", "no whole number"


def _date(text: pa.Array, rule: ColumnRule, item: Field, layout: Layout) -> Converted:
    if rule.interval:
        days = _numbers(text, layout)
        if rule.interval == "months":
            days = pc.multiply(days, DAYS_PER_MONTH)
        possible = pc.less_equal(pc.abs(days), pa.scalar(float(LARGEST_INTERVAL)))
        days = pc.if_else(possible, days, pa.scalar(None, pa.float64()))
        whole = pc.add(pc.round(days), EPOCH_DAY).cast(pa.int32())
        return whole.cast(pa.date32()), _INTERVAL_WRONG, "no number of days or months"
    form = read_form(rule.date)
    read = read_dates(text, form)
    whole = pc.equal(read.precision, "day").fill_null(False)
    values = pc.if_else(whole, read.date, pa.scalar(None, pa.date32()))
    # A date that is known to the month or year only stays out: every date of the common tables is a day.
    short = pc.binary_join_element_wise("only the", read.precision, " ")
    wrong = pc.coalesce(read.problem, short)
    place = pc.binary_join_element_wise(
        wrong, pc.coalesce(read.position, 1).cast(pa.string()), ", character "
    )
    shown = f"not a date of the form {form.shown}"
    return values, _DATE_WRONG, pc.binary_join_element_wise(shown, pc.if_else(whole, None, place), ": ")


_CONVERTERS: Final[dict[str, Callable[[pa.Array, ColumnRule, Field, Layout], Converted]]] = {
    "category": _category,
    "text": _text,
    "boolean": _boolean,
    "number": _number,
    "integer": _integer,
    "date": _date,
}

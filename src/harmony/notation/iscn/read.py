"""From a string to what a risk score needs: status, changes, counts, calls, findings, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from harmony.notation.iscn.arms import lost_arms
from harmony.notation.iscn.calls import COMPLEX, Calls, call
from harmony.notation.iscn.checks import LOSS_OF_ONE, Checked, check_clones
from harmony.notation.iscn.clones import RUN_TOGETHER, read_clones
from harmony.notation.iscn.counting import Counted, count
from harmony.notation.iscn.exchanges import Fit, is_open_exchange
from harmony.notation.iscn.findings import COLUMNS, found
from harmony.notation.iscn.forms import modern
from harmony.notation.iscn.inherit import resolve
from harmony.notation.iscn.model import Item, Karyotype
from harmony.notation.iscn.text import LONGEST, clean
from harmony.notation.iscn.words import (
    Word,
    is_word_of_complex,
    speaks_of_complex,
    speaks_of_failure,
    speaks_of_not_done,
    word_of,
)

Status = Literal["read", "partly_read", "not_banding", "no_result", "unreadable"]
Result = Literal["normal", "abnormal", "failed", "not_done", ""]
Value = Literal["present", "absent", "not_assessed"]
Confidence = Literal["high", "medium", "low"]

#: Fewer metaphases than this give a normal karyotype less weight.
ENOUGH_METAPHASES: Final = 10

#: Findings that rest on a chromosome arm, and its chromosome: a derivative without bands leaves them open.
_ARM_FINDINGS: Final = {
    "minus5_del5q": "5", "del7q": "7", "minus17_abn17p": "17", "del12p": "12", "del11q": "11", "del20q": "20",
    "del13q_minus13": "13",
}  # fmt: skip

#: Findings that an exchange without bands leaves open, unless it is taken for one of them.
_EXCHANGED: Final = {"11": ("kmt2a_r", "nup98_r"), "3": ("mecom_r",)}

_NOT_NORMAL: Final = ("no change was counted, and it cannot be called normal",)

#: Columns of one row of output, in order; the findings follow.
FIELDS: Final = (
    "status", "karyotype_result", "abnormalities", "count", "count_is_minimum", "clones", "modal_number",
    "complex_count_ge3", "complex_eln2022", "monosomal", "ipss_r_group", "eln2022_lesions", "confidence",
    "problems",
)  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """
    What was read from one string.

    Attributes
    ----------
    status : read, partly_read, not_banding, no_result or unreadable
    result : normal, abnormal, failed, not_done or ""
        "" means that the string does not say; it never means normal.
    karyotype : Karyotype
        The clones as written.
    counted : Counted or None
        None when there is nothing to count.
    calls : Calls or None
    findings : mapping of name to present, absent, not_assessed
    minimum : bool
        The count is a lower bound.
    confidence : high, medium or low
    problems : tuple of str
        Everything that was mended, doubted or not read.
    """

    status: Status
    result: Result
    karyotype: Karyotype
    counted: Counted | None
    calls: Calls | None
    findings: Mapping[str, Value]
    reasons: Mapping[str, tuple[Item, Fit]]
    minimum: bool
    confidence: Confidence
    problems: tuple[str, ...]

    def row(self) -> dict[str, str]:
        """Return the columns of the command's output as text, "" for empty: `FIELDS`, then the findings."""
        values = dict.fromkeys(FIELDS, "")
        values |= {"status": self.status, "karyotype_result": self.result, "confidence": self.confidence}
        values["problems"] = "; ".join(self.problems)
        clones = self.karyotype.patient_clones
        if clones:
            abnormal = next((clone for clone in clones if clone.items or clone.related), clones[0])
            values |= {"clones": str(len(clones)), "modal_number": str(abnormal.low or "")}
        if self.counted is not None and self.calls is not None and self.status in ("read", "partly_read"):
            values |= self._counts(self.counted, self.calls)
        return values | dict(self.findings)

    def _counts(self, counted: Counted, calls: Calls) -> dict[str, str]:
        whole = self.status == "read"
        number = counted.count
        incomplete = any(i.kind == "incomplete" for clone in self.karyotype.clones for i in clone.items)
        known = whole or number > 0 or incomplete
        return {
            "abnormalities": "; ".join(listed(counted)),
            "count": str(number) if known else "",
            "count_is_minimum": ("yes" if self.minimum else "no") if known else "",
            "complex_count_ge3": _answer(calls.complex_count, whole),
            "complex_eln2022": _answer(calls.complex_eln2022, whole),
            "monosomal": _answer(calls.monosomal, whole),
            "ipss_r_group": calls.ipss_r_group if self._group_is_sure(whole) else "",
            "eln2022_lesions": "; ".join(calls.eln2022_lesions),
        }

    def _group_is_sure(self, whole: bool) -> bool:
        # What was not read can only make the group worse, and nothing is worse than very poor.
        assert self.calls is not None and self.counted is not None
        open_loss = any(item == LOSS_OF_ONE for item, _ in self.counted.changes)
        return (whole and not open_loss) or self.calls.ipss_r_group == "very_poor"


def listed(counted: Counted) -> list[str]:
    """Return the counted changes in ISCN form, each as often as it counts; markers once with their number."""
    return [
        item.text
        for item, copies in counted.changes
        for _ in range(1 if item.kind == "marker" and item.text[1:2].isdigit() else copies)
    ]


def _answer(holds: bool, whole: bool) -> str:
    return "yes" if holds else "no" if whole else ""


def read_karyotype(text: str | None, sex: str | None = None) -> Reading:
    """
    Read one karyotype.

    Parameters
    ----------
    text : str or None
        As the laboratory wrote it; None or "" where the cell is empty.
    sex : str, optional
        F, M, or a word for them; tells whether 45,X has lost a Y.

    Returns
    -------
    Reading
        Never an error, whatever the text.
    """
    if text is None or not text.strip():
        return _nothing("no_result", "", "low", ())
    if len(text) > LONGEST:
        return _nothing("unreadable", "", "low", (f"longer than {LONGEST} characters: no karyotype",))
    word = word_of(clean(text).text)
    if word:
        return _of_word(word)
    karyotype = read_clones(text)
    if not karyotype.clones:
        return _without_clones(karyotype, text)
    return _of_clones(karyotype, sex)


def _nothing(
    status: Status,
    result: Result,
    confidence: Confidence,
    problems: tuple[str, ...],
    karyotype: Karyotype | None = None,
) -> Reading:
    findings: dict[str, Value] = {finding.name: "not_assessed" for finding in COLUMNS}
    known = karyotype or Karyotype()
    return Reading(status, result, known, None, None, findings, {}, False, confidence, problems)


def _of_word(word: Word) -> Reading:
    if word == "failed":
        return _nothing("no_result", "failed", "high", ("the report says that there was no result",))
    if word == "not_done":
        return _nothing("no_result", "not_done", "high", ("the report says that it was not done",))
    if word == "unknown":
        return _nothing("no_result", "", "high", ("the report says that the result is not known",))
    empty = Counted((), (), (), (), ())
    if word == "normal":
        findings: dict[str, Value] = {finding.name: "absent" for finding in COLUMNS}
        problems = ("a word instead of a karyotype",)
        return Reading(
            "read", "normal", Karyotype(), empty, call(empty, {}), findings, {}, False, "medium", problems
        )
    reading = _nothing("partly_read", "abnormal", "low", ("a word instead of a karyotype",))
    if word == "abnormal":
        return reading
    calls = replace(call(empty, {}), complex_count=True)
    return replace(reading, counted=empty, calls=calls)


def _without_clones(karyotype: Karyotype, text: str) -> Reading:
    problems = _problems(karyotype)
    if speaks_of_failure(text):
        return _nothing("no_result", "failed", "medium", problems, karyotype)
    if karyotype.other_methods:
        return _nothing("not_banding", "", "medium", problems, karyotype)
    if speaks_of_not_done(text):
        return _nothing("no_result", "not_done", "medium", problems, karyotype)
    if speaks_of_complex(text):
        return _of_word("complex")
    return _nothing("unreadable", "", "low", problems or ("no karyotype was found",), karyotype)


def _problems(karyotype: Karyotype) -> tuple[str, ...]:
    unread = [f"not read: {_short(piece)}" for piece in karyotype.unread]
    unread += [f"a remark beside the karyotype was left out: {_short(piece)}" for piece in karyotype.remarks]
    kinds = dict.fromkeys(other.kind for other in karyotype.other_methods)
    others = [f"text of another method was handed on: {', '.join(kinds)}"] if kinds else []
    shorthand = ["no modal number: shorthand"] if karyotype.shorthand else []
    return (*unread, *others, *karyotype.notes, *shorthand)


def _short(piece: str) -> str:
    return piece if len(piece) <= 40 else f"{piece[:37]}..."


def _of_clones(karyotype: Karyotype, sex: str | None) -> Reading:
    if not karyotype.patient_clones:
        return _nothing("read", "", "low", ("only cells of a donor",), karyotype)
    today, rewritten = modern(karyotype.patient_clones)
    resolved, unresolved = resolve(today)
    checked = check_clones(resolved, sex)
    if checked.no_cells:
        return _nothing("no_result", "failed", "medium", ("no metaphase was counted",), karyotype)
    counted = count(checked.clones)
    reasons = found(item for item, _ in counted.changes)
    incomplete = any(item.kind == "incomplete" for clone in resolved for item in clone.items)
    called_complex = any(map(speaks_of_complex, (*karyotype.unread, *karyotype.remarks)))
    if called_complex and counted.count >= COMPLEX:
        karyotype = _without_word_of_complex(karyotype)
    partly = bool(unresolved) or _hides(karyotype, checked, counted, incomplete)
    result: Result = "abnormal" if counted.count else "" if partly else "normal"
    calls = call(counted, reasons)
    if called_complex:
        calls = replace(calls, complex_count=True)
    problems = (
        *_problems(karyotype),
        *unresolved,
        *rewritten,
        *checked.contradictions,
        *checked.doubts,
        *(_NOT_NORMAL if partly and not counted.count else ()),
        *_doubts_of_changes(counted, reasons),
    )
    return Reading(
        "partly_read" if partly else "read",
        result,
        karyotype,
        counted,
        calls,
        _findings(counted, reasons, partly, checked),
        reasons,
        partly or incomplete or checked.open_loss,
        _confidence(partly or incomplete, problems, counted, reasons, checked),
        problems,
    )


def _without_word_of_complex(karyotype: Karyotype) -> Karyotype:
    """Leave out the word beside three changes that were read: it names what is known."""
    return replace(karyotype, unread=tuple(text for text in karyotype.unread if not is_word_of_complex(text)))


def _hides(karyotype: Karyotype, checked: Checked, counted: Counted, incomplete: bool) -> bool:
    """Return whether something that was not read, or that contradicts itself, may hide a change."""
    return bool(
        karyotype.unread
        or checked.contradictions
        or karyotype.shorthand
        or counted.minus_only
        or (karyotype.remarks and not counted.count)
        or (not counted.count and not _may_be_normal(karyotype, checked, incomplete))
    )


def _may_be_normal(karyotype: Karyotype, checked: Checked, incomplete: bool) -> bool:
    """Return whether a karyotype without a counted change is beyond doubt: nothing in it can hide one."""
    inborn = [item for clone in checked.clones for item in clone.items if item.constitutional]
    doubtful = any(item.uncertain or item.alternative for item in inborn)
    named = all(clone.sex or clone.related for clone in checked.clones)
    return checked.fits and named and not doubtful and not incomplete and RUN_TOGETHER not in karyotype.notes


def _findings(
    counted: Counted, reasons: Mapping[str, tuple[Item, Fit]], partly: bool, checked: Checked
) -> dict[str, Value]:
    open_arms = {
        lost.chromosome
        for item, _ in counted.changes
        for lost in lost_arms(item)
        if lost.arm == "?" and lost.by not in ("del", "iso")
    }
    findings: dict[str, Value] = {}
    open_genes = {
        name
        for chromosome, names in _EXCHANGED.items()
        if not any(name in reasons for name in names)
        for item, _ in counted.changes
        if is_open_exchange(item, chromosome)
        for name in names
    }
    for finding in COLUMNS:
        hidden = partly or finding.name in open_genes or _ARM_FINDINGS.get(finding.name) in open_arms
        hidden = hidden or (finding.name == "minus_y" and checked.open_loss)
        missing: Value = "not_assessed" if hidden else "absent"
        findings[finding.name] = "present" if finding.name in reasons else missing
    return findings


def _doubts_of_changes(counted: Counted, reasons: Mapping[str, tuple[Item, Fit]]) -> tuple[str, ...]:
    notes: list[str] = []
    for item, _ in counted.changes:
        if item.uncertain:
            notes.append(f"uncertain: {item.text}")
        if item.alternative:
            notes.append(f"first of two readings: {item.text}")
    for name, (item, fit) in reasons.items():
        if fit == "near":
            notes.append(f"{item.text} was taken for {name} although its bands differ")
        elif fit == "bare":
            notes.append(f"{item.text} was taken for {name} although no band was written")
    notes.extend(f"not clonal, not counted: {item.text}" for item in counted.single_cells)
    notes.extend(f"written as lost but never gained: {item.text}" for item in counted.minus_only)
    return tuple(dict.fromkeys(notes))


def _confidence(
    partly: bool,
    problems: tuple[str, ...],
    counted: Counted,
    reasons: Mapping[str, tuple[Item, Fit]],
    checked: Checked,
) -> Confidence:
    doubtful = any(item.uncertain or item.alternative for item, _ in counted.changes)
    loose = any(fit in ("near", "bare") for _, fit in reasons.values())
    if partly or doubtful or loose or checked.open_loss:
        return "low"
    few = counted.count == 0 and (checked.cells is None or checked.cells < ENOUGH_METAPHASES)
    unrelated = len(counted.components) > 1
    return "medium" if problems or few or unrelated or checked.cells is None else "high"

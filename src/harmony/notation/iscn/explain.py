"""A karyotype in words: what was read, what counts, what does not, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harmony.notation.iscn.calls import COMPLEX, Calls
from harmony.notation.iscn.counting import CLONAL_GAIN, CLONAL_LOSS, Counted
from harmony.notation.iscn.findings import BY_NAME
from harmony.notation.iscn.model import Clone, Item, Karyotype, Part
from harmony.notation.iscn.printing import print_karyotype
from harmony.notation.iscn.read import Reading, read_karyotype

_STATUS: Final = {
    "read": "Everything was read.",
    "partly_read": "Only a part was read: what was not found is not assessed, never absent.",
    "not_banding": "This is a result of another method; it holds no banding karyotype.",
    "no_result": "There is no result.",
    "unreadable": "Nothing of this was read as a karyotype: every finding is not assessed.",
}
_KINDS: Final = {
    "t": "exchange between chromosomes",
    "inv": "inversion on chromosome",
    "del": "deletion on chromosome",
    "dup": "duplication on chromosome",
    "add": "additional material of unknown origin on chromosome",
    "der": "derivative chromosome",
    "ins": "insertion between chromosomes",
    "i": "isochromosome",
    "ider": "isoderivative chromosome",
    "idic": "isodicentric chromosome",
    "dic": "dicentric chromosome of",
    "psu dic": "pseudodicentric chromosome of",
    "r": "ring chromosome",
    "trp": "triplication on chromosome",
    "hsr": "homogeneously staining region on chromosome",
    "fra": "fragile site on chromosome",
    "rob": "Robertsonian exchange of chromosomes",
    "upd": "uniparental disomy of chromosome",
}
_MARKERS: Final = {
    "mar": "marker chromosome",
    "r": "ring chromosome of unknown origin",
    "dmin": "double minutes",
    "hsr": "homogeneously staining region",
}


def explain(text: str, sex: str | None = None) -> tuple[str, ...]:
    """
    Say in words what was read from a karyotype.

    Parameters
    ----------
    text : str
        Any text.
    sex : str, optional
        F, M or a word for them.

    Returns
    -------
    tuple of str
        One line each; lines that begin with two blanks belong to the line above.
    """
    return tuple(_lines(read_karyotype(text, sex)))


def _lines(reading: Reading) -> Iterator[str]:
    yield _STATUS[reading.status] + (f" Result: {reading.result}." if reading.result else "")
    yield from _clones(reading.karyotype)
    if reading.counted is not None and reading.calls is not None and reading.karyotype.clones:
        yield from _counted(reading.counted, reading.minimum)
        yield from _not_counted(reading.counted)
        if reading.status == "read":
            yield from _calls(reading.counted, reading.calls)
    yield from _findings(reading)
    for other in reading.karyotype.other_methods:
        yield f"Handed on as text of another method ({other.kind}): {other.text}"
    for problem in reading.problems:
        yield f"Note: {problem}."
    yield f"Confidence: {reading.confidence}."


def _clones(karyotype: Karyotype) -> Iterator[str]:
    if not karyotype.clones:
        return
    yield f"Read as {print_karyotype(karyotype)}"
    for number, clone in enumerate(karyotype.clones, 1):
        yield f"  Clone {number}: {_clone(clone)}"


def _clone(clone: Clone) -> str:
    parts = [
        f"{clone.modal or 'number not written'} chromosomes" if clone.modal else "no number of chromosomes"
    ]
    if clone.sex:
        parts.append(f"sex chromosomes {clone.sex}")
    if clone.related:
        parts.append(f"takes over an earlier clone ({clone.related})")
    parts.extend(describe(item) for item in clone.items)
    if not clone.items and not clone.related:
        parts.append("no change")
    if clone.cells is None:
        parts.append("cells not written")
    else:
        parts.append(f"{clone.cells} cells{', composite' if clone.composite else ''}")
    return "; ".join(parts) + (" (donor)" if clone.donor else "")


def describe(item: Item) -> str:
    """Return one change in words, with its ISCN form in front."""
    words = {
        "gain": f"gain of chromosome {item.chromosome}",
        "loss": f"loss of chromosome {item.chromosome}" if item.chromosome else "loss of one sex chromosome",
        "marker": _MARKERS.get(item.chromosome, "marker chromosome"),
        "variant": "heteromorphism",
        "incomplete": "further changes that were not named",
        "doubling": "whole sets of chromosomes more",
    }.get(item.kind) or " with ".join(_part(part) for part in item.parts)
    return f"{item.text} ({words}{', constitutional' if item.constitutional else ''})"


def _part(part: Part) -> str:
    chromosomes = " and ".join(part.chromosomes)
    places = [
        f"{name}{band}" for name, bands in zip(part.chromosomes, part.breaks, strict=True) for band in bands
    ]
    return f"{_KINDS.get(part.kind, part.kind)} {chromosomes}" + (
        f" at {', '.join(places)}" if places else ""
    )


def _counted(counted: Counted, minimum: bool) -> Iterator[str]:
    least = "at least " if minimum else ""
    yield f"Counted: {least}{counted.count}"
    for number, component in enumerate(counted.components, 1):
        name = (
            f"group {number} of related clones" if len(counted.components) > 1 else "related clones together"
        )
        changes = ", ".join(
            item.text if copies == 1 else f"{item.text} ({copies} times)"
            for item, copies in component.changes.items()
        )
        yield f"  {name}: {changes} = {component.count}"
    if len(counted.components) > 1:
        yield "  Clones without a common change are unrelated: the group with most changes gives the count."


def _not_counted(counted: Counted) -> Iterator[str]:
    for item in counted.constitutional:
        yield f"Not counted: {item.text}, because it is constitutional"
    for item in counted.heteromorphic:
        yield f"Not counted: {item.text}, because it is a heteromorphism"
    for item in counted.single_cells:
        needed = CLONAL_LOSS if item.kind == "loss" else CLONAL_GAIN
        yield f"Not counted: {item.text}, because it was seen in fewer than {needed} metaphases"


def _calls(counted: Counted, calls: Calls) -> Iterator[str]:
    yield f"Complex (IPSS-R): {_yes(calls.complex_count)}, {counted.count} of at least {COMPLEX} changes"
    why = ""
    if calls.hyperdiploid_exempt:
        why = ", because gains alone (hyperdiploid) are exempt"
    elif calls.complex_count and not calls.complex_eln2022:
        why = ", because a recurring change defines the class"
    yield f"Complex (ELN 2022): {_yes(calls.complex_eln2022)}{why}"
    yield f"Monosomal: {_yes(calls.monosomal)}"
    yield f"IPSS-R group: {calls.ipss_r_group.replace('_', ' ')}"
    if calls.eln2022_lesions:
        yield f"Lesions of ELN 2022: {'; '.join(calls.eln2022_lesions)}"


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _findings(reading: Reading) -> Iterator[str]:
    for name, (item, _) in reading.reasons.items():
        yield f"Present: {BY_NAME[name].title}, by {item.text}"
    open_ones = [name for name, value in reading.findings.items() if value == "not_assessed"]
    if open_ones and reading.status == "read":
        yield f"Not assessed: {', '.join(BY_NAME[name].title for name in open_ones)}"

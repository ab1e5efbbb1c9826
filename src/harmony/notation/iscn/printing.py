"""A karyotype back to text, in the form of ISCN: reading what is printed gives the same karyotype."""

from __future__ import annotations

from harmony.notation.iscn.model import Clone, Item, Karyotype


def print_karyotype(karyotype: Karyotype) -> str:
    """
    Return the banding result in ISCN form, without what was not read and without other methods.

    Parameters
    ----------
    karyotype : Karyotype
        As `clones.read_clones` returns it: `sl` and `idem` as written.
    """
    patient = "/".join(print_clone(clone) for clone in karyotype.clones if not clone.donor)
    donor = "/".join(print_clone(clone) for clone in karyotype.clones if clone.donor)
    return f"{patient}//{donor}" if donor else patient


def print_clone(clone: Clone) -> str:
    """Return one clone in ISCN form."""
    parts = []
    if clone.low:
        ploidy = f"<{clone.ploidy}n>" if clone.ploidy != 2 else ""
        parts.append(f"{clone.modal}{ploidy}")
    if clone.sex:
        parts.append(f"{clone.sex}c" if clone.inborn_sex else clone.sex)
    if clone.related:
        parts.append(f"{clone.related}x{clone.times}" if clone.times > 1 else clone.related)
    parts.extend(print_item(item, clone.cells is None) for item in clone.items)
    cells = "" if clone.cells is None else f"[{'cp' if clone.composite else ''}{clone.cells}]"
    return ",".join(parts) + cells


def print_item(item: Item, last_count_is_own: bool = False) -> str:
    """Return one change in ISCN form, with its copies and its own cells."""
    text = f"{item.text}c" if item.constitutional else item.text
    numbered = item.kind == "marker" and item.text[1:2].isdigit()
    if item.copies > 1 and not numbered:
        text += f"x{item.copies}"
    if item.alternative:
        text += f" or {item.alternative}"
    return text if item.cells is None else f"{text}[{item.cells}]"

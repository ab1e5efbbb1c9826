"""Changes of DNA and RNA: the part of a description after `c.`, `g.`, `n.`, `m.` or `r.`."""

from __future__ import annotations

from harmony.notation.hgvs.cursor import Cursor
from harmony.notation.hgvs.model import Change, Kind, Level, Span
from harmony.notation.hgvs.payload import BASES, read_bases, read_payload
from harmony.notation.hgvs.positions import adjacent, read_point, read_span, span_length, widened


def read_dna_change(cursor: Cursor, level: Level) -> Change | None:
    """
    Read one change without its level: `1849G>T`, `(76_78)del`, `123+1_124-1dup`, `=`.

    Parameters
    ----------
    cursor : Cursor
        Stands after `c.` or at a member of an allele; is left after the change.
    level : str
        c, g, n, m or r.

    Returns
    -------
    Change or None
        None when this is no change of DNA or RNA; the cursor then stands anywhere.
    """
    start = cursor.at
    if cursor.next == "(":
        # Parentheses hold either an uncertain border or, in RNA and in loose writing, a predicted change.
        span = read_span(cursor)
        if span is not None:
            return _edit(cursor, level, span, ())
        cursor.at = start + 1
        inner = read_dna_change(cursor, level) if cursor.next != "(" else None
        if inner is None or not cursor.take(")"):
            return None
        return _with(inner, predicted=True)
    whole = _whole(cursor, level)
    if whole is not None:
        return whole
    if cursor.next and cursor.next in "ACGTUacgtu" and cursor.text[cursor.at + 1 : cursor.at + 2].isdigit():
        return _old_order(cursor, level)
    span = read_span(cursor)
    return None if span is None else _edit(cursor, level, span, ())


def _whole(cursor: Cursor, level: Level) -> Change | None:
    if level == "r" and cursor.take_word("spl"):
        suffix = "?" if cursor.take("?") else ""
        return Change(level, "unknown", body="spl" + suffix)
    if cursor.sees("?") and not cursor.text.startswith(("?_", "?+", "?-"), cursor.at):
        cursor.take("?")
        return Change(level, "unknown", body="?")
    if cursor.take("="):
        return Change(level, "no_change", body="=")
    if cursor.next == "0" and not cursor.text[cursor.at + 1 : cursor.at + 2].isdigit():
        cursor.take("0")
        suffix = "?" if cursor.take("?") else ""
        return Change(level, "unknown", body="0" + suffix)
    return None


def _old_order(cursor: Cursor, level: Level) -> Change | None:
    """Read `G1849T`, the order of before 2000: old base, position, new base."""
    old = read_bases(cursor, level)
    point = read_point(cursor)
    new = read_bases(cursor, level)
    if len(old.text) != 1 or point is None or len(new.text) != 1:
        return None
    span = Span(point, point)
    legacy = tuple(dict.fromkeys(("old_order", *old.legacy, *new.legacy)))
    return Change(
        level,
        "substitution",
        span,
        old.text,
        new.text,
        1,
        body=f"{span}{old.text}>{new.text}",
        legacy=legacy,
    )


def _edit(cursor: Cursor, level: Level, span: Span, legacy: tuple[str, ...]) -> Change | None:
    word = cursor.take_word("delins", "indel", "del", "dup", "ins", "inv", "con")
    if word in ("delins", "indel"):
        return _inserted(cursor, level, "delins", span, legacy + (("old_word",) if word == "indel" else ()))
    if word == "del":
        return _deletion(cursor, level, span, legacy)
    if word in ("dup", "inv"):
        gone, mended = _named_bases(cursor, level)
        kind: Kind = "duplication" if word == "dup" else "inversion"
        length = span_length(span) or (len(gone) if gone else None)
        return Change(level, kind, span, gone, "", length, body=f"{span}{word}", legacy=legacy + mended)
    if word == "ins":
        return _inserted(cursor, level, "insertion", span, legacy)
    if word == "con":
        return _inserted(cursor, level, "delins", span, (*legacy, "conversion"))
    if cursor.take("="):
        return _mosaic(cursor, Change(level, "no_change", span, body=f"{span}=", legacy=legacy))
    if cursor.take("?"):
        return Change(level, "unknown", span, body=f"{span}?", legacy=legacy)
    if cursor.next == "[":
        return _repeat(cursor, level, span, "", legacy)
    return _replacement(cursor, level, span, legacy)


def _mosaic(cursor: Cursor, same: Change) -> Change | None:
    """Read `85=/T>C` (mosaic) and `85=//T>C` (chimeric): some cells as the reference, some changed."""
    if same.span is None or not cursor.take("/"):
        return same
    slash = "//" if cursor.take("/") else "/"
    changed = _edit(cursor, same.level, same.span, ())
    if changed is None or not changed.body or changed.span != same.span:
        return None
    place = str(same.span)
    return _with(changed, body=f"{same.body}{slash}{changed.body[len(place) :]}")


def _named_bases(cursor: Cursor, level: Level) -> tuple[str, tuple[str, ...]]:
    """Take bases or a length after `del` or `dup`, which the recommendations leave out."""
    gone = read_bases(cursor, level)
    if gone.text:
        return gone.text, ("bases_repeated", *gone.legacy)
    if cursor.next.isdigit() and cursor.number() is not None:
        cursor.take_word("bp", "nt")
        return "", ("length_repeated",)
    return "", ()


def _deletion(cursor: Cursor, level: Level, span: Span, legacy: tuple[str, ...]) -> Change | None:
    gone, mended = _named_bases(cursor, level)
    if cursor.take_word("ins"):
        return _inserted(cursor, level, "delins", span, legacy + mended, gone)
    length = span_length(span) or (len(gone) if gone else None)
    if span.single and len(gone) > 1:
        # `c.76delAC` names two bases at one position: the old way to write c.76_77del.
        wider = widened(span, len(gone))
        if wider is None:
            return Change(level, "deletion", span, gone, "", len(gone), legacy=(*legacy, "range_missing"))
        return Change(
            level,
            "deletion",
            wider,
            gone,
            "",
            len(gone),
            body=f"{wider}del",
            legacy=(*legacy, *mended, "range_mended"),
        )
    if gone and length is not None and length != len(gone):
        mended = (*mended, "length_disagrees")
    return Change(level, "deletion", span, gone, "", length, body=f"{span}del", legacy=legacy + mended)


def _inserted(
    cursor: Cursor, level: Level, kind: Kind, span: Span, legacy: tuple[str, ...], gone: str = ""
) -> Change | None:
    payload = read_payload(cursor, level)
    if payload is None:
        return None
    legacy = legacy + payload.legacy
    word = "ins" if kind == "insertion" else "delins"
    if not payload.text:
        return Change(level, kind, span, gone, "", None, legacy=(*legacy, "inserted_missing"))
    if kind == "insertion" and span.single:
        # One position does not say on which side the new bases stand.
        return Change(
            level, kind, span, "", payload.text, payload.length, legacy=(*legacy, "insertion_place")
        )
    if kind == "insertion" and not adjacent(span):
        legacy = (*legacy, "insertion_not_between_neighbours")
    if kind == "delins" and len(gone) == 1 and len(payload.text) == 1 and span.single and gone in BASES:
        legacy = (*legacy, "substitution_as_delins")
        body = f"{span}{gone}>{payload.text}"
        return Change(level, "substitution", span, gone, payload.text, 1, body=body, legacy=legacy)
    body = f"{span}{word}{payload.text}"
    return Change(level, kind, span, gone, payload.text, payload.length, body=body, legacy=legacy)


def _replacement(cursor: Cursor, level: Level, span: Span, legacy: tuple[str, ...]) -> Change | None:
    old = read_bases(cursor, level)
    legacy = legacy + old.legacy
    if old.text and cursor.take("="):
        body = f"{span}{old.text}="
        return _mosaic(cursor, Change(level, "no_change", span, old.text, body=body, legacy=legacy))
    if old.text and cursor.next == "[":
        return _repeat(cursor, level, span, old.text, legacy)
    dashes = cursor.run("-")
    if not cursor.take(">"):
        return None
    if dashes:
        legacy = (*legacy, "arrow")
    new = read_bases(cursor, level)
    if not new.text:
        return None
    legacy = legacy + new.legacy
    if len(old.text) == len(new.text) == 1 and span.single:
        body = f"{span}{old.text}>{new.text}"
        return Change(level, "substitution", span, old.text, new.text, 1, body=body, legacy=legacy)
    if span.single and not old.text:
        return None
    return _several_bases(level, span, old.text, new.text, (*legacy, "several_bases_as_substitution"))


def _several_bases(level: Level, span: Span, old: str, new: str, legacy: tuple[str, ...]) -> Change:
    wider = widened(span, len(old)) if span.single else span
    if wider is None:
        return Change(level, "delins", span, old, new, len(new), legacy=(*legacy, "range_missing"))
    return Change(level, "delins", wider, old, new, len(new), body=f"{wider}delins{new}", legacy=legacy)


def _repeat(cursor: Cursor, level: Level, span: Span, unit: str, legacy: tuple[str, ...]) -> Change | None:
    body = str(span)
    while True:
        count = _count(cursor)
        if count is None:
            return None
        body += f"{unit}[{count}]"
        following = read_bases(cursor, level)
        if not following.text or cursor.next != "[":
            break
        unit = following.text
    return Change(level, "repeat", span, unit, "", body=body, legacy=legacy)


def _count(cursor: Cursor) -> str | None:
    """Read `[14]` or `[(14_18)]`; return what stands inside."""
    if not cursor.take("["):
        return None
    uncertain = cursor.take("(")
    first = "?" if cursor.take("?") else cursor.number()
    last: int | str | None = None
    if uncertain and cursor.take("_"):
        last = "?" if cursor.take("?") else cursor.number()
        if last is None:
            return None
    if first is None or (uncertain and not cursor.take(")")) or not cursor.take("]"):
        return None
    inside = str(first) if last is None else f"{first}_{last}"
    return f"({inside})" if uncertain else inside


def _with(change: Change, *, predicted: bool | None = None, body: str | None = None) -> Change:
    return Change(
        change.level,
        change.kind,
        change.span,
        change.reference,
        change.alternative,
        change.length,
        change.predicted if predicted is None else predicted,
        change.body if body is None else body,
        change.legacy,
    )

"""Changes of the protein: the part of a description after `p.`, and the bare forms of reports (`R882H`)."""

from __future__ import annotations

from dataclasses import replace

from harmony.notation.hgvs.cursor import Cursor
from harmony.notation.hgvs.model import Change, Kind, Point, Span
from harmony.notation.hgvs.residues import STOP, read_residue, three_letter_next

#: Residues that one inserted stretch may have; longer ones are not written out in reports.
MAX_INSERTED = 400


def read_protein_change(cursor: Cursor) -> Change | None:
    """
    Read one protein change without its level: `Arg882His`, `(W288fs)`, `Met1?`, `0`, `=`.

    Parameters
    ----------
    cursor : Cursor
        Stands after `p.`, at a member of an allele or at a bare form; is left after the change.

    Returns
    -------
    Change or None
        None when this is no protein change; the cursor then stands anywhere.
    """
    if cursor.next == "(":
        start = cursor.at
        span = _uncertain(cursor)
        if span is not None:
            return _edit(_Writer(cursor, three=span.start.residue != "", legacy=[]), span)
        cursor.at = start + 1
        inner = read_protein_change(cursor) if cursor.next != "(" else None
        if inner is None:
            return None
        if not cursor.take(")"):
            # `p.(Gln18)[23]` is closed before the count; anything else is malformed.
            return None
        if inner.kind == "unknown" and cursor.next == "[" and inner.span is not None:
            return _edit(_Writer(cursor, three=True, legacy=list(inner.legacy)), inner.span, predicted=True)
        return replace(inner, predicted=True)
    whole = _whole(cursor)
    if whole is not None:
        return whole
    writer = _Writer(cursor, three_letter_next(cursor), [])
    span = writer.span()
    return None if span is None else _edit(writer, span)


def _whole(cursor: Cursor) -> Change | None:
    if cursor.take("="):
        return Change("p", "synonymous", body="=")
    if cursor.take("?"):
        return Change("p", "unknown", body="?")
    if cursor.next == "0" and not cursor.text[cursor.at + 1 : cursor.at + 2].isdigit():
        cursor.take("0")
        return Change("p", "no_protein", body="0?" if cursor.take("?") else "0")
    return None


class _Writer:
    """The cursor with the way residues are written and what was mended so far."""

    def __init__(self, cursor: Cursor, three: bool, legacy: list[str]) -> None:
        self.cursor, self.three, self.legacy = cursor, three, legacy

    def residue(self) -> str:
        return read_residue(self.cursor, self.three, self.legacy)

    def point(self) -> Point | None:
        residue = self.residue()
        number = self.cursor.number() if residue else None
        return Point(number, residue=residue) if number else None

    def span(self) -> Span | None:
        start = self.point()
        if start is None:
            return None
        if not self.cursor.take("_"):
            return Span(start, start)
        end = self.point()
        return None if end is None else Span(start, end)

    def change(self, kind: Kind, span: Span, body: str, new: str = "", length: int | None = None) -> Change:
        if not self.three:
            self.legacy.append("one_letter")
        old = span.start.residue if span.single else ""
        codes = tuple(dict.fromkeys(self.legacy))
        return Change("p", kind, span, old, new, length, body=body and f"{span}{body}", legacy=codes)


def _uncertain(cursor: Cursor) -> Span | None:
    """Read `(Ala123_Pro131)` when more follows the bracket; None, with any place, otherwise."""
    cursor.take("(")
    writer = _Writer(cursor, three_letter_next(cursor), [])
    start = writer.point()
    if start is None or not cursor.take("_"):
        return None
    end = writer.point()
    return None if end is None or not cursor.take(")") else Span(start, end, uncertain=True)


def _edit(writer: _Writer, span: Span, predicted: bool = False) -> Change | None:
    cursor = writer.cursor
    if predicted:
        repeat = _repeat(writer, span)
        return None if repeat is None else replace(repeat, predicted=True)
    word = cursor.take_word("delins", "del", "dup", "ins", "fs", "ext")
    if word == "del":
        return _deletion(writer, span)
    if word == "dup":
        _named_residues(writer)
        length = _length(span)
        return writer.change("duplication", span, "dup", length=length)
    if word in ("ins", "delins"):
        return _inserted(writer, span, "insertion" if word == "ins" else "delins")
    if word == "fs":
        return _frameshift(writer, span, "")
    if word == "ext":
        return _extension(writer, span, "")
    if cursor.take("="):
        return _mosaic(writer, writer.change("synonymous", span, "="))
    if cursor.take("?"):
        return writer.change("unknown", span, "?")
    if cursor.next == "[":
        return _repeat(writer, span)
    return _new_residue(writer, span)


def _mosaic(writer: _Writer, same: Change) -> Change | None:
    if same.span is None or not writer.cursor.take("/"):
        return same
    slash = "//" if writer.cursor.take("/") else "/"
    changed = _edit(writer, same.span)
    if changed is None or not changed.body or changed.span != same.span:
        return None
    place = str(same.span)
    return replace(changed, body=f"{same.body}{slash}{changed.body[len(place) :]}")


def _deletion(writer: _Writer, span: Span) -> Change | None:
    _named_residues(writer)
    if writer.cursor.take_word("ins"):
        return _inserted(writer, span, "delins")
    return writer.change("deletion", span, "del", length=_length(span))


def _named_residues(writer: _Writer) -> None:
    """Step over residues or a number after `del` or `dup`, which the recommendations leave out."""
    cursor = writer.cursor
    count = 0
    while count < MAX_INSERTED and not cursor.text[cursor.at : cursor.at + 3].casefold().startswith("ins"):
        if not writer.residue():
            break
        count += 1
    if count:
        writer.legacy.append("bases_repeated")
    elif cursor.number() is not None:
        writer.legacy.append("length_repeated")


def _inserted(writer: _Writer, span: Span, kind: Kind) -> Change | None:
    cursor = writer.cursor
    word = "ins" if kind == "insertion" else "delins"
    if cursor.sees("Xaa["):
        cursor.take("Xaa")
        count = _count(cursor)
        return (
            None
            if count is None
            else writer.change(kind, span, f"{word}Xaa[{count}]", "", _whole_number(count))
        )
    residues = _stretch(writer)
    if residues:
        return _with_residues(writer, span, kind, word, residues)
    opened = cursor.take("(")
    number = cursor.number()
    if number is None:
        if opened:
            return None
        writer.legacy.append("inserted_missing")
        return writer.change(kind, span, "")
    if opened and not cursor.take(")"):
        return None
    cursor.take_word("aa")
    writer.legacy.append("inserted_length")
    return writer.change(kind, span, f"{word}Xaa[{number}]", "", number)


def _with_residues(writer: _Writer, span: Span, kind: Kind, word: str, residues: list[str]) -> Change:
    if kind == "insertion" and span.single:
        writer.legacy.append("insertion_place")
        return writer.change(kind, span, "", "".join(residues), len(residues))
    if kind == "insertion" and _length(span) != 2:
        writer.legacy.append("insertion_not_between_neighbours")
    return writer.change(kind, span, word + "".join(residues), "".join(residues), len(residues))


def _stretch(writer: _Writer) -> list[str]:
    residues: list[str] = []
    while len(residues) < MAX_INSERTED:
        if residues and not writer.three and writer.cursor.next.islower():
            break
        residue = writer.residue()
        if not residue:
            break
        residues.append(residue)
    return residues


def _count(cursor: Cursor) -> str | None:
    if not cursor.take("["):
        return None
    opened = cursor.take("(")
    first = cursor.number()
    last = cursor.number() if opened and cursor.take("_") else None
    if first is None or (opened and not cursor.take(")")) or not cursor.take("]"):
        return None
    inside = str(first) if last is None else f"{first}_{last}"
    return f"({inside})" if opened else inside


def _whole_number(count: str) -> int | None:
    return int(count) if count.isdigit() else None


def _repeat(writer: _Writer, span: Span) -> Change | None:
    count = _count(writer.cursor)
    return None if count is None else writer.change("repeat", span, f"[{count}]")


def _new_residue(writer: _Writer, span: Span) -> Change | None:
    cursor = writer.cursor
    start = cursor.at
    opened = cursor.take("(")
    residue = writer.residue()
    if not residue:
        cursor.at = start
        # A bare place (`R882`): something happened there, the report does not say what.
        return writer.change("unknown", span, "") if span.single and not opened else None
    if cursor.next == "^":
        return _choice(writer, span, residue, opened)
    if opened:
        return None
    if cursor.take_word("fs"):
        return _frameshift(writer, span, residue)
    if cursor.take_word("ext"):
        return _extension(writer, span, residue)
    if not span.single:
        if residue == STOP and span.uncertain:
            return writer.change("nonsense", span, STOP, STOP)
        return None
    if residue == span.start.residue:
        writer.legacy.append("same_residue")
        return writer.change("synonymous", span, "=")
    if span.start.residue == STOP:
        return writer.change("extension", span, residue, residue)
    if residue == STOP:
        return writer.change("nonsense", span, STOP, STOP)
    return writer.change("substitution", span, residue, residue, 1)


def _choice(writer: _Writer, span: Span, first: str, opened: bool) -> Change | None:
    """Read `Gly719(Ala^Ser)` or `Gly719Ala^Ser`: one of several residues, not known which."""
    residues = [first]
    while writer.cursor.take("^") and len(residues) < 25:
        residue = writer.residue()
        if not residue:
            return None
        residues.append(residue)
    if opened and not writer.cursor.take(")"):
        return None
    joined = "^".join(residues)
    return writer.change("substitution", span, f"({joined})" if opened else joined, joined, 1)


def _frameshift(writer: _Writer, span: Span, residue: str) -> Change | None:
    if not span.single:
        return None
    cursor = writer.cursor
    body = residue + "fs"
    word = cursor.take_word("ter", "*", "stop", "x")
    if word in ("x", "stop"):
        writer.legacy.append("x_as_stop" if word == "x" else "stop_as_word")
    if word or cursor.next.isdigit():
        distance = "?" if word and cursor.take("?") else cursor.number()
        if distance is None and word:
            distance = "?"
            writer.legacy.append("stop_distance_missing")
        if not word:
            writer.legacy.append("stop_word_missing")
        if distance is None:
            return None
        body += f"Ter{distance}"
    return writer.change("frameshift", span, body, residue)


def _extension(writer: _Writer, span: Span, residue: str) -> Change | None:
    cursor = writer.cursor
    if not span.single:
        return None
    if span.start.residue == "Met" and span.start.number == 1:
        if not cursor.take("-"):
            return None
        distance = "?" if cursor.take("?") else cursor.number()
        if residue:
            writer.legacy.append("extension_residue")
        return None if distance is None else writer.change("extension", span, f"ext-{distance}", residue)
    added = _written_extension(writer)
    if added:
        return writer.change("extension", span, f"{residue}ext{added}", residue)
    word = cursor.take_word("ter", "*", "stop", "x")
    if word != "ter" and word != "*":
        writer.legacy.append("x_as_stop" if word == "x" else "stop_word_missing")
        cursor.take("+")
    distance = "?" if cursor.take("?") else cursor.number()
    return (
        None if distance is None else writer.change("extension", span, f"{residue}extTer{distance}", residue)
    )


def _written_extension(writer: _Writer) -> str:
    """Read `ext` with its residues written out up to the new stop; empty, and no step, when it has none."""
    start, known = writer.cursor.at, len(writer.legacy)
    residues = _stretch(writer)
    if len(residues) > 1 and residues[-1] == STOP and not writer.cursor.next.isdigit():
        return "".join(residues)
    writer.cursor.at = start
    del writer.legacy[known:]
    return ""


def _length(span: Span) -> int | None:
    if span.uncertain or span.start.number is None or span.end.number is None:
        return None
    return span.end.number - span.start.number + 1

"""Random variant descriptions: printed forms are stable, nothing raises, nothing broken becomes normal."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmony.notation.hgvs.explain import PROBLEMS, UNCHECKED, explain
from harmony.notation.hgvs.genes import symbols
from harmony.notation.hgvs.model import Reading
from harmony.notation.hgvs.read import MAX_LENGTH, read_variant
from harmony.notation.hgvs.residues import ONE_TO_THREE, STOP

THREE = sorted(set(ONE_TO_THREE.values()) - {"Asx", "Glx"})
WELL = settings(max_examples=300, deadline=None)
BASES = st.text("ACGT", min_size=1, max_size=8)
NUMBER = st.integers(1, 99_999)
RESIDUE = st.sampled_from(THREE)


@st.composite
def points(draw):
    """A position of coding DNA: plain, before or after it, or in an intron."""
    region = draw(st.sampled_from(["", "", "", "-", "*"]))
    offset = draw(st.sampled_from(["", "", "", "+1", "-2", "+45", "-?", "+?"]))
    return f"{region}{draw(NUMBER)}{offset}"


@st.composite
def spans(draw):
    first = draw(NUMBER)
    last = first + draw(st.integers(1, 300))
    return draw(
        st.sampled_from(
            [
                f"{first}_{last}",
                f"{first}+1_{last}-1",
                f"({first}_{last})",
                f"(?_{first})_({last}_?)",
                f"-{last}_-{first}",
                f"*{first}_*{last}",
            ]
        )
    )


@st.composite
def dna(draw):
    """A printed DNA change."""
    place = draw(st.one_of(points(), spans()))
    old, new = draw(st.permutations("ACGT"))[:2]
    first = draw(NUMBER)
    return draw(
        st.sampled_from(
            [
                f"{draw(points())}{old}>{new}",
                f"{place}del",
                f"{place}dup",
                f"{draw(spans())}inv",
                f"{first}_{first + 1}ins{draw(BASES)}",
                f"{first}_{first + 1}insN[{draw(NUMBER)}]",
                f"{place}delins{draw(BASES)}",
                f"{first}{draw(BASES)}[{draw(st.integers(1, 99))}]",
                f"{first}=",
            ]
        )
    )


@st.composite
def protein(draw):
    """A printed protein change without its parentheses."""
    old, new, next_one = draw(st.permutations(THREE))[:3]
    at, far = draw(st.integers(2, 3000)), draw(st.integers(2, 99))
    inserted = "".join(draw(st.lists(RESIDUE, min_size=1, max_size=6)))
    return draw(
        st.sampled_from(
            [
                f"{old}{at}{new}",
                f"{old}{at}Ter",
                f"{old}{at}=",
                f"{old}{at}del",
                f"{old}{at}_{next_one}{at + far}del",
                f"{old}{at}_{next_one}{at + far}dup",
                f"{old}{at}_{next_one}{at + 1}ins{inserted}",
                f"{old}{at}_{next_one}{at + 1}insXaa[{far}]",
                f"{old}{at}delins{inserted}{new}",
                f"{old}{at}fs",
                f"{old}{at}{new}fsTer{far}",
                f"{old}{at}{new}fsTer?",
                f"Ter{at}{new}extTer{far}",
                f"Met1ext-{far}",
                "Met1?",
                f"{old}{at}[{far}]",
                "0",
                "?",
                "=",
            ]
        )
    )


@st.composite
def descriptions(draw):
    """A whole printed description, alone or with reference sequence."""
    level = draw(st.sampled_from(["c", "p"]))
    if level == "c":
        return draw(st.sampled_from(["", "NM_004972.4:", "ENST00000381652.8:"])) + "c." + draw(dna())
    change = draw(protein())
    shown = f"({change})" if draw(st.booleans()) else change
    return draw(st.sampled_from(["", "NP_004963.1:", "LRG_612p1:"])) + "p." + shown


REPORTS = st.one_of(
    descriptions(),
    st.builds(
        "{} {}{}".format,
        st.sampled_from(["JAK2", "NPM1", "TET2", "SFRS2"]),
        descriptions(),
        st.sampled_from(["", " VAF 41%", " 0.41"]),
    ),
    st.sampled_from(["FLT3-ITD", "KMT2A-PTD", "BCR::ABL1", "NPM1 type A", "JAK2V617F", "IVS10+1G>A"]),
)


@WELL
@given(descriptions())
def test_a_printed_description_is_read_whole_and_printed_unchanged(text):
    reading = read_variant(text)
    assert (reading.status, reading.hgvs) == ("read", text)


@WELL
@given(st.lists(dna().filter(lambda d: "=" not in d), min_size=2, max_size=4))
def test_an_allele_is_read_as_its_members_and_printed_unchanged(members):
    text = "c.[" + ";".join(members) + "]"
    reading = read_variant(text)
    assert [v.hgvs for v in reading.variants] == [f"c.{m}" for m in members]
    assert {v.allele for v in reading.variants} == {text}


@WELL
@given(protein())
def test_one_letter_residues_are_read_as_three_letter_ones(text):
    short = text
    for one, three in ONE_TO_THREE.items():
        short = short.replace(three, one)
    short = short.replace(STOP, "*")
    assert read_variant(f"p.{short}").hgvs == f"p.{text}"


@WELL
@given(REPORTS, st.data())
def test_a_damaged_description_never_raises_and_never_becomes_wild_type(text, data):
    damaged = list(text)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(damaged) - 1, 0)))
        action = data.draw(st.sampled_from(["delete", "insert", "replace", "swap"]))
        sign = data.draw(st.sampled_from("ACGTacgtpcx0123456789()[];:,./_->*=?+ \x00Åé"))
        if action == "delete" and damaged:
            del damaged[at]
        elif action == "replace" and damaged:
            damaged[at] = sign
        elif action == "swap" and at + 1 < len(damaged):
            damaged[at], damaged[at + 1] = damaged[at + 1], damaged[at]
        else:
            damaged.insert(at, sign)
    reading = read_variant("".join(damaged))
    assert [read_variant(v.hgvs).hgvs for v in reading.variants if v.hgvs] == [
        v.hgvs for v in reading.variants if v.hgvs
    ]
    assert "wild_type" not in {reading.result, *(v.result for v in reading.variants)}


@WELL
@given(st.text(max_size=200))
def test_any_text_is_answered(text):
    assert sound(read_variant(text))
    assert explain(text)


@WELL
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(data):
    assert sound(read_variant(data.decode("latin-1")))
    assert sound(read_variant(data.decode("utf-8", "surrogateescape")))


@WELL
@given(
    st.lists(
        st.sampled_from(
            [*"()[];:,/_+-*=?.pcrg0 \n", "c.", "p.", "fs", "del", "ins", "Ter", "not", "no ", "wt "]
        ),
        max_size=60,
    )
)
def test_any_row_of_grammar_pieces_is_answered(pieces):
    assert sound(read_variant("".join(pieces)))


@WELL
@given(st.sampled_from(symbols()), protein().filter(lambda p: p not in ("0", "?", "=")))
def test_every_current_symbol_is_kept(symbol, change):
    reading = read_variant(f"{symbol} p.{change}")
    assert (reading.gene, reading.hgvs) == (symbol, f"p.{change}")


@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "A",
        "(",
        "[",
        "c.",
        "p.",
        "c.[",
        "p.(",
        "a ",
        "JAK2 ",
        "-",
        "R882H;",
        "(p.",
        "n/a",
        "é",
        "\x00",
        "c.1A>G ",
    ],
)
@pytest.mark.parametrize("length", [MAX_LENGTH, 1_000_000])
def test_a_long_string_is_answered_in_under_a_second(piece, length):
    text = piece * (length // len(piece))
    start = time.perf_counter()
    reading = read_variant(text)
    assert time.perf_counter() - start < 1.0
    assert reading.status in ("unreadable", "partly_read", "read", "no_result")
    assert reading.result != "wild_type"


def sound(reading: Reading) -> bool:
    """Tell whether a reading keeps its own rules."""
    codes = set(reading.problems) | {code for v in reading.variants for code in v.problems}
    unchecked = {code for v in reading.variants for code in v.unchecked}
    return (
        codes <= set(PROBLEMS)
        and unchecked <= set(UNCHECKED)
        and all(not v.hgvs or v.result in ("variant", "no_change") for v in reading.variants)
        and (reading.status != "unreadable" or reading.result == "unknown")
        and all(v.vaf is None or 0 <= v.vaf <= 1 for v in reading.variants)
    )

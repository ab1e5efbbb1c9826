"""Random well-formed karyotypes for Hypothesis: stem lines, daughters, unrelated and single-cell clones."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from karyotype_text import Clone, Item, Karyotype

#: Bands that exist, away from recurrent breaks: a near miss is judged by hand-written cases, not here.
BANDS: Final = {
    "1": "p36 p32 q21 q32", "2": "p23 p21 q31 q35", "3": "p21 p13", "4": "p16 q21 q31",
    "5": "p15 q13 q31 q33",
    "6": "p21 q15 q21 q25", "7": "p22 p15 q22 q32", "8": "p21 q13 q24", "9": "p13 p24 q13 q22",
    "10": "p12 q22 q24", "11": "p13 q13", "12": "p13 p11 q13 q24", "13": "q14 q31", "14": "q11 q24 q32",
    "15": "q15 q26", "16": "p11 q24", "17": "p13 p11 q23 q25", "18": "p11 q21", "19": "p13 q13",
    "20": "p12 q11 q13", "21": "q11 q22", "22": "q11 q13",
}  # fmt: skip
SHORT_ARMS: Final = ("1", "4", "6", "7", "9", "12", "16", "17", "18")
OFTEN_GAINED_OR_LOST: Final = (
    "5",
    "7",
    "7",
    "8",
    "8",
    "9",
    "12",
    "13",
    "17",
    "18",
    "19",
    "20",
    "21",
    "22",
    "1",
)
RECURRENT_PAIRS: Final = [{"8", "21"}, {"15", "17"}, {"9", "22"}, {"6", "9"}, {"8", "16"}, {"9", "11"}]
RECURRENT: Final = [
    Item("t", ("8", "21"), ("q22", "q22")), Item("t", ("8", "21"), ("q22", "q22.1")),
    Item("t", ("8", "14", "21"), ("q22", "q32", "q22")), Item("t", ("15", "17"), ("q24", "q21")),
    Item("t", ("15", "17"), ("q22", "q12")), Item("t", ("5", "15", "17"), ("q31", "q24", "q21")),
    Item("t", ("9", "11"), ("p21", "q23")), Item("t", ("9", "11"), ("p22", "q23")),
    Item("t", ("9", "11"), ("p21.3", "q23.3")), Item("t", ("6", "11"), ("q27", "q23")),
    Item("t", ("4", "11"), ("q21", "q23")), Item("t", ("11", "19"), ("q23", "p13.1")),
    Item("t", ("10", "11"), ("p12", "q23")), Item("t", ("6", "9"), ("p23", "q34")),
    Item("t", ("6", "9"), ("p22", "q34.1")), Item("t", ("9", "22"), ("q34", "q11.2")),
    Item("t", ("9", "22", "14"), ("q34", "q11", "q32")), Item("t", ("1", "9", "22"), ("p36", "q34", "q11.2")),
    Item("t", ("8", "16"), ("p11", "p13")), Item("t", ("16", "16"), ("p13", "q22")),
    Item("inv", ("16",), ("p13", "q22")), Item("inv", ("16",), ("p13.1", "q22")),
    Item("inv", ("3",), ("q21", "q26")), Item("inv", ("3",), ("q21", "q26.2")),
    Item("t", ("3", "3"), ("q21", "q26")), Item("t", ("3", "21"), ("q26", "q22")),
    Item("t", ("2", "3"), ("p21", "q26")), Item("t", ("7", "11"), ("p15", "p15")),
    Item("t", ("5", "11"), ("q35", "p15")),
]  # fmt: skip
OTHER: Final = [
    Item("inv", ("12",), ("p13", "q24")), Item("inv", ("14",), ("q11", "q32")), Item("i", ("17",), ("q10",)),
    Item("i", ("7",), ("p10",)), Item("i", ("5",), ("p10",)), Item("i", ("8",), ("q10",)),
    Item("i", ("1",), ("q10",)), Item("i", ("12",), ("p10",), "+"), Item("idic", ("17",), ("p11",)),
    Item("dup", ("1",), ("q21", "q32")), Item("ins", ("1", "6"), ("p32", "q21", "q25")),
    Item("r", ("18",), ("p11", "q23")), Item("hsr", ("8",), ("q24",)), Item("dmin"),
    Item("del", ("3",), ("q21", "q26")), Item("del", ("11",), ("q22",)), Item("del", ("11",), ("q13", "q23")),
    Item("mar", sign="+"), Item("mar", sign="+", times=2), Item("mar", sign="+", most=3), Item("r", sign="+"),
]  # fmt: skip
HARMLESS: Final = [
    Item("inv", ("9",), ("p12", "q13")), Item("inv", ("9",), ("p11", "q13")), Item("qh+", ("1",)),
    Item("qh+", ("16",)), Item("number", ("21",), sign="+", constitutional=True),
    Item("inv", ("9",), ("p12", "q13"), constitutional=True),
    Item("t", ("11", "22"), ("q23", "q11.2"), constitutional=True),
    Item("inv", ("12",), ("p11", "q13"), constitutional=True),
]  # fmt: skip


def in_order(*chromosomes: str) -> list[str]:
    return sorted(chromosomes, key=int)


@st.composite
def exchanges(draw: st.DrawFn) -> Item:
    """A translocation, or a derivative of one, that is none of the recurrent ones."""
    pair = draw(st.lists(st.sampled_from(list(BANDS)), min_size=2, max_size=2, unique=True))
    if set(pair) in RECURRENT_PAIRS:
        pair = ["1", "4"]
    pair = in_order(*pair)
    bands = tuple(draw(st.sampled_from(BANDS[c].split())) for c in pair)
    kept = draw(st.sampled_from(pair))
    if draw(st.booleans()) or kept in ("3", "11", "13", "20"):
        return Item("t", tuple(pair), bands)
    return Item("der", tuple(pair), bands, draw(st.sampled_from(["", "", "+"])), origin=(kept,))


@st.composite
def losses_of_a_piece(draw: st.DrawFn) -> Item:
    """A deletion within one arm, an addition, or a dicentric of two short arms."""
    kind = draw(st.sampled_from(["del", "del", "add", "dic"]))
    if kind == "dic":
        pair = draw(st.lists(st.sampled_from(SHORT_ARMS), min_size=2, max_size=2, unique=True))
        return Item("dic", tuple(in_order(*pair)), ("p11", "p11"))
    chromosome = draw(st.sampled_from([c for c in BANDS if c != "3"]))
    bands = BANDS[chromosome].split()
    first = draw(st.sampled_from(bands))
    later = [b for b in bands if b[0] == first[0] and bands.index(b) > bands.index(first)]
    if kind == "add" or not later or first[0] == "p" or draw(st.booleans()):
        return Item(kind, (chromosome,), (first,))
    return Item(kind, (chromosome,), (first, draw(st.sampled_from(later))))


@st.composite
def numbers(draw: st.DrawFn, sex: str) -> Item:
    """A gained or lost chromosome; a lost sex chromosome is one that the patient has."""
    sign = draw(st.sampled_from("+-"))
    autosome = st.sampled_from(OFTEN_GAINED_OR_LOST)
    gonosome = st.just({"XX": "X", "XY": "Y"}[sex])
    return Item("number", (draw(st.one_of(autosome, autosome, autosome, gonosome)),), sign=sign)


def changes(sex: str) -> st.SearchStrategy[Item]:
    """Any acquired change."""
    plain = st.one_of(
        numbers(sex), numbers(sex), losses_of_a_piece(), exchanges(), st.sampled_from(RECURRENT),
        st.sampled_from(OTHER),
    )  # fmt: skip
    return st.tuples(plain, st.integers(0, 19)).map(_doubtful)


def _doubtful(drawn: tuple[Item, int]) -> Item:
    item, dice = drawn
    return Item(**{**item.__dict__, "uncertain": True}) if dice == 0 and not item.sign else item


def _site(item: Item) -> tuple:
    """Two items with the same site contradict or repeat each other."""
    return (item.kind == "number", item.kind, item.chromosomes, item.bands, item.origin)


@st.composite
def karyotypes(draw: st.DrawFn) -> Karyotype:
    """A whole karyotype; changes of different clones never contradict each other."""
    sex = draw(st.sampled_from(["XX", "XY"]))
    pool = draw(st.lists(changes(sex), max_size=9, unique_by=_site))
    carried = tuple(draw(st.lists(st.sampled_from(HARMLESS), max_size=1)))
    # Whether a loss of the inborn third copy counts is nowhere said.
    inborn = {item.chromosomes for item in carried if item.constitutional and item.sign}
    pool = [item for item in pool if not (item.sign == "-" and item.chromosomes in inborn)]
    cells = st.one_of(st.none(), st.integers(1, 20), st.integers(3, 20))
    clones: list[Clone] = []
    stem = pool[: draw(st.integers(0, min(5, len(pool))))]
    rest = pool[len(stem) :]
    if stem:
        twice = [i for i in stem if i.sign == "+" and i.kind == "number"][: draw(st.integers(0, 1))]
        composite = draw(st.integers(0, 5)) == 0
        clones.append(
            Clone(
                (*carried, *stem, *twice),
                draw(st.integers(2, 20)) if composite else draw(cells),
                composite,
                incomplete=draw(st.integers(0, 15)) == 0,
                spread=draw(st.integers(1, 2)) if composite else 0,
                ploidy=draw(st.integers(0, 15)) == 0,
            )
        )
        rest = _add_daughters(draw, clones, carried, rest, cells)
    if rest and draw(st.integers(0, 3)) == 0:
        clones.append(Clone((*carried, *rest[:2]), draw(cells)))
    if draw(st.integers(0, 25)) == 0:
        clones.append(Clone((), draw(st.integers(3, 9)), tetraploid=True))
    if not clones or draw(st.booleans()):
        clones.append(Clone(carried, draw(cells)))
    return Karyotype(sex, tuple(clones), draw(st.sampled_from([0] * 12 + [15])))


def _add_daughters(draw, clones, carried, rest, cells):
    for _ in range(draw(st.integers(0, 2))):
        if not rest:
            break
        own, rest = rest[:1], rest[1:]
        word = draw(st.sampled_from(["sl", "idem", "sdl", ""]))
        if word == "":
            clones.append(Clone((*carried, *clones[0].items[len(carried) :], *own), draw(cells)))
            continue
        parent = len(clones) - 1 if word == "sdl" and len(clones) > 1 and clones[-1].word else 0
        word = "sl" if word == "sdl" and parent == 0 else word
        clones.append(Clone(tuple(own), draw(cells), takes_over=parent, word=word))
    return rest

"""
Findings: which changes make a named finding present. One table, read by the command, the pages and the tests.

Three values: present, absent, not_assessed. Absent is only said of a banding result that was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from harmony.notation.iscn import exchanges
from harmony.notation.iscn.arms import is_der_1_7, lost_arms
from harmony.notation.iscn.exchanges import Exchange, Fit, kmt2a_fit, mecom_fit, nup98_fit
from harmony.notation.iscn.model import Item

Test = Callable[[Item], Fit]

ELN_2022: Final = "ELN 2022 (Döhner et al., Blood 2022;140:1345)"
IPSS_R: Final = "IPSS-R (Greenberg et al., Blood 2012;120:2454; Schanz et al., J Clin Oncol 2012;30:820)"
WHO_2022: Final = (
    "WHO 2022 (Khoury et al., Leukemia 2022;36:1703); ICC 2022 (Arber et al., Blood 2022;140:1200)"
)
CLL: Final = "iwCLL 2018 (Hallek et al., Blood 2018;131:2745)"
MM: Final = "IMWG 2016 (Sonneveld et al., Blood 2016;127:2955)"
ALL: Final = "WHO 2022 (Alaggio et al., Leukemia 2022;36:1720); ICC 2022 (Arber et al., Blood 2022;140:1200)"


@dataclass(frozen=True)
class Finding:
    """
    One finding that a karyotype can show.

    Attributes
    ----------
    name : str
        Column of the command's output and field of table cytogenetics.
    title, present, source : str
        For people: what it is, which strings make it present, where the definition comes from.
    test : callable
        Item to Fit; anything but "" makes the finding present.
    column : bool
        Whether the command gives it a column; the others appear in `explain` only.
    """

    name: str
    title: str
    present: str
    source: str
    test: Test
    column: bool = True


def _exchange(*wanted: Exchange) -> Test:
    def test(item: Item) -> Fit:
        fits = [exchange.fit(item) for exchange in wanted]
        return min(fits, key=("exact", "near", "bare", "").index)

    return test


def _lost(*chromosomes: str) -> Test:
    return lambda item: "exact" if item.kind == "loss" and item.chromosome in chromosomes else ""


def _gained(*chromosomes: str) -> Test:
    return lambda item: "exact" if item.kind == "gain" and item.chromosome in chromosomes else ""


def _arm(chromosome: str, arm: str, *by: str) -> Test:
    def test(item: Item) -> Fit:
        for lost in lost_arms(item):
            if lost.chromosome == chromosome and lost.by in by:
                if lost.arm == arm:
                    return "exact"
                # del(5) without a band: nearly always the arm that is deleted in these diseases.
                if lost.arm == "?" and lost.by in ("del", "iso"):
                    return "bare"
        return ""

    return test


def _any(*tests: Test) -> Test:
    def test(item: Item) -> Fit:
        return min((one(item) for one in tests), key=("exact", "near", "bare", "").index)

    return test


def _i17q(item: Item) -> Fit:
    for part in item.parts:
        if part.chromosomes[0] != "17" or part.kind not in ("i", "idic", "ider"):
            continue
        arms = {band.arm for band in part.breaks_of("17")}
        if part.kind == "idic":
            return "exact" if "p" in arms else "bare" if not arms else ""
        return "exact" if "q" in arms else "bare" if not arms else ""
    return ""


def _der_1_7(item: Item) -> Fit:
    # An older way to write it, -7,+der(1;7), has the sign of an additional copy and none.
    return "exact" if item.kind == "structural" and is_der_1_7(item) else ""


_REMOVED: Final = ("del", "der", "dic", "iso")

FINDINGS: Final = (
    Finding(
        "runx1_runx1t1",
        "t(8;21), RUNX1::RUNX1T1",
        "t(8;21)(q22;q22), also with further partners or as a derivative",
        ELN_2022,
        _exchange(exchanges.T_8_21),
    ),
    Finding(
        "cbfb_myh11",
        "inv(16) or t(16;16), CBFB::MYH11",
        "inv(16)(p13q22), t(16;16)(p13;q22)",
        ELN_2022,
        _exchange(exchanges.INV_16),
    ),
    Finding(
        "pml_rara",
        "t(15;17), PML::RARA",
        "t(15;17)(q22~24;q11~21), also with further partners",
        ELN_2022,
        _exchange(exchanges.T_15_17),
    ),
    Finding(
        "kmt2a_mllt3", "t(9;11), MLLT3::KMT2A", "t(9;11)(p21~22;q23)", ELN_2022, _exchange(exchanges.T_9_11)
    ),
    Finding(
        "kmt2a_r",
        "KMT2A rearrangement",
        "any exchange with 11q23; a derivative only with a known partner",
        ELN_2022,
        _any(kmt2a_fit, _exchange(exchanges.T_9_11, exchanges.T_4_11)),
    ),
    Finding("dek_nup214", "t(6;9), DEK::NUP214", "t(6;9)(p22~23;q34)", ELN_2022, _exchange(exchanges.T_6_9)),
    Finding(
        "bcr_abl1",
        "t(9;22), BCR::ABL1",
        "t(9;22)(q34;q11), also with further partners or as der(22)",
        ELN_2022,
        _exchange(exchanges.T_9_22),
    ),
    Finding(
        "kat6a_crebbp", "t(8;16), KAT6A::CREBBP", "t(8;16)(p11;p13)", ELN_2022, _exchange(exchanges.T_8_16)
    ),
    Finding(
        "mecom_r",
        "inv(3), t(3;3) or another MECOM rearrangement",
        "inv(3)(q21q26), t(3;3)(q21;q26), t(3q26;v)",
        ELN_2022,
        _any(_exchange(exchanges.INV_3), mecom_fit),
    ),
    Finding(
        "nup98_r",
        "NUP98 rearrangement",
        "any exchange or inversion with 11p15",
        WHO_2022,
        nup98_fit,
    ),
    Finding(
        "minus5_del5q",
        "-5 or del(5q)",
        "-5; del, add, der, dic or i that removes 5q",
        ELN_2022,
        _any(_lost("5"), _arm("5", "q", *_REMOVED, "add")),
    ),
    Finding("minus7", "-7", "-7", ELN_2022, _lost("7")),
    Finding(
        "del7q",
        "del(7q)",
        "del, der, dic or i that removes 7q, der(1;7)(q10;p10) among them; not add(7q)",
        IPSS_R,
        _any(_arm("7", "q", *_REMOVED), _der_1_7),
    ),
    Finding(
        "minus17_abn17p",
        "-17 or abnormal 17p",
        "-17; del, add, der, dic or i(17q) that removes 17p",
        ELN_2022,
        _any(_lost("17"), _arm("17", "p", *_REMOVED, "add")),
    ),
    Finding("del12p", "del(12p)", "del, der, dic or i that removes 12p", IPSS_R, _arm("12", "p", *_REMOVED)),
    Finding("i17q", "i(17q)", "i(17)(q10), idic(17)(p11)", IPSS_R, _i17q),
    Finding("del11q", "del(11q)", "del, der, dic or i that removes 11q", IPSS_R, _arm("11", "q", *_REMOVED)),
    Finding("del20q", "del(20q)", "del, der, dic or i that removes 20q", IPSS_R, _arm("20", "q", *_REMOVED)),
    Finding(
        "del13q_minus13",
        "-13 or del(13q)",
        "-13; del, der, dic or i that removes 13q",
        WHO_2022,
        _any(_lost("13"), _arm("13", "q", *_REMOVED)),
    ),
    Finding("trisomy_8", "Gain of chromosome 8", "+8, also more than once", IPSS_R, _gained("8")),
    Finding("trisomy_19", "Gain of chromosome 19", "+19", IPSS_R, _gained("19")),
    Finding("minus_y", "-Y", "-Y; 45,X where the sex is known to be male", IPSS_R, _lost("Y")),
    Finding("t_4_11", "t(4;11), KMT2A::AFF1", "t(4;11)(q21;q23)", ALL, _exchange(exchanges.T_4_11), False),
    Finding(
        "t_12_21", "t(12;21), ETV6::RUNX1", "t(12;21)(p13;q22)", ALL, _exchange(exchanges.T_12_21), False
    ),
    Finding(
        "t_1_19",
        "t(1;19), TCF3::PBX1",
        "t(1;19)(q23;p13), der(19)t(1;19)",
        ALL,
        _exchange(exchanges.T_1_19),
        False,
    ),
    Finding("t_17_19", "t(17;19), TCF3::HLF", "t(17;19)(q22;p13)", ALL, _exchange(exchanges.T_17_19), False),
    Finding("t_5_14", "t(5;14), IGH::IL3", "t(5;14)(q31;q32)", ALL, _exchange(exchanges.T_5_14), False),
    Finding("trisomy_12", "Gain of chromosome 12", "+12", CLL, _gained("12"), False),
    Finding("t_4_14", "t(4;14), IGH::NSD2", "t(4;14)(p16;q32)", MM, _exchange(exchanges.T_4_14), False),
    Finding("t_11_14", "t(11;14), IGH::CCND1", "t(11;14)(q13;q32)", MM, _exchange(exchanges.T_11_14), False),
    Finding("t_14_16", "t(14;16), IGH::MAF", "t(14;16)(q32;q23)", MM, _exchange(exchanges.T_14_16), False),
    Finding("t_14_20", "t(14;20), IGH::MAFB", "t(14;20)(q32;q12)", MM, _exchange(exchanges.T_14_20), False),
    Finding("t_6_14", "t(6;14), IGH::CCND3", "t(6;14)(p21;q32)", MM, _exchange(exchanges.T_6_14), False),
    Finding("del1p", "del(1p)", "del, der, dic or i that removes 1p", MM, _arm("1", "p", *_REMOVED), False),
    Finding(
        "t_14_18", "t(14;18), IGH::BCL2", "t(14;18)(q32;q21)", WHO_2022, _exchange(exchanges.T_14_18), False
    ),
    Finding("t_8_14", "t(8;14), IGH::MYC", "t(8;14)(q24;q32)", WHO_2022, _exchange(exchanges.T_8_14), False),
)

#: Findings with a column, in the order of the command's output.
COLUMNS: Final = tuple(finding for finding in FINDINGS if finding.column)
BY_NAME: Final = {finding.name: finding for finding in FINDINGS}


def found(items: Iterable[Item]) -> dict[str, tuple[Item, Fit]]:
    """
    Return the findings that are present: name, the change that makes it so and how well it fits.

    Parameters
    ----------
    items : iterable of Item
        Acquired, clonal changes.
    """
    best: dict[str, tuple[Item, Fit]] = {}
    for item in items:
        for name, fit in _of_item(item):
            if name not in best or (best[name][1] != "exact" and fit == "exact"):
                best[name] = (item, fit)
    return best


_CACHE: dict[Item, tuple[tuple[str, Fit], ...]] = {}
_MOST_CACHED: Final = 100_000


def _of_item(item: Item) -> tuple[tuple[str, Fit], ...]:
    if item not in _CACHE:
        if len(_CACHE) >= _MOST_CACHED:
            _CACHE.clear()
        tested = ((finding.name, finding.test(item)) for finding in FINDINGS)
        _CACHE[item] = tuple((name, fit) for name, fit in tested if fit)
    return _CACHE[item]

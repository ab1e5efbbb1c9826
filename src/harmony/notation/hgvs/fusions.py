"""Pairs of genes that reports join by `/`: only these are taken for a fusion, others for a list."""

from __future__ import annotations

from harmony.notation.hgvs.genes import Gene

#: Recurrent fusions of the WHO and ICC 2022 classifications of leukaemia and lymphoma.
PAIRS = frozenset(
    frozenset(pair.split("::"))
    for pair in [
        "BCR::ABL1",
        "PML::RARA",
        "CBFB::MYH11",
        "RUNX1::RUNX1T1",
        "ETV6::RUNX1",
        "TCF3::PBX1",
        "TCF3::HLF",
        "DEK::NUP214",
        "FIP1L1::PDGFRA",
        "ETV6::PDGFRB",
        "ETV6::ABL1",
        "ETV6::ACSL6",
        "ETV6::NTRK3",
        "ETV6::MNX1",
        "NUP214::ABL1",
        "NPM1::ALK",
        "NPM1::MLF1",
        "NPM1::RARA",
        "RBM15::MRTFA",
        "KAT6A::CREBBP",
        "PICALM::MLLT10",
        "SET::NUP214",
        "STIL::TAL1",
        "CBFA2T3::GLIS2",
        "ZBTB16::RARA",
        "NUMA1::RARA",
        "STAT5B::RARA",
        "PCM1::JAK2",
        "P2RY8::CRLF2",
        "IGH::CRLF2",
        "IGH::BCL2",
        "IGH::MYC",
        "IGH::CCND1",
        "IGH::BCL6",
        "IGH::IL3",
        "IGH::FGFR3",
        "IGH::NSD2",
        "IGH::MAF",
        "IGH::MAFB",
        "IGH::DUX4",
        "IGH::MALT1",
        "BIRC3::MALT1",
        "KMT2A::AFF1",
        "KMT2A::MLLT3",
        "KMT2A::MLLT1",
        "KMT2A::MLLT10",
        "KMT2A::ELL",
        "KMT2A::AFDN",
        "KMT2A::MLLT6",
        "KMT2A::MLLT11",
        "KMT2A::SEPTIN9",
        "KMT2A::EPS15",
        "NUP98::NSD1",
        "NUP98::KDM5A",
        "NUP98::HOXA9",
        "NUP98::HOXD13",
        "EBF1::PDGFRB",
        "TCF3::ZNF384",
        "EP300::ZNF384",
        "MEF2D::BCL9",
        "FUS::ERG",
        "ETV6::JAK2",
        "BCR::JAK2",
        "BCR::FGFR1",
        "ZMYM2::FGFR1",
        "RUNX1::MECOM",
        "GATA2::MECOM",
        "CIITA::CD274",
        "CD74::ROS1",
    ]
)


def known_fusion(first: Gene | None, second: Gene | None) -> bool:
    """Tell whether two genes are one of the recurrent fusions."""
    return first is not None and second is not None and frozenset((first.symbol, second.symbol)) in PAIRS

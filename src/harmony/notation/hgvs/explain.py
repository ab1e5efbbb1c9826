"""Says in words what was read in a variant description, what was mended, and what nobody checked."""

from __future__ import annotations

from harmony.notation.hgvs.model import Reading, Variant
from harmony.notation.hgvs.read import read_variant

#: What only a reference sequence could tell.
UNCHECKED = {
    "transcript": "which transcript the numbers count on: no reference sequence is written",
    "version": "which version of the reference sequence is meant: no version is written",
    "position": "whether the sequence is that long",
    "reference_allele": "whether the named base or residue stands at that place",
    "most_3prime": "whether the change is written at its most 3' place",
    "protein_of_coding": "whether the DNA change leads to that protein",
    "inserted_sequence": "where the duplicated stretch begins and ends",
    "breakpoints": "where the two genes are joined",
}
#: What was mended or is in doubt, one sentence each.
PROBLEMS = {
    "one_letter": "One-letter residues were written out in three letters.",
    "case_of_level": "The letter before the point was written in another case.",
    "case_of_bases": "Bases were written in another case.",
    "case_of_residues": "Residues were written in another case.",
    "x_as_stop": "X was taken as the old sign of a stop; today X is any residue.",
    "stop_as_word": "A stop was written as a word.",
    "bases_repeated": "Bases or residues after del or dup are left out today.",
    "length_repeated": "A length after del or dup is left out today.",
    "length_disagrees": "The number of bases written does not fit the positions.",
    "arrow": "An arrow was taken as the sign of a substitution.",
    "level_missing_protein": "The p. was missing.",
    "level_missing_coding": "The level was missing; c. (g. on a chromosome) was supposed.",
    "point_missing": "The point after c was missing.",
    "dna_or_protein": "The letters may be bases or residues; residues were supposed.",
    "old_word": "indel is written delins today.",
    "old_order": "The old order base, position, base was turned round.",
    "same_residue": "A residue replaced by itself is written with the sign =.",
    "several_bases_as_substitution": "Several replaced bases are a deletion with insertion.",
    "substitution_as_delins": "One base replaced by one is a substitution.",
    "conversion": "Conversions are written as delins today.",
    "range_mended": "Several bases at one position were given their end position.",
    "range_missing": "Several bases at one position: the end position cannot be counted here.",
    "inserted_length": "A number of unknown bases is written N[12], of residues Xaa[12].",
    "inserted_missing": "What was inserted is not written.",
    "insertion_place": "An insertion needs the two positions it lies between.",
    "insertion_not_between_neighbours": "The two positions of an insertion are not neighbours.",
    "extension_residue": "An extension at the start names no new residue.",
    "stop_word_missing": "Before the number of residues up to the new stop, Ter was missing.",
    "stop_distance_missing": "How far the new stop lies is not written.",
    "ivs": "IVS counts introns; without the transcript the position cannot be written in the modern form.",
    "agreed_name": "An agreed name was replaced by the change it stands for; the sequence was not seen.",
    "symbol_previous": "The gene's former symbol was replaced by the current one.",
    "symbol_alias": "Another name of the gene was replaced by its symbol.",
    "symbol_case": "The symbol was written in another case.",
    "symbol_hyphen": "The symbol was written with a hyphen.",
    "symbol_ambiguous": "The gene's name is or was used for several genes.",
    "gene_not_in_table": "The gene is not in our table and was kept as written.",
    "gene_missing": "No gene is named.",
    "look_alike_letters": "Cyrillic or Greek letters stood in place of Latin ones.",
    "typographic_minus": "A typographic dash stood in place of a minus.",
    "typographic_arrow": "A typographic arrow stood in place of >.",
    "typographic_sign": "Typographic signs stood in place of plain ones.",
    "control_characters": "Control or invisible characters were removed.",
    "spaces_inside": "Blanks inside the description were removed.",
    "bracket_not_closed": "A bracket is not closed.",
    "parentheses_outside": "Parentheses stand around the whole protein form, not around the change alone.",
    "allele_of_several": "The change is one of several in a bracket.",
    "allelic_ratio_not_vaf": "An allelic ratio is no allele fraction and was not read.",
    "vaf_unit_unclear": "The allele fraction has no unit: it may be per cent or not, and was not read.",
    "vaf_unreadable": "The allele fraction is not a possible number.",
    "two_vafs": "Two allele fractions stand at one variant; the first was kept.",
    "genomic_form_also": "A genomic form stands beside the coding one.",
    "levels_disagree": "The DNA change and the protein change lie at different codons.",
    "only_this_change_looked_for": "Only this change was denied, not every change of the gene.",
    "only_part_looked_for": "Only a part of the gene was looked at, not the whole gene.",
    "protein_on_transcript": "The protein form stands on the accession of a transcript.",
    "negation_scope": "It is not clear how many of the named changes the negative word denies.",
    "negation_not_read": "A negative word could not be joined to what it denies.",
    "doubtful": "The report itself doubts the finding.",
    "says_both": "The cell says two things that exclude each other.",
    "word_of_two_meanings": "The sign or abbreviation can mean not tested as well as not found.",
    "version_missing": "The reference sequence has no version.",
    "words_not_read": "Some words were not understood.",
    "one_cell_several": "The cell holds several statements.",
    "too_long": "The cell is longer than any report; it was not read.",
    "karyotype": "This is a karyotype or an array result, not a variant.",
    "ighv_status": "This is the mutation status of IGHV, which is no variant of a gene.",
}
CONSEQUENCES = {
    "missense": "one residue is replaced by another",
    "nonsense": "the protein stops early",
    "frameshift": "the reading frame shifts",
    "inframe_deletion": "residues are lost, the frame is kept",
    "inframe_insertion": "residues are added, the frame is kept",
    "inframe_duplication": "residues are doubled, the frame is kept",
    "inframe_delins": "residues are replaced by others, the frame is kept",
    "synonymous": "the protein stays the same",
    "start_lost": "the start of the protein is lost",
    "stop_lost": "the stop is lost and the protein goes on",
    "extension": "the protein begins earlier",
    "no_protein": "no protein is made",
    "splice_site": "a splice site next to an exon is hit",
    "non_coding": "the change lies outside the coding sequence",
}
RESULTS = {
    "wild_type": "looked for and not found",
    "not_tested": "not tested",
    "failed": "tested without a usable result",
    "unknown": "not known, or not clear from these words",
    "empty": "The cell is empty.",
    "no_change": "as in the reference sequence",
}
KINDS = {"itd": "an internal tandem duplication", "ptd": "a partial tandem duplication", "fusion": "a fusion"}
SOURCES = {"protein": "by the protein form", "coding": "by the DNA form", "": ""}


def explain(text: str, vaf_unit: str | None = None) -> str:
    """
    Say in plain sentences what one cell says and how sure that is.

    Parameters
    ----------
    text : str
        Anything.
    vaf_unit : fraction, percent or None
        What an allele fraction without a `%` sign is.

    Returns
    -------
    str
        Several lines.

    Raises
    ------
    UsageError
        When the unit is not known.
    """
    reading = read_variant(text, vaf_unit)
    lines = [_opening(reading)]
    for number, variant in enumerate(reading.variants, 1):
        prefix = f"{number}. " if len(reading.variants) > 1 else ""
        lines.append(prefix + _statement(variant))
        lines += [f"   {line}" for line in _details(variant, reading.problems)]
    lines += [f"Note: {PROBLEMS[code]}" for code in reading.problems]
    lines.append(f"Confidence: {reading.confidence}.")
    return "\n".join(lines)


def _opening(reading: Reading) -> str:
    if reading.result == "empty":
        return RESULTS["empty"]
    return {
        "read": "Read.",
        "partly_read": "Read in part.",
        "no_result": "No variant is reported.",
        "not_variant": "This is no variant description.",
        "unreadable": "This could not be read; it is not taken as normal.",
    }[reading.status]


def _statement(variant: Variant) -> str:
    gene = variant.gene or variant.gene_written or "No gene named"
    what = variant.hgvs or variant.looked_for or KINDS.get(variant.kind, "")
    if variant.length is not None and what:
        what += f" of {variant.length} base pairs"
    if variant.result == "variant":
        return f"{gene}: {what or _undescribed(variant)}."
    return f"{gene}: {what + ': ' if what else ''}{RESULTS[variant.result]}."


def _undescribed(variant: Variant) -> str:
    if variant.kind == "unknown":
        return "a variant that is not described further"
    return f"a {variant.kind} that cannot be printed without a guess"


def _details(variant: Variant, said_of_cell: tuple[str, ...]) -> list[str]:
    lines = []
    if variant.gene_note:
        lines.append(f"Gene: {variant.gene_note}.")
    if variant.protein_change and variant.protein_change not in variant.hgvs:
        lines.append(f"Protein: {variant.protein_change}.")
    if variant.predicted is not None and variant.protein_change:
        lines.append(
            "The protein form is deduced from DNA."
            if variant.predicted
            else "The protein form has no parentheses."
        )
    if variant.consequence in CONSEQUENCES:
        source = SOURCES[variant.consequence_from]
        lines.append(f"Consequence ({variant.consequence}, {source}): {CONSEQUENCES[variant.consequence]}.")
    if variant.vaf is not None:
        lines.append(f"Allele fraction {variant.vaf:.4g} (written {variant.vaf_written}).")
    lines += [PROBLEMS[code] for code in variant.problems if code not in said_of_cell]
    if variant.unchecked:
        lines.append("Not checked: " + "; ".join(UNCHECKED[code] for code in variant.unchecked) + ".")
    return lines

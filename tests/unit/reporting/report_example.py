"""A report as the demo makes it: invented numbers in the shape of real ones, every kind of section."""

from __future__ import annotations

import math

from harmony.reporting.document import (
    Attrition,
    AttritionStep,
    Block,
    Cell,
    CharacteristicRow,
    Characteristics,
    ComparedEstimate,
    Comparison,
    Curve,
    CurvePoint,
    Explanation,
    IncidenceFigure,
    Mark,
    ModelTable,
    ModelTerm,
    Note,
    Report,
    SurvivalFigure,
)

STUDY, RESULT, RELEASE = "STU-0a1b2c3d4e5f", "RES-6a7b8c9d0e1f", "REL-112233445566"
HIDDEN = Cell(None, "c")
NOT_RECORDED = Cell(None, "x")


def explanation(mark: Mark, definition: str) -> Explanation:
    return Explanation(
        definition=definition,
        denominator="2,443 patients with acute myeloid leukaemia and NPM1 tested",
        missing="1,071 patients whose NPM1 was not tested; not tested is never read as wild type",
        sources=("hospital-norte", "gruppo-sud", "northern-registry"),
        mark=mark,
        quality_level="B: complete for every variable used",
        release=RELEASE,
        code_version="0.1.0",
        disclosure=("Counts under 10 are hidden.", "Curves are drawn from merged counts, 5 events a step."),
    )


def curve(group: str, patients: int, five_years: float, years: int = 8) -> Curve:
    rate = -math.log(five_years) / math.sqrt(5)
    points = [CurvePoint(0.0, 1.0, 1.0, 1.0, patients)]
    for step in range(1, 4 * years + 1):
        time = step / 4
        estimate = math.exp(-rate * math.sqrt(time))
        half = 0.9 * math.sqrt(estimate * (1 - estimate) / patients) + 0.012 * time / 4
        at_risk = (
            round(patients * estimate * (1 - time / 12)) if step % 4 == 0 and step not in (16, 24) else None
        )
        points.append(
            CurvePoint(time, estimate, max(0.0, estimate - half), min(1.0, estimate + half), at_risk)
        )
    return Curve(group, patients, round(patients * (1 - five_years)), tuple(points))


def incidence(group: str, patients: int, at_five: float) -> Curve:
    points = tuple(
        CurvePoint(
            t / 2,
            at_five * (1 - math.exp(-t / 3)) / (1 - math.exp(-10 / 3)),
            max(0.0, at_five * (1 - math.exp(-t / 3)) - 0.02 * min(t, 2) / 2),
            at_five * (1 - math.exp(-t / 3)) + 0.03 * min(t, 2) / 2,
        )
        for t in range(17)
    )
    return Curve(group, patients, round(patients * at_five), points)


def attrition(mark: Mark) -> Attrition:
    steps = (
        AttritionStep("patients in the release", Cell(8966)),
        AttritionStep("with acute myeloid leukaemia", Cell(3514), Cell(5452), "another disease"),
        AttritionStep("with NPM1 tested", Cell(2443), Cell(1071), "NPM1 not tested"),
        AttritionStep("analysed: 1,396 wild type, 1,047 mutated", Cell(2443), HIDDEN, "no day of diagnosis"),
    )
    return Attrition("Who was studied", steps, explanation(mark, "Each patient leaves at the first step."))


def characteristics(mark: Mark) -> Characteristics:
    rows = (
        CharacteristicRow("Sex", "Female", (Cell(640), Cell(561)), (46.0, 54.0)),
        CharacteristicRow("Sex", "Male", (Cell(756), Cell(486)), (54.0, 46.0)),
        CharacteristicRow("FLT3-ITD", "Present", (Cell(203), Cell(418)), (16.0, 42.0)),
        CharacteristicRow("FLT3-ITD", "Absent", (Cell(1066), Cell(577)), (84.0, 58.0)),
        CharacteristicRow("Prior myelodysplasia", "Yes", (Cell(97), HIDDEN), (7.0, None)),
        CharacteristicRow("Prior myelodysplasia", "No", (Cell(1299), HIDDEN), (93.0, None)),
        CharacteristicRow("Down syndrome", "Yes", (Cell(0), Cell(0)), (0.0, 0.0)),
        CharacteristicRow("Ring sideroblasts", "15% or more", (NOT_RECORDED, NOT_RECORDED), (None, None)),
        CharacteristicRow("Pregnant, of women over 50", "Yes", (Cell(None, "z"), Cell(12)), (None, None)),
    )
    missing = {
        "Sex": (Cell(0), Cell(0)),
        "FLT3-ITD": (Cell(127), Cell(52)),
        "Prior myelodysplasia": (Cell(0), HIDDEN),
        "Ring sideroblasts": (Cell(1396), Cell(1047)),
    }
    sizes = (Cell(1396), Cell(1047))
    return Characteristics(
        "Patients at diagnosis", ("NPM1 wild type", "NPM1 mutated"), sizes, rows, missing,
        explanation(mark, "Value nearest to the day of diagnosis, within 30 days."),
    )  # fmt: skip


def survival(mark: Mark, groups: int = 2) -> SurvivalFigure:
    names = (
        "NPM1 mutated",
        "NPM1 wild type",
        "FLT3-ITD",
        "TP53 mutated",
        "RUNX1",
        "ASXL1",
        "CEBPA",
        "IDH2",
        "KIT",
    )
    shares = (0.51, 0.38, 0.30, 0.12, 0.27, 0.25, 0.63, 0.44, 0.4)
    curves = tuple(curve(n, 1047 + 100 * i, s) for i, (n, s) in enumerate(zip(names, shares, strict=True)))
    return SurvivalFigure(
        title="Patients alive after diagnosis, by NPM1",
        time_zero="diagnosis",
        endpoint="Alive",
        curves=curves[:groups],
        withheld=("NPM1 not tested: fewer than 5 deaths in a step.",),
        tests="Log-rank test over all groups: p < 0.001.",
        alt="Of patients with mutated NPM1 51% are alive at five years, of those without 38%.",
        explanation=explanation(mark, "Overall survival from diagnosis (Kaplan-Meier)."),
    )


def causes(mark: Mark) -> IncidenceFigure:
    panels = {
        "Relapse": (incidence("NPM1 mutated", 1047, 0.33), incidence("NPM1 wild type", 1396, 0.41)),
        "Death without relapse": (
            incidence("NPM1 mutated", 1047, 0.16),
            incidence("NPM1 wild type", 1396, 0.19),
        ),
    }
    return IncidenceFigure(
        "Cumulative incidence, by cause", "remission", panels, (),
        "Relapse is less frequent with mutated NPM1: 33% against 41% at five years.",
        explanation(mark, "Aalen-Johansen estimate; each cause competes with the other."),
    )  # fmt: skip


def model(mark: Mark) -> ModelTable:
    terms = (
        ModelTerm("NPM1", "Wild type", Cell(1396), Cell(816)),
        ModelTerm("NPM1", "Mutated", Cell(1047), Cell(505), 0.71, 0.63, 0.80, 0.0000004),
        ModelTerm("FLT3-ITD", "Absent", Cell(1643), Cell(852)),
        ModelTerm("FLT3-ITD", "Present", Cell(621), Cell(371), 1.38, 1.21, 1.57, 0.0021),
        ModelTerm("Age", "per 10 years", Cell(2443), Cell(1321), 1.32, 1.27, 1.38, 0.000001),
        ModelTerm("Prior myelodysplasia", "No", HIDDEN, HIDDEN),
        ModelTerm("Prior myelodysplasia", "Yes", HIDDEN, HIDDEN, 1.13, 0.96, 1.34, 0.15),
    )
    return ModelTable(
        "Hazard ratio of death, all factors in one model", "death", terms, Cell(2443), Cell(1321),
        ("Proportional hazards not contradicted (p = 0.20).", "264 events per parameter."),
        explanation(mark, "Cox model, Efron ties, stratified by source."),
    )  # fmt: skip


def comparison(mark: Mark) -> Comparison:
    rows = (
        ComparedEstimate("Alive at 5 years", "%", 44.2, 44.0, 41.9, 46.1, 43.8, 41.6, 46.0, "agrees"),
        ComparedEstimate("Hazard ratio, NPM1 mutated", "", 0.70, 0.71, 0.63, 0.80, 0.72, 0.64, 0.81,
                         "agrees"),
        ComparedEstimate("Hazard ratio, TP53 mutated", "", 2.6, 1.9, 1.4, 2.5, None, None, None, "differs",
                         "The policy merges rare findings, so that the effect is diluted."),
    )  # fmt: skip
    return Comparison(
        "What de-identification costs", ("Planted", "Before the gate", "After the gate"), rows,
        explanation(mark, "The same analysis on both sides of the anonymity gate."),
    )  # fmt: skip


def sections(mark: Mark) -> tuple:
    note = Note("Event-free survival is not shown", "The source has no day of relapse for most patients.")
    return (
        attrition(mark), characteristics(mark), survival(mark), causes(mark), model(mark), comparison(mark),
        note,
    )  # fmt: skip


def report() -> Report:
    public = Block(
        "public", "Published tables", "Two openly published tables of patients with leukaemia.",
        (survival("public", groups=4), Note("No model", "The publishers left age out.")),
    )  # fmt: skip
    synthetic = Block(
        "synthetic", "Synthetic cohort", "Made with planted effects, so that it is known what must be found.",
        sections("synthetic"),
    )  # fmt: skip
    return Report(
        study=STUDY,
        result=RESULT,
        title="NPM1 mutation and survival in acute myeloid leukaemia",
        question="Do adults with acute myeloid leukaemia and a mutated NPM1 gene live longer?",
        lay_summary="A change in one gene of the leukaemia cells goes along with a longer life. The patients "
        "in this example were made by a computer, so it says nothing about real people.",
        answer="Patients with mutated NPM1 died less often: after five years 51% were alive, against 38%. "
        "The groups were not formed by chance, so this does not show what the mutation causes.",
        headline=(
            ("Alive at 5 years, NPM1 mutated", "51% (95% CI 48% to 54%)"),
            ("Alive at 5 years, NPM1 wild type", "38% (95% CI 35% to 41%)"),
            ("Hazard ratio of death, mutated against wild type", "0.71 (95% CI 0.63 to 0.80)"),
        ),
        blocks=(public, synthetic),
        limits=("Treatment is not in the model.", "NPM1 was not tested in 30% of patients."),
        provenance=(
            ("Release", f"{RELEASE}, 20 November 2026"),
            ("Fingerprint", "sha256:7c41 9f0e d2b8 55aa"),
            ("Separation level", "S0: one account; shows formats and refusals, proves no secrecy"),
            ("Computed", "24 November 2026, 09:12 UTC, code 0.1.0, seed 20261124"),
            ("Cite as", f"HARMONY platform, study {STUDY}, result {RESULT}"),
        ),
        headline_counted=(
            explanation("synthetic", "Share alive 5 years after diagnosis (Kaplan-Meier), NPM1 mutated."),
            explanation("synthetic", "Share alive 5 years after diagnosis (Kaplan-Meier), NPM1 wild type."),
            explanation("synthetic", "Cox model with age and FLT3-ITD, stratified by source."),
        ),
        banner="Demonstration. Synthetic patients and published teaching data; not for clinical use.",
    )

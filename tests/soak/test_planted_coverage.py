"""How often twenty cohorts of 2,000 find the planted effects, and how often 95 % intervals hold them."""

from __future__ import annotations

from functools import cache

import pytest

from harmony.simulation.cohort import simulate
from harmony.simulation.effects import PlantedEffect, estimate, holds_together, planted_effects
from harmony.simulation.observation import observe
from harmony.simulation.truth import known_columns, truth_columns

SEEDS = range(20)
SIZE = 2000
EFFECTS = planted_effects()
#: Half the width of a 95 % interval in standard errors.
INTERVAL = 1.959964

#: One list a cohort, with one distance an effect in it.
Distances = list[list[float]]


@cache
def _distances(provider: str | None) -> tuple[Distances, Distances]:
    """Return one list of distances a cohort: with the truth known, and among the tested only."""
    true, tested = [], []
    for seed in SEEDS:
        cohort = simulate(SIZE, seed, provider).exported_by("P02")
        known = known_columns(cohort, observe(cohort, seed))
        true.append([effect.distance(*estimate(effect, truth_columns(cohort))) for effect in EFFECTS])
        tested.append([effect.distance(*estimate(effect, known)) for effect in EFFECTS])
    return true, tested


def _line(effect: PlantedEffect, distances: list[float]) -> str:
    passed, covered = (sum(abs(d) < limit for d in distances) for limit in (3, INTERVAL))
    size = len(distances)
    mean = sum(distances) / size
    return f"| {effect.id} | {effect.value:g} | {passed}/{size} | {covered}/{size} | {mean:+.2f} |"


def _table(title: str, cohorts: Distances) -> str:
    together = sum(holds_together(distances) for distances in cohorts)
    lines = [
        f"Synthetic data: {len(SEEDS)} cohorts of {SIZE} patients, {title}",
        "",
        "| effect | planted | passed | 95 % interval holds it | mean distance |",
        "|---|---|---|---|---|",
        *(
            _line(effect, list(part))
            for effect, part in zip(EFFECTS, zip(*cohorts, strict=True), strict=True)
        ),
        "",
        f"Cohorts whose five effects hold together (all within 3, none beyond 2): {together}/{len(cohorts)}.",
    ]
    return "\n".join(lines)


@pytest.mark.soak
@pytest.mark.parametrize("known", ["truth", "tested"])
@pytest.mark.parametrize(("provider", "lowest"), [(None, 0.90), ("P02", 0.75)], ids=["mix", "P02"])
def test_planted_effects_are_covered(provider, lowest, known, capsys):
    cohorts = _distances(provider)[known == "tested"]
    drawn = "drawn from all centres" if provider is None else f"drawn at the centre of {provider} alone"
    counted = "everything known" if known == "truth" else "tested patients only"
    with capsys.disabled():
        print("\n" + _table(f"{drawn}, {counted}", cohorts))
    found = [distance for distances in cohorts for distance in distances]
    assert sum(abs(distance) < 3 for distance in found) / len(found) >= 0.97
    assert sum(abs(distance) < INTERVAL for distance in found) / len(found) >= lowest
    if provider is None:
        # Were the five independent and unbiased, 0.79 of cohorts would; fewer than half means a bias.
        assert sum(map(holds_together, cohorts)) >= len(cohorts) / 2

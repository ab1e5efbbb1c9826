"""How often twenty cohorts of 2,000 find the planted effects, and how often 95 % intervals hold them."""

from __future__ import annotations

import pytest

from harmony.simulation.cohort import simulate
from harmony.simulation.effects import PlantedEffect, estimate, passes, planted_effects
from harmony.simulation.truth import truth_columns

SEEDS = range(20)
SIZE = 2000


def _distances(provider: str | None) -> dict[str, list[tuple[float, bool]]]:
    found: dict[str, list[tuple[float, bool]]] = {effect.id: [] for effect in planted_effects()}
    for seed in SEEDS:
        columns = truth_columns(simulate(SIZE, seed, provider))
        for effect in planted_effects():
            result = estimate(effect, columns)
            found[effect.id].append((effect.distance(*result), passes(effect, *result)))
    return found


def _line(effect: PlantedEffect, results: list[tuple[float, bool]]) -> str:
    passed = sum(ok for _, ok in results)
    covered = sum(abs(distance) < 1.959964 for distance, _ in results)
    mean = sum(distance for distance, _ in results) / len(results)
    shares = f"{passed}/{len(results)} | {covered}/{len(results)}"
    return f"| {effect.id} | {effect.value:g} | {shares} | {mean:+.2f} |"


@pytest.mark.soak
@pytest.mark.parametrize(("provider", "lowest"), [(None, 0.90), ("P02", 0.75)])
def test_planted_effects_are_covered(provider, lowest, capsys):
    found = _distances(provider)
    title = "all providers" if provider is None else f"provider {provider} alone"
    lines = [
        f"Synthetic data: {len(SEEDS)} cohorts of {SIZE} patients, {title}",
        "",
        "| effect | planted | passed | 95 % interval holds it | mean distance |",
        "|---|---|---|---|---|",
        *(_line(effect, found[effect.id]) for effect in planted_effects()),
    ]
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    results = [result for part in found.values() for result in part]
    assert sum(ok for _, ok in results) / len(results) >= 0.97
    assert sum(abs(distance) < 1.959964 for distance, _ in results) / len(results) >= lowest

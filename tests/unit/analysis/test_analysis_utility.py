"""The gate's estimates carry the counts behind them, and a share has only the assessed in its denominator."""

import numpy as np
import pyarrow as pa

from harmony.analysis.utility import estimates

SHARE = "Share with complete remission, of those assessed"


def release(responses):
    """Forty patients, half of them dead, one response each in turn of the given ones."""
    people = [f"p{i}" for i in range(40)]
    days = [float(100 + 40 * i) for i in range(40)]
    patient = {
        "person": people,
        "vital_status": ["dead" if i % 2 else "alive" for i in range(40)],
        "death_day": [d if i % 2 else None for i, d in enumerate(days)],
        "last_contact_day": days,
        "age_at_diagnosis": [float(30 + 7 * i % 40) for i in range(40)],
    }
    response = {"person": people[: len(responses)], "response": responses}
    return {"patient": pa.table(patient), "response": pa.table(response)}


def test_a_share_counts_undated_remissions_and_not_who_could_not_be_evaluated():
    found = estimates(release(["CR", "CRi", "NR", "NE", None, "not_assessed"]))[SHARE]
    assert found[0] == 2 / 3
    assert found[3:] == (3, 2)


def test_nobody_assessed_gives_no_share():
    assert SHARE not in estimates(release(["NE", None]))


def test_survival_and_ratio_carry_patients_and_events():
    found = estimates(release(["CR"]))
    assert found["Overall survival at 3 years"][3:] == (40, 20)
    assert found["Hazard ratio of death, per 10 years of age"][3:] == (40, 20)
    assert np.isfinite(found["Overall survival at 3 years"][0])

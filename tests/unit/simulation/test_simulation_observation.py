"""What the provider's records know: tests by year and panel, never by result; nothing wrong."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pytest

from harmony.errors import UsageError
from harmony.simulation.cohort import simulate
from harmony.simulation.observation import gene_coverage, observe

SIZE = 20_000


@pytest.fixture(scope="module")
def cohort():
    return simulate(SIZE, 11)


@pytest.fixture(scope="module")
def observed(cohort):
    return observe(cohort, 4)


def _column(tables, table, field):
    return np.array(tables[table].column(field).to_pylist(), dtype=object)


def test_the_same_seed_observes_the_same(cohort, observed):
    again = observe(cohort, 4)
    assert all(table.equals(again[name]) for name, table in observed.items())
    assert not observe(cohort, 5)["biochemistry"].equals(observed["biochemistry"])


def test_panels_come_with_their_years(cohort):
    tested, year = gene_coverage(cohort, 4), cohort.columns["year"]
    assert not tested["TP53"][year < 2017].any()
    assert abs(tested["TP53"][year >= 2017].mean() - 0.78) < 0.02
    assert not tested["IDH1"][year < 2010].any()
    assert abs(tested["IDH1"][year >= 2010].mean() - 0.78) < 0.02
    # 97 % by assays of their own, and the others when sequencing was done.
    assert abs(tested["NPM1"].mean() - (0.97 + 0.03 * 0.78)) < 0.005
    assert not tested["RAD21"].any()


def test_whether_a_gene_was_tested_does_not_depend_on_its_result(cohort):
    columns, tested = cohort.columns, gene_coverage(cohort, 4)
    recent = columns["year"] >= 2017
    share = [tested["TP53"][recent & (columns["TP53"] == value)].mean() for value in (True, False)]
    assert abs(share[0] - share[1]) < 0.05


def test_ungene_coverage_are_not_tested_and_tested_ones_keep_their_truth(cohort, observed):
    truth = {row["patient_id"]: row for row in cohort.tables()["gene_test"].to_pylist()}
    rows = observed["gene_test"].to_pylist()
    for field in ("tp53_status", "npm1_status", "asxl1_status"):
        assert all(row[field] in ("not_tested", truth[row["patient_id"]][field]) for row in rows)
    assert {row["rad21_status"] for row in rows} == {"not_tested"}


def test_patients_without_any_gene_test_have_no_row(observed):
    assert 0 < SIZE - observed["gene_test"].num_rows < 0.02 * SIZE


def test_a_culture_not_made_or_failed_assesses_no_lesion(observed):
    table = observed["cytogenetics"]
    result = _column(observed, "cytogenetics", "karyotype_result")
    assert abs((result == "not_done").mean() - 0.05) < 0.01
    unknown = np.isin(result, ["not_done", "failed"])
    for field in ("minus7", "complex_karyotype", "runx1_runx1t1"):
        lesion = np.array(table.column(field).to_pylist())
        assert (lesion[unknown] == "not_assessed").all()
        assert np.isin(lesion[~unknown], ["present", "absent"]).all()


def test_an_entity_is_on_record_only_where_it_was_looked_for(cohort, observed):
    tested, columns = gene_coverage(cohort, 4), cohort.columns
    entity = _column(observed, "diagnosis", "aml_entity")
    assert not (entity[~tested["NPM1"]] == "aml_npm1").any()
    unseen = columns["e:npm1"] & ~tested["NPM1"]
    assert unseen.any() and (entity[unseen] == "aml_nos").all()
    assert (entity[columns["e:npm1"] & tested["NPM1"]] == "aml_npm1").all()


def test_risk_is_right_where_it_is_assessable_and_none_for_promyelocytic_leukaemia(cohort, observed):
    group = _column(observed, "diagnosis", "eln2022_risk")
    known = group != "not_assessable"
    true = np.array(["favourable", "intermediate", "adverse"])[cohort.columns["eln2022"]]
    assert (group[known] == true[known]).all()
    assert 0.4 < known.mean() < 0.7
    assert not known[cohort.columns["e:pml"]].any()


def test_laboratory_cells_are_missing_at_the_declared_rate_and_more_in_the_old(cohort, observed):
    missing = np.array([value is None for value in observed["biochemistry"].column("wbc").to_pylist()])
    age, year = cohort.columns["age"], cohort.columns["year"]
    assert abs(missing[(age <= 75) & (year >= 2008)].mean() - 0.08) < 0.01
    assert missing[age > 75].mean() > missing[age <= 75].mean() + 0.01


def test_residual_disease_was_sampled_in_the_declared_shares(cohort, observed):
    counts = {}
    for name, tables in (("true", cohort.tables()), ("seen", observed)):
        method = tables["mrd"].column("method")
        counts[name] = {m: pc.sum(pc.equal(method, m)).as_py() for m in ("mfc", "rtqpcr_fusion")}
    assert counts["seen"]["mfc"] / counts["true"]["mfc"] == pytest.approx(0.55, abs=0.02)
    assert counts["seen"]["rtqpcr_fusion"] / counts["true"]["rtqpcr_fusion"] == pytest.approx(0.40, abs=0.02)


def test_the_course_is_observed_whole(cohort, observed):
    true = cohort.tables()
    for name in ("patient", "treatment", "transplant", "response", "follow_up"):
        assert observed[name].equals(true[name]), name


@pytest.mark.parametrize("provider", [None, "P03"])
def test_a_cohort_without_one_described_provider_is_refused(provider):
    with pytest.raises(UsageError, match="described provider"):
        observe(simulate(50, 1, provider), 1)

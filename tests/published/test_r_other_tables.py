"""
Other tables and options against R 4.2.2: survival 3.5-3, cmprsk 2.2-11.

The numbers are in tests/data/reference/other_tables.csv. Columns go in as users have them: pandas, Arrow,
dictionaries, categories, numbers with decimals, times in years. `crr` was run with gtol=1e-10, so that its
own early stop plays no part.
"""

import pytest
import r_other_tables as tables
import r_reference
from r_other_answers import (
    STATE,
    gray,
    hazard,
    incidence,
    log_rank,
    means,
    prediction,
    proportionality,
    regression,
    subdistribution,
    survival,
)
from r_reference import Case, check
from r_survfit import wrong

FILE = "other_tables.csv"


def lazy(make):
    """Answers that load their table when they are asked, not when the module is collected."""
    return lambda rows: make()(rows)


def case(function, analysis, numbers, make):
    return Case(function, FILE, analysis, numbers, lazy(make))


CASES = [
    case("kaplan_meier", "km_hodg_log-log", 192, lambda: survival(*tables.hodg(), conf_type="log-log")),
    case("kaplan_meier", "km_leuk_log", 106, lambda: survival(*tables.leuk())),
    case("nelson_aalen", "km_leuk_log", 24, lambda: hazard(*tables.leuk())),
    case("kaplan_meier", "km_cmv_months", 86, lambda: survival(*tables.cmv())),
    case("kaplan_meier", "km_mgus1_cluster", 58, lambda: tables.of_mgus1(survival)),
    case("nelson_aalen", "km_mgus1_cluster", 12, lambda: tables.of_mgus1(hazard)),
    case("kaplan_meier", "km_chop", 48, lambda: survival(*tables.chop(), conf_type="plain", conf_level=0.99)),
    case("nelson_aalen", "km_chop", 10, lambda: hazard(*tables.chop())),
    case("kaplan_meier", "km_fractions_bmt", 114, lambda: tables.weighted_bmt(survival)),
    case("nelson_aalen", "km_fractions_bmt", 18, lambda: tables.weighted_bmt(hazard)),
    case("logrank", "lr_gehan_pair_rho0", 11, tables.pairs),
    case("logrank", "lr_trend_ebmt1", 3, tables.trend),
    case("logrank", "lr_ebmt4_rho1", 15, tables.two_strata),
    case("logrank", "lr_flchain_years_rho1", 11, tables.in_years),
    case("logrank", "lr_leuk_rho0.3", 11, lambda: log_rank(*tables.leuk(), rho=0.3)),
    case("cox", "cox_mgus", 41, lambda: regression(*tables.mgus())),
    case("cox_zph", "cox_mgus", 84, lambda: proportionality(*tables.mgus())),
    case("predict", "cox_mgus", 52, lambda: prediction(tables.MGUS, *tables.mgus())),
    case("cox", "cox_Leukemia", 41, lambda: regression(*tables.aml())),
    case("cox_zph", "cox_Leukemia", 42, lambda: proportionality(*tables.aml())),
    case("predict", "cox_Leukemia", 48, lambda: prediction(tables.AML, *tables.aml())),
    case("cox", "cox_myeloma", 16, lambda: tables.of_myeloma(regression)),
    case("cox_zph", "cox_myeloma", 24, lambda: tables.of_myeloma(proportionality)),
    case("predict", "cox_myeloma", 52,
         lambda: tables.of_myeloma(lambda *a, **o: prediction({"year": [50, 90]}, *a, **o))),
    case("cox", "cox_flchain_sampleyr", 21, lambda: tables.by_age(regression)),
    case("cox_zph", "cox_flchain_sampleyr", 27, lambda: tables.by_age(proportionality)),
    case("cox", "cox_mgus1_tdc", 30, lambda: tables.mgus1_change(regression)),
    case("cox_zph", "cox_mgus1_tdc", 48, lambda: tables.mgus1_change(proportionality)),
    case("cox", "cox_drug6mp_exact", 21,
         lambda: regression(*tables.childhood(), ties="exact", reference={"remstat": 1.0})),
    case("cox_zph", "cox_drug6mp_exact", 18,
         lambda: proportionality(*tables.childhood(), ties="exact", reference={"remstat": 1.0})),
    case("cox", "cox_bmt_few_clusters", 42,
         lambda: regression(*tables.hospitals(), cluster=tables.bmt()["z9"], reference={"group": 1})),
    case("cox", "cox_bmt_weights_cluster", 24, tables.weighted_hospitals),
    case("cox", "cox_LeukSurv_cluster", 30, lambda: tables.districts(regression)),
    case("cox_zph", "cox_LeukSurv_cluster", 48, lambda: tables.districts(proportionality)),
    case("cox", "cox_ebmt4_cluster", 36, lambda: tables.blocks(regression)),
    case("cox_zph", "cox_ebmt4_cluster", 24, lambda: tables.blocks(proportionality)),
    case("cox", "cox_ebmt1_ridge", 6,
         lambda: tables.ebmt1("srv", "srvstat", names=("age", "score"), penalty={"age": 50})),
    case("cox", "cox_ebmt1_offset", 21,
         lambda: tables.ebmt1("rel", "relstat", names=("score",), offset=0.01 * tables.ebmt(1)["age"])),
    case("cox", "tdc_bmt_agvhd", 41, lambda: tables.changed(regression)),
    case("cox_zph", "tdc_bmt_agvhd", 18, lambda: tables.changed(proportionality)),
    Case("split_follow_up", FILE, "tdc_bmt_agvhd", 4, tables.split),
    *(case("concordance", f"conc_uno_{name}", 5, lambda name=name: tables.uno(name))
      for name in ("tau", "strata")),
    *(case("concordance", f"conc_{name}", 5, lambda name=name: tables.harrell(name))
      for name in ("weights", "tau", "cluster", "strata2")),
    case("cumulative_incidence", "ci_follic", 112, lambda: tables.of_follic(incidence)),
    case("cumulative_incidence", "ci_cgvhd_extent_rho1", 24, lambda: incidence(*tables.cgvhd("extent"))),
    case("cumulative_incidence", "ps_cgvhd_loglog", 160,
         lambda: incidence(*tables.cgvhd("dx"), "log-log", 0.9, columns=STATE, variance="jackknife")),
    case("gray_test", "ci_cgvhd_extent_rho1", 9, lambda: gray(*tables.cgvhd("extent"), rho=1)),
    case("gray_test", "ci_follic", 6, lambda: tables.of_follic(gray)),
    case("gray_test", "gray_ebmt4_strata", 6, lambda: gray(
        *tables.ebmt4()[1:], tables.ebmt4()[0]["agecl"], strata={"proph": tables.ebmt4()[0]["proph"]})),
    *(case("fine_gray", f"crr_ebmt1_cengroup_{cause}", 21, lambda cause=cause: tables.by_score(cause))
      for cause in (1, 2)),
    case("fine_gray", "crr_follic_2", 27, lambda: subdistribution(
        *tables.follic()[1], tables.follic()[0][["num_age", "num_hgb", "fac_clinstg", "fac_ch"]], cause=2)),
    case("fine_gray", "finegray_strata_1", 20, tables.by_year),
    case("fine_gray", "finegray_cgvhd_1", 26, lambda: subdistribution(
        *tables.cgvhd(["dx", "tx", "extent", "age"]), variant="finegray")),
    case("restricted_mean", "rmst_alloauto", 72, lambda: means(
        *(r_reference.table("KMsurv", "alloauto")[name] for name in ("time", "delta", "type")))),
    case("restricted_mean", "rmst_leuk", 72, lambda: means(*tables.leuk())),
    case("restricted_mean", "rmst_entry", 2, lambda: tables.late_entry(means)),
    Case("multistate", FILE, "ms_prothr", 48, tables.prothrombin),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_number_of_another_table_or_option_is_met(case):
    check(case)


def test_the_cases_cover_every_row_of_the_file():
    with (r_reference.FOLDER / FILE).open(newline="") as source:
        assert sum(case.numbers for case in CASES) == len(source.readlines()) - 1


def test_another_grouping_of_the_censoring_is_noticed():
    found = wrong(case("fine_gray", "crr_ebmt1_cengroup_1", 21, lambda: tables.by_score(1, cengroup=None)))
    assert len(found) > 10

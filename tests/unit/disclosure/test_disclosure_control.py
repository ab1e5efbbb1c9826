from dataclasses import dataclass, fields, replace
from typing import get_args

import pytest
import yaml
from disclosure_examples import EXPLANATION, POLICY, survival, survival_group

from harmony.disclosure import policy as policies
from harmony.disclosure.control import CHECKERS, make_safe
from harmony.disclosure.decision import ratio, rounded_count, significant
from harmony.disclosure.policy import Thresholds, load_policy
from harmony.disclosure.results import RawComparison, RawEstimate, RawResult
from harmony.disclosure.text import check_text, small_counts
from harmony.errors import DisclosureRefused, LayoutRefused


@dataclass(frozen=True)
class Scatter:
    title: str = "Age and blasts"


def test_every_raw_result_has_a_checker():
    assert set(CHECKERS) == set(get_args(RawResult))


def test_a_type_without_checker_does_not_leave():
    with pytest.raises(DisclosureRefused) as refused:
        make_safe(Scatter(), POLICY)
    assert refused.value.exit_code == 41 and "Scatter" in refused.value.what


def test_a_small_count_in_an_explanation_goes_to_a_person():
    raw = survival(survival_group("A", 150, 1))
    assert make_safe(raw, POLICY).to_person == ()
    told = replace(raw, explanation=replace(EXPLANATION, missing="3 patients had no date"))
    assert len(make_safe(told, POLICY).to_person) == 1


def test_estimates_on_few_are_hidden_and_others_rounded():
    rows = (
        RawEstimate("Age", "hazard ratio", 200, 80, 1.23456, 1.2004, 1.1, 1.3, verdict="same"),
        RawEstimate("Fusion", "hazard ratio", 9, 5, 3.0, 3.1),
        RawEstimate("Fusion", "hazard ratio", 60, 4, 3.0, 3.1),
        RawEstimate("Mean age", "years", 60, None, 61.34, 61.3),
    )
    raw = RawComparison("Before and after", ("before", "after"), rows, EXPLANATION)
    found = make_safe(raw, POLICY).safe.rows
    assert [(one.first, one.second) for one in found] == [
        (1.23, 1.2),
        (None, None),
        (None, None),
        (61.3, 61.3),
    ]
    assert found[0].verdict == "same"


@pytest.mark.parametrize(("count", "base", "shown"), [(12, 5, 10), (13, 5, 15), (0, 5, 0), (13, 0, 13)])
def test_counts_are_rounded_to_the_base(count, base, shown):
    assert rounded_count(count, base) == shown


def test_ratios_and_digits():
    assert [ratio(x) for x in (1.2345, 0.01234, float("inf"), None)] == [1.23, 0.012, None, None]
    assert [significant(x, 2) for x in (0.012345, 123.0, float("nan"))] == [0.012, 120.0, None]


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("Half of the 420 patients lived 3.2 years.", 0),
        ("Of 1,204 patients 61.3 % were women.", 0),
        ("Of 421 patients 61.3 % were women.", 1),
        ("Two patients had a second transplant.", 1),
        ("A single patient, a 34-year-old woman.", 3),
        ("Only 4 young women relapsed.", 2),
        ("The AML17 trial found the same.", 0),
    ],
)
def test_text_findings(text, findings):
    assert len(check_text(text, {420, 3.2, 1204, 61.3}, 10)) == findings


def test_a_finding_never_repeats_what_it_found():
    found = check_text("A 34-year-old woman; 7 patients in Ulm.", set(), 10)
    assert found and not any("34" in one or "Ulm" in one for one in found)


def test_small_counts_need_people():
    assert small_counts("5 events per interval", 10) == ()
    assert len(small_counts("5 older patients", 10)) == 1


def test_packaged_policies_have_the_agreed_values():
    public = load_policy("public")
    assert (POLICY.least_cell, POLICY.least_events, POLICY.grid_days) == (10, 5, 30.4375)
    assert (public.least_cell, public.least_events, public.grid_days) == (11, 10, 91.3125)
    assert (POLICY.least_events_per_parameter, POLICY.person_events_per_parameter) == (10, 5)
    assert (POLICY.least_residual_df, POLICY.least_level_patients, POLICY.least_level_events) == (10, 10, 5)
    assert (public.rounding_base, public.zeros_are_small, public.risk_table) == (5, True, False)
    assert len(POLICY.definition.sha256) == 64 and POLICY.definition.id == "output-release"


@pytest.mark.parametrize("name", policies.POLICIES)
def test_every_threshold_has_a_reason_and_a_source(name):
    policy = load_policy(name)
    assert {one for one, _, _ in policy.reasons} == {one.name for one in fields(Thresholds)}
    assert all(why.endswith(".") and source for _, why, source in policy.reasons)


def own_policy(folder, **changes):
    from importlib import resources

    text = resources.files("harmony.disclosure").joinpath("policies/output_release.yaml").read_text()
    content = yaml.safe_load(text)
    for name, value in changes.items():
        content["thresholds"].setdefault(name, {"why": "Ours.", "source": "us"})["value"] = value
    (folder / "output_release.yaml").write_text(yaml.safe_dump(content))
    return load_policy("output_release", folder)


def test_a_network_may_be_stricter(tmp_path):
    policy = own_policy(tmp_path, least_cell=20, largest_coefficient=5)
    assert (policy.least_cell, policy.loosened) == (20, ())


def test_a_looser_policy_sends_every_result_to_a_person(tmp_path):
    policy = own_policy(tmp_path, least_cell=5, largest_coefficient=20, zeros_are_small=True)
    assert policy.loosened == ("least_cell", "largest_coefficient")
    decision = make_safe(survival(survival_group("A", 150, 1)), policy)
    assert any("protects less" in one for one in decision.to_person)


@pytest.mark.parametrize(
    "changes", [{"least_cell": "ten"}, {"least_cell": -1}, {"zeros_are_small": 0}, {"unknown": 3}]
)
def test_a_wrong_policy_is_refused(tmp_path, changes):
    with pytest.raises(LayoutRefused):
        own_policy(tmp_path, **changes)


def test_a_policy_that_does_not_exist_is_refused():
    with pytest.raises(LayoutRefused):
        load_policy("airport")

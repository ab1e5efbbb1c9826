"""What the pictures show: the released numbers, aligned axes, labels beside their curves."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import combinations

import pytest
import report_example as example

from harmony.reporting.document import Curve, CurvePoint
from harmony.reporting.figures.axes import numbers_at_risk, time_axis
from harmony.reporting.figures.draw import draw
from harmony.reporting.figures.forest import ticks_for
from harmony.reporting.figures.incidence import scale_end
from harmony.reporting.figures.labels import LINE_HEIGHT, Frame, place_labels, value_at

SURVIVAL = example.survival("synthetic")
WIDE = ("light", "wide")


@pytest.fixture(scope="module")
def survival_svg():
    return draw(SURVIVAL)[0].svg


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_a_figure_has_four_forms_that_are_valid_svg(survival_svg):
    assert set(survival_svg) == {(s, w) for s in ("light", "dark") for w in ("wide", "narrow")}
    assert all(ET.fromstring(svg).tag.endswith("svg") for svg in survival_svg.values())
    assert "#12171c" in survival_svg["dark", "wide"]
    assert "#12171c" not in survival_svg[WIDE]


def test_equal_figures_give_equal_bytes():
    for make in (example.survival, example.causes, example.model):
        assert draw(make("synthetic"))[0].svg == draw(make("synthetic"))[0].svg


def test_text_stays_text_and_carries_the_released_numbers_at_risk(survival_svg):
    found = texts(survival_svg[WIDE])
    for curve in SURVIVAL.curves:
        assert curve.group in found
        for point in curve.points:
            if point.at_risk is not None:
                assert f"{point.at_risk:,}" in found
    assert found.count("·") == 4


def test_a_picture_asks_for_nothing_from_outside(survival_svg):
    for svg in survival_svg.values():
        # Names of the SVG vocabulary are no addresses that a browser opens.
        assert not re.search(r"(href|src|url\()", svg.replace("xmlns:xlink", ""))
        assert "<script" not in svg and "style=" not in svg


def text_places(svg: str) -> dict[str, list[float]]:
    """Return each text with its absolute places along the picture, in pixels."""
    found: dict[str, list[float]] = {}

    def walk(element, left: float) -> None:
        move = re.match(r"translate\(([-\d.]+)", element.get("transform", ""))
        left += float(move[1]) if move else 0.0
        if element.tag.endswith("text"):
            found.setdefault(element.text or "", []).append(left)
        for child in element:
            walk(child, left)

    walk(ET.fromstring(svg), 0.0)
    return found


@pytest.mark.parametrize("form", [("light", "wide"), ("dark", "narrow")])
def test_numbers_at_risk_stand_exactly_under_their_ticks(survival_svg, form):
    places = text_places(survival_svg[form])
    axis = time_axis(SURVIVAL.curves, 540 if form[1] == "wide" else 208)
    for curve in SURVIVAL.curves:
        for tick, count in zip(axis.ticks, numbers_at_risk(curve, axis), strict=True):
            if count is not None:
                (under,) = places[f"{count:,}"]
                assert min(abs(under - label) for label in places[f"{tick:.0f}"]) <= 1.0


def test_a_count_released_before_the_last_tick_is_not_carried_on():
    points = tuple(
        CurvePoint(t, 1 - t / 20, 0.1, 1.0, n) for t, n in ((0, 90), (1.5, 70), (2, None), (4, 40))
    )
    curve = Curve("A", 90, 10, points)
    assert numbers_at_risk(curve, time_axis([curve], 540)) == [90, None, 70, None, 40]


def test_follow_up_under_three_years_is_drawn_in_months():
    short = Curve("A", 50, 5, (CurvePoint(0, 1, 1, 1), CurvePoint(2, 0.5, 0.4, 0.6)))
    axis = time_axis([short], 540)
    assert (axis.unit, axis.end, axis.ticks[:3]) == ("Months", 24.0, (0.0, 3.0, 6.0))
    assert time_axis(SURVIVAL.curves, 540).unit == "Years"


def test_more_than_four_curves_become_pictures_with_the_same_axis():
    # The groups of the second picture were followed for a shorter time; the axis stays as long.
    figure = example.survival("synthetic", groups=6)
    short = tuple(replace(c, points=c.points[:17]) for c in figure.curves[4:])
    pictures = draw(replace(figure, curves=figure.curves[:4] + short))
    assert [len(picture.groups) for picture in pictures] == [4, 2]
    first, second = (text_places(picture.svg[WIDE]) for picture in pictures)
    assert [first[f"{year}"] for year in range(9)] == [second[f"{year}"] for year in range(9)]


def test_more_than_eight_groups_are_not_drawn():
    assert draw(example.survival("synthetic", groups=9)) == ()


def test_tables_and_notes_have_no_picture():
    assert draw(example.comparison("public")) == ()
    assert draw(example.sections("public")[-1]) == ()


@pytest.mark.parametrize("groups", [1, 2, 3, 4])
def test_labels_stand_inside_the_plot_and_not_on_each_other(groups):
    curves = example.survival("synthetic", groups).curves
    frame = Frame(540, 300, 8.0, 1.0)
    labels = place_labels(curves, frame)
    assert [label.text for label in labels] == [curve.group for curve in curves]
    assert all(0 <= label.value <= 1 and 0 < label.time <= 8 for label in labels)
    for one, other in combinations(labels, 2):
        apart_y = abs(one.value - other.value) * 300 >= LINE_HEIGHT
        apart_x = abs(one.time - other.time) / 8 * 540 >= 60
        assert apart_y or apart_x


def test_a_label_stands_nearest_to_its_own_curve():
    curves = example.survival("synthetic", 2).curves
    for label, curve in zip(place_labels(curves, Frame(540, 300, 8.0, 1.0)), curves, strict=True):
        distance = {c.group: abs(value_at(c, label.time) - label.value) for c in curves}
        assert min(distance, key=distance.get) == curve.group


def test_panels_of_an_incidence_figure_share_one_scale():
    figure = example.causes("public")
    highest = max(p.upper for curves in figure.panels.values() for c in curves for p in c.points)
    assert 0 <= scale_end(figure) - highest < 0.1
    svg = draw(figure)[0].svg[WIDE]
    assert texts(svg).count(f"{scale_end(figure):.0%}") == 2
    assert "Relapse" in texts(svg)


def test_a_forest_plot_prints_every_ratio_and_hides_hidden_counts():
    found = texts(draw(example.model("public"))[0].svg[WIDE])
    assert "0.71 (0.63 to 0.80)" in found and "<\u00a00.001" in found
    assert found.count("reference") == 3
    assert found.count("[c]") == 4


@pytest.mark.parametrize(
    ("lower", "upper", "ends"),
    [
        (0.6, 1.9, (0.5, 2.0)),
        (0.6, 2.1, (0.25, 4.0)),
        (0.13, 1.2, (0.125, 8.0)),
        (0.001, 90.0, (0.0625, 16.0)),
    ],
)
def test_the_ratio_axis_widens_symmetrically(lower, upper, ends):
    table = example.model("public")
    terms = (replace(table.terms[1], lower=lower, upper=upper),)
    ticks = ticks_for(replace(table, terms=terms))
    assert (ticks[0], ticks[-1]) == ends
    assert ticks[0] * ticks[-1] == pytest.approx(1.0)

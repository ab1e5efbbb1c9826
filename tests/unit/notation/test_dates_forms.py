"""What a declared form of dates may be, and what it is for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmony.errors import UsageError
from harmony.notation.dates.form import GRAMMAR, month_names, read_form

FORMS = (
    ("%d/%m/%Y", "DD/MM/YYYY", "day", (("%m", "/", "%Y"), ("%Y",))),
    ("%m/%d/%Y", "MM/DD/YYYY", "day", (("%m", "/", "%Y"), ("%Y",))),
    ("%Y-%m-%d", "YYYY-MM-DD", "day", (("%Y", "-", "%m"), ("%Y",))),
    ("%Y/%d/%m", "YYYY/DD/MM", "day", (("%Y", "/", "%m"), ("%Y",))),
    ("%d. %m. %Y", "DD. MM. YYYY", "day", (("%m", ". ", "%Y"), ("%Y",))),
    ("%Y%m%d", "YYYYMMDD", "day", ()),
    ("%d%b[en]%Y", "DDMONTHYYYY", "day", (("%b", "%Y"), ("%Y",))),
    ("%d de %b[es] de %Y", "DD de MONTH de YYYY", "day", (("%b", " de ", "%Y"), ("%Y",))),
    ("%m/%Y", "MM/YYYY", "month", (("%Y",),)),
    ("%b[pl] %Y", "MONTH YYYY", "month", (("%Y",),)),
    ("%Y", "YYYY", "year", ()),
    ("%Y-%m-%d 00:00:00", "YYYY-MM-DD 00:00:00", "day", (("%Y", "-", "%m", " 00:00:00"), ("%Y",))),
)


@pytest.mark.parametrize(("text", "shown", "precision", "partial"), FORMS)
def test_a_form_has_its_words_its_precision_and_its_shorter_forms(text, shown, precision, partial):
    form = read_form(text)
    assert (form.shown, form.precision, form.partial) == (shown, precision, partial)


NO_FORMS = (
    "", "%", "%%", "date", "%d/%m/%y", "%d/%m", "%d/%Y", "%m", "%d/%m/%Y/%Y", "%d %m %b[de] %Y", "%b %Y",
    "%b[xx] %Y", "%b[de", "%d1%m/%Y", "1%d/%m/%Y", "x%b[en]%Y", "%d/%m/%Y%H", "%j%Y", "%Y%", "%-d/%m/%Y",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_FORMS)
def test_another_form_is_refused_with_the_grammar(text):
    with pytest.raises(UsageError) as caught:
        read_form(text)
    assert caught.value.allowed == GRAMMAR


@pytest.mark.parametrize("language", ["de", "en", "es", "fr", "it", "pl"])
def test_a_language_has_twelve_months_and_no_name_for_two(language):
    names = month_names(language)
    assert set(names.values()) == set(range(1, 13))
    assert all(name == name.lower() and name.isalpha() for name in names)


def test_a_language_without_a_list_has_no_names():
    assert month_names("xx") == {}


@given(st.text(alphabet="%dmYb[]en /-.09x", max_size=20))
def test_any_text_is_a_form_or_refused(text):
    try:
        form = read_form(text)
    except UsageError:
        return
    assert "%Y" in form.tokens and form.precision in ("day", "month", "year")

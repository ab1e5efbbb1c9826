"""Strict JSON and Padmé lengths at their edges."""

from __future__ import annotations

import pytest

from harmony.errors import FormatRefused
from harmony.identity import strict
from harmony.identity.seal import MIN_PLAINTEXT, padded


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1.5}',
        b'{"a":NaN}',
        b'{"a":null}',
        b'{"a":true}',
        b'{"a":-1}',
        b'{"a":9007199254740992}',
        b'{"a":"e\xcc\x81"}',
        b'{"a":"\\u0007"}',
        b'{"a":"\\ud800"}',
        b'{"a":' + b"9" * 5000 + b"}",
        b"[1]",
        b"",
    ],
)
def test_parse_refuses_what_has_more_than_one_spelling(raw):
    with pytest.raises(FormatRefused):
        strict.parse(raw)


def test_parse_reads_back_what_dump_wrote():
    content = {"text": "Zürich", "number": 2**53 - 1, "list": [["a", 0], {}]}
    assert strict.parse(strict.dump(content)) == content


@pytest.mark.parametrize("value", [1.0, None, True, -1, 2**53, "a\nb", "e\u0301"])
def test_dump_refuses_what_parse_would_refuse(value):
    with pytest.raises(FormatRefused):
        strict.dump({"a": value})


def test_check_fields_names_the_field_and_never_its_value():
    with pytest.raises(FormatRefused) as found:
        strict.check_fields({"day": "1950-13-01"}, {"day": strict.day}, "manifest")
    assert "day" in str(found.value) and "1950" not in str(found.value)
    for content in ({}, {"day": "2027-03-01", "more": 1}, []):
        with pytest.raises(FormatRefused):
            strict.check_fields(content, {"day": strict.day}, "manifest")
    strict.check_fields({"day": "2027-03-01"}, {"day": strict.day}, "manifest")


def test_padme_lengths_are_at_least_a_mebibyte_and_at_most_12_per_cent_longer():
    assert [padded(n) for n in (0, 1, MIN_PLAINTEXT)] == [MIN_PLAINTEXT] * 3
    # 2^20 + 1: exponent 20 keeps 5 bits of mantissa, so that steps are 2^15 = 32,768.
    assert padded(MIN_PLAINTEXT + 1) == MIN_PLAINTEXT + 32768
    for length in (1_100_000, 3_000_001, 123_456_789, 2 * 10**9):
        assert length <= padded(length) <= 1.12 * length
        assert padded(padded(length)) == padded(length)

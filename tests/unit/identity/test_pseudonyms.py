"""Keyed functions against values computed by other code, and the promise of one label, one use."""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path

import harmony
from harmony.identity import pseudonyms

KEY = bytes(range(32))


def joined(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def test_plain_joining_would_collide_and_length_prefixes_do_not():
    plain = [hmac.new(KEY, a + b, "sha256").digest() for a, b in ((b"H1", b"23"), (b"H12", b"3"))]
    assert plain[0] == plain[1]
    assert pseudonyms.p1(KEY, "H1", "main", "23") != pseudonyms.p1(KEY, "H12", "main", "3")
    assert pseudonyms.p1(KEY, "H1", "2", "3") != pseudonyms.p1(KEY, "H1", "23", "")


def test_first_pseudonym_is_the_mac_of_the_protocol():
    message = joined(b"harmony/p1/v1", b"P01", b"main", b"00000001")
    expected = hmac.new(KEY, message, hashlib.sha256).hexdigest()
    assert pseudonyms.p1(KEY, "P01", "main", "00000001").hex() == expected
    assert pseudonyms.p1(KEY, "P01", "ward 2", "00000001").hex() != expected


def test_derived_key_is_hkdf_of_rfc_5869():
    extracted = hmac.new(bytes(32), KEY, hashlib.sha256).digest()
    info = joined(b"harmony/ttp-record/v1", b"")
    expected = hmac.new(extracted, info + b"\x01", hashlib.sha256).hexdigest()
    assert pseudonyms.ttp_record_key(KEY).hex() == expected


def test_horizon_is_fixed_per_person_and_even_over_0_to_90():
    people = [number.to_bytes(16, "big") for number in range(9100)]
    days = [pseudonyms.horizon_days(KEY, person) for person in people]
    assert (min(days), max(days)) == (0, 90)
    assert days == [pseudonyms.horizon_days(KEY, person) for person in people]
    counts = [days.count(day) for day in range(91)]
    # 100 expected a day; chi-squared with 90 degrees of freedom stays below 137 in 999 of 1,000 cases.
    assert sum((count - 100) ** 2 / 100 for count in counts) < 137


def test_study_pseudonyms_differ_by_study_release_and_person():
    person = bytes(16)
    made = {
        pseudonyms.study_pseudonym(KEY, study, release, who)
        for study in ("STU-1", "STU-2")
        for release in ("REL-1", "REL-2")
        for who in (person, bytes(15) + b"1")
    }
    assert len(made) == 8 and all(len(value) == 64 for value in made)
    order = pseudonyms.order_key(KEY, "STU-1", "REL-1", person).hex()
    assert order not in made


def test_handles_hash_is_of_the_set_and_not_of_the_order():
    handles = [f"{number:032x}" for number in (3, 1, 2)]
    assert pseudonyms.handles_hash(handles) == pseudonyms.handles_hash(sorted(handles))
    assert pseudonyms.handles_hash(handles) != pseudonyms.handles_hash(handles[:2])


def test_each_label_has_one_name_and_one_use_in_the_package():
    package = Path(harmony.__file__).parent
    text = "\n".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    labels = re.findall(r'"(harmony/[a-z0-9-]+/v1)"', text)
    assert len(labels) == len(set(labels)) >= 10
    source = Path(pseudonyms.__file__).read_text(encoding="utf-8")
    names = dict(re.findall(r'^([A-Z_0-9]+): Final = "(harmony/[a-z0-9-]+/v1)"', source, re.MULTILINE))
    assert len(names) == 10
    uses = {name: len(re.findall(rf"[(, ]{name}[,)]", source)) for name in names}
    assert set(uses.values()) == {1}, uses

"""`provider.toml` in a hospital's root: who delivers, in which stream, and what a local number looks like."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harmony.errors import DataRefused, UsageError
from harmony.settings import Zone

FILE: Final = "provider.toml"


@dataclass(frozen=True)
class ProviderSettings:
    """
    How a hospital delivers.

    Attributes
    ----------
    provider : str
        The provider's id.
    stream : str
        Opaque id of the stream, 32 hex digits from `secrets.token_hex(16)`.
    number_space : str
        Whose numbering the local numbers are; equal numbers of two spaces are two people.
    pattern : str
        Regular expression that a local number matches as a whole. Nothing is trimmed: two spellings of one
        number are two pseudonyms.
    """

    provider: str
    stream: str
    number_space: str
    pattern: str

    def check_numbers(self, numbers: Sequence[str | None]) -> None:
        """
        Check the local numbers of table patient.

        Raises
        ------
        DataRefused
            When a number is missing, not unique, has white space at an end or does not match the pattern;
            rows are counted, numbers never shown.
        """
        form = re.compile(self.pattern)
        bad = sum(n is None or n != n.strip() or form.fullmatch(n) is None or not _plain(n) for n in numbers)
        if bad:
            raise DataRefused(
                f"{bad} of {len(numbers)} patient numbers do not have the form of {FILE}.",
                "Correct the numbers in the source, or the pattern if it is too narrow.",
                self.pattern,
            )
        if len(set(numbers)) != len(numbers):
            raise DataRefused(
                f"{len(numbers) - len(set(numbers))} patient numbers occur twice in table patient.",
                "Join the rows of one patient in the source.",
            )


def write_provider(zone: Zone, settings: ProviderSettings) -> None:
    """
    Write `provider.toml`.

    Raises
    ------
    UsageError
        When a value is empty, has quotes or control characters, or the pattern is no regular expression.
    """
    _check(settings)
    lines = [f"{name} = '{value}'" for name, value in settings.__dict__.items()]
    partial: Path = zone.root / f"{FILE}.partial"
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    partial.rename(zone.root / FILE)


def read_provider(zone: Zone) -> ProviderSettings:
    """
    Read `provider.toml`.

    Raises
    ------
    UsageError
        When it is missing or not of its form.
    """
    path = zone.root / FILE
    if not path.is_file():
        raise UsageError(f"The hospital's zone has no {FILE}.", "Run harmony provider init.")
    try:
        settings = ProviderSettings(**tomllib.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{FILE} cannot be read.", "Correct it.", "provider, stream, number_space, pattern"
        ) from error
    _check(settings)
    return settings


def _check(settings: ProviderSettings) -> None:
    for name, value in settings.__dict__.items():
        if not isinstance(value, str) or not value.isprintable() or not value or "'" in value:
            raise UsageError(f"{FILE}: {name} is empty or has signs that are not allowed.", "Correct it.")
    if re.fullmatch("[0-9a-f]{32}", settings.stream) is None:
        raise UsageError(f"{FILE}: stream is not 32 hex digits.", "Take the one of provider init.")
    try:
        re.compile(settings.pattern)
    except re.error as error:
        raise UsageError(f"{FILE}: pattern is not a regular expression.", "Correct it.") from error


def _plain(number: str) -> bool:
    return number.isprintable() and unicodedata.is_normalized("NFC", number)

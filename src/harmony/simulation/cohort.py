"""One synthetic AML cohort: its truth in columns, and its true common tables."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from harmony.dictionary.model import load
from harmony.errors import UsageError
from harmony.simulation.calendar_days import endpoints, seen_days
from harmony.simulation.definitions import definition
from harmony.simulation.disease import draw_disease
from harmony.simulation.rows import arrow_table, common_rows
from harmony.simulation.streams import Streams
from harmony.simulation.terms import Columns
from harmony.simulation.timeline import draw_course


@dataclass(frozen=True)
class Cohort:
    """
    Invented patients, everything about them known.

    Attributes
    ----------
    seed : int
        Seed that made them.
    columns : dict of str to array of shape (n,)
        Latent truth and times: `e:<class>`, genes in upper case, lesions, laboratory, `eln2022`, `fit`, `t_*`
        in years, `day_*` in days from diagnosis (infinity = never or not seen), `os_*`, `rfs_*`, `cir_*`.
    """

    seed: int
    columns: Columns

    @property
    def size(self) -> int:
        """Patients of the cohort."""
        return len(self.columns["age"])

    def tables(self) -> dict[str, pa.Table]:
        """Return the true common tables: every gene tested, nothing missing, up to the end of follow-up."""
        dictionary = load()
        rows = common_rows(self.columns, Streams(self.seed, self.size))
        return {name: arrow_table(name, part, self.size, dictionary) for name, part in rows.items()}

    def exported_by(self, provider: str) -> Cohort:
        """
        Return the same patients with the same courses, all on record at one provider.

        A cohort of the mix keeps its distribution, on which the planted values are defined, and gets the
        tests and the file shape of one provider.

        Parameters
        ----------
        provider : str
            A provider of the parameter file.

        Raises
        ------
        UsageError
            When there is no such provider.
        """
        _check_provider(provider)
        return replace(self, columns={**self.columns, "provider": np.full(self.size, provider)})


def simulate(n: int, seed: int, provider: str | None = "P02") -> Cohort:
    """
    Draw a synthetic AML cohort.

    Parameters
    ----------
    n : int
        Patients, 1 or more. The first m patients of a seed do not change with n.
    seed : int
        0 or more; the same seed gives the same patients.
    provider : str or None
        Provider of all patients, with the effect of its centre; None draws providers by their weights, the
        mix on which the planted effects are defined.

    Raises
    ------
    UsageError
        When n, seed or provider lie outside what the parameter file has.
    """
    if n < 1 or seed < 0:
        raise UsageError(
            f"A cohort of {n} patients with seed {seed} cannot be drawn.", "", "n >= 1, seed >= 0"
        )
    if provider is not None:
        _check_provider(provider)
    streams = Streams(seed, n)
    columns = draw_course(streams, draw_disease(streams, provider))
    columns |= seen_days(columns)
    return Cohort(seed, columns | endpoints(columns))


def _check_provider(provider: str) -> None:
    providers = definition("aml")["population"]["providers"]["weights"]
    if provider not in providers:
        raise UsageError(f"There is no synthetic provider '{provider}'.", "", ", ".join(providers))

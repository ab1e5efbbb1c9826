"""The cohort's numbers as files: parameters, genes, karyotypes, providers and planted effects."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

from harmony.errors import UsageError

FILES: Final = ("aml", "aml_genes", "aml_karyotypes", "aml_variants", "p02_writing", "planted", "providers")


@cache
def definition(name: str) -> dict[str, Any]:
    """
    Return one packaged file of `simulation/parameters`, read once; callers never change it.

    Parameters
    ----------
    name : str
        aml, aml_genes, aml_karyotypes, aml_variants, p02_writing, planted or providers.

    Raises
    ------
    UsageError
        When there is no such file.
    """
    if name not in FILES:
        raise UsageError(f"There is no simulation file '{name}'.", "", ", ".join(FILES))
    path = resources.files("harmony.simulation").joinpath(f"parameters/{name}.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))

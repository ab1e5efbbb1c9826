"""Commands that read what clinicians write: karyotypes and variants; outside any network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harmony.cli.options import Json, Quiet, answer, group

karyotype = group("Karyotypes: read a column of ISCN strings, explain one.")
variant = group("Variants: read a column of HGVS strings, explain one.")

GROUPS = {"karyotype": karyotype, "variant": variant}

OwnFile = Annotated[Path, typer.Argument(help="CSV or Parquet file.")]
Column = Annotated[str, typer.Option(help="Column with the text.")]
Output = Annotated[Path, typer.Option(help="CSV file to write.")]


@karyotype.command("read")
def karyotype_read(
    file: OwnFile,
    column: Column,
    output: Output,
    sex: Annotated[str, typer.Option(help="Column with the sex (F, M): tells whether 45,X lost a Y.")] = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read a column of karyotypes: counts, complex, IPSS-R group, findings; one row out per row in."""

    def act() -> dict[str, object]:
        from harmony.actors.notation import karyotype_read

        return karyotype_read(file, column, output, sex)

    answer(act, as_json, quiet)


@karyotype.command("explain")
def karyotype_explain(
    text: Annotated[
        str, typer.Argument(help="A karyotype in quotation marks; behind -- if it begins with a minus.")
    ],
    sex: Annotated[str, typer.Option(help="F or M.")] = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say in words what was read from a karyotype, what counts, what does not, and why."""

    def act() -> dict[str, object]:
        from harmony.actors.notation import karyotype_explain

        return karyotype_explain(text, sex)

    answer(act, as_json, quiet)


@variant.command("read")
def variant_read(
    file: OwnFile, column: Column, output: Output, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Read a column of variants: gene, change, consequence, VAF; one row out per row in."""

    def act() -> dict[str, object]:
        from harmony.actors.notation import variant_read

        return variant_read(file, column, output)

    answer(act, as_json, quiet)


@variant.command("explain")
def variant_explain(
    text: Annotated[
        str, typer.Argument(help="A variant in quotation marks; behind -- if it begins with a minus.")
    ],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say in words what was read from a variant, what was mended and what was not checked."""

    def act() -> dict[str, object]:
        from harmony.actors.notation import variant_explain

        return variant_explain(text)

    answer(act, as_json, quiet)

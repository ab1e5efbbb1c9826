"""The sentence of README.md that quotes the bars of the page, between two marks."""

from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
START, END = "<!-- bench: benchmarks/statistics/quote.py -->", "<!-- bench: end -->"


def measured(page: str, what: str) -> str:
    """Return what the table of bars says was measured."""
    row = next(line for line in page.splitlines() if line.startswith(f"| {what} "))
    return row.split("|")[3].strip()


def sentence(page: str) -> str:
    """Return the sentence."""
    km, stored = (measured(page, f"`{task}`, time") for task in ("km", "km_stored"))
    names = ("cox5", "cox20", "concordance", "logrank")
    cox5, cox20, concordance, logrank = (measured(page, f"`{n}` beside R `{n}`") for n in names)
    return "\n".join(
        [
            f"With a million patients on one thread, Kaplan-Meier takes {km}, from Parquet {stored}.",
            f"R takes, in the same run, {cox5} as long for Cox regression with 5 covariates,",
            f"{cox20} with 20, {concordance} for the concordance and its error, {logrank} for log-rank",
            "([bench table](docs/measured/statistics_bench.md)).",
        ]
    )


def with_sentence(readme: str, page: str) -> str:
    """Return the text of README.md with the sentence between the marks."""
    before, _, rest = readme.partition(START)
    return f"{before}{START}\n{sentence(page)}\n{END}{rest.partition(END)[2]}" if rest else readme


if __name__ == "__main__":
    text = (Path(__file__).parents[2] / "docs/measured/statistics_bench.md").read_text()
    README.write_text(with_sentence(README.read_text(), text))

"""What a data manager does about a problem, where the words of the reader would lead astray."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from harmony.intake.columns import NAME_RULE
from harmony.stages.problems import ProblemList

#: Not "add it to the layout's codes", which is the advice for any other unknown code.
NAME_ADVICE: Final = (
    "The cell looks like a person's name and would leave the hospital. Take it out of the export; where the "
    "column is free text, ignore the whole column in the layout. Never add it to the layout's codes."
)


def advise(problems: ProblemList) -> None:
    """Give every listed name its own advice, in place."""
    problems.listed = [
        replace(problem, what=NAME_ADVICE) if problem.rule == NAME_RULE else problem
        for problem in problems.listed
    ]

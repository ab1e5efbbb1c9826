"""Multi-state models against R mstate 0.3.3 (`msfit`, `probtrans`, `ELOS`) and `tmerge`; multistate.csv."""

from dataclasses import dataclass

import numpy as np
import pytest
import r_reference
from r_reference import Case, check

from harmony.statistics.multistate import multistate
from harmony.statistics.split_follow_up import split_follow_up

FILE = "multistate.csv"


@dataclass(frozen=True)
class Model:
    """States and possible transitions, in mstate's order and numbering."""

    states: tuple[str, ...]
    possible: tuple[tuple[str, str], ...]


EBMT3 = Model(("Tx", "PR", "RelDeath"), (("Tx", "PR"), ("Tx", "RelDeath"), ("PR", "RelDeath")))
EBMT4 = Model(
    ("Tx", "Rec", "AE", "Rec+AE", "Rel", "Death"),
    tuple(
        (one, other)
        for one, others in {
            "Tx": ("Rec", "AE", "Rel", "Death"),
            "Rec": ("Rec+AE", "Rel", "Death"),
            "AE": ("Rec+AE", "Rel", "Death"),
            "Rec+AE": ("Rel", "Death"),
        }.items()
        for other in others
    ),
)


def stays(model, times, happened):
    """
    Stays of all patients in states, as `msprep` finds them: id, start, stop, from, to.

    `times` and `happened` give for each state but the first the time and whether it was entered.
    """
    found = []
    n = len(next(iter(times.values())))
    for patient in range(n):
        state, since = model.states[0], 0.0
        while True:
            ahead = [(times[j][patient], j) for i, j in model.possible if i == state]
            if not ahead:
                break
            entered = [(when, j) for when, j in ahead if happened[j][patient]]
            until, to = min(entered) if entered else (min(when for when, _ in ahead), None)
            found.append((patient, since, until, state, to))
            if to is None:
                break
            state, since = to, until
    return [np.array(column, dtype=object if number > 2 else float)
            for number, column in enumerate(zip(*found, strict=True))]  # fmt: skip


def ebmt3(disease=None):
    frame = r_reference.table("mstate", "ebmt3")
    frame = frame if disease is None else frame[frame["dissub"] == disease]
    times = {"PR": frame["prtime"].to_numpy(), "RelDeath": frame["rfstime"].to_numpy()}
    happened = {"PR": frame["prstat"].to_numpy() == 1, "RelDeath": frame["rfsstat"].to_numpy() == 1}
    return EBMT3, stays(EBMT3, times, happened)


def ebmt4():
    frame = r_reference.table("mstate", "ebmt4")
    columns = dict(zip(EBMT4.states[1:], ("rec", "ae", "recae", "rel", "srv"), strict=True))
    times = {state: frame[name].to_numpy() for state, name in columns.items()}
    happened = {state: frame[f"{name}.s"].to_numpy() == 1 for state, name in columns.items()}
    return EBMT4, stays(EBMT4, times, happened)


def fitted(data, **options):
    model, rows = data
    return multistate(*rows, states=model.states, **options)


def probabilities(data, **options):
    """Rows of `probtrans` with our numbers: `from state 2`, `pstate3`, `se3`."""

    def answers(rows):
        loaded = data()
        for variance in ("greenwood", "aalen"):
            own = [row for row in rows if f"method='{variance}'" in row["r_call"]]
            if not own:
                continue
            fit = fitted(loaded, variance=variance, **options)
            read = {
                (r["from"], r["to"], r["time"]): r
                for r in fit.at(sorted({row["time"] for row in own})).to_pylist()
            }
            for row in own:
                origin = fit.states[int(row["group"].removeprefix("from state ")) - 1]
                target = fit.states[int(row["statistic"][-1]) - 1]
                got = read[origin, target, row["time"]]
                yield row, got["probability" if row["statistic"].startswith("pstate") else "std_err"]

    return answers


def transitions(data):
    """Rows of `events`: transitions, stays without one and patients entering each state."""

    def answers(rows):
        model, stays_of = data()
        counted = fitted((model, stays_of)).transitions().to_pylist()
        count = {(r["from"], r["to"]): r["count"] for r in counted}
        entering = {s: sum(count[other, s] for other in model.states) for s in model.states}
        entering[model.states[0]] += len(set(stays_of[0]))
        leaving = {s: sum(count[s, other] for other in model.states) for s in model.states}
        for row in rows:
            state, term = row["group"], row["term"]
            if row["statistic"] == "rows":
                yield row, sum(entering[origin] for origin, _ in model.possible)
            elif term == "total entering":
                yield row, entering[state]
            elif term == "no event":
                # mstate counts a patient in an absorbing state as one without event.
                absorbing = not any(origin == state for origin, _ in model.possible)
                yield row, entering[state] - leaving[state] if absorbing else count[state, None]
            else:
                yield row, count[state, term]

    return answers


def cumulative_hazards(rows):
    table = fitted(ebmt4()).cumulative_hazard().to_pydict()
    pairs = np.array(list(zip(table["from"], table["to"], strict=True)))
    time, hazard = np.array(table["time"]), np.array(table["cumulative_hazard"])
    for row in rows:
        pair = EBMT4.possible[int(row["term"].removeprefix("transition ")) - 1]
        steps = (pairs == pair).all(axis=1) & (time <= row["time"])
        yield row, float(hazard[steps][-1])


def lengths_of_stay(rows):
    table = fitted(ebmt3()).length_of_stay(1826).to_pylist()
    read = {(r["from"], r["state"]): r["length_of_stay"] for r in table}
    for row in rows:
        origin, state = (EBMT3.states[int(row[key][-1]) - 1] for key in ("group", "term"))
        yield row, read[origin, state]


def split_rows(rows):
    """Rows and person-days of `tmerge` on the myeloid table."""
    frame = r_reference.table("survival", "myeloid")
    times = {"tx": frame["txtime"], "cr": frame["crtime"], "rel": frame["rltime"]}
    one = split_follow_up(frame["futime"], frame["death"], {"tx": times["tx"]})
    three = split_follow_up(frame["futime"], frame["death"], times)
    days = np.bincount(one.flags["tx"], one.tstop - one.tstart)
    read = {"tx only": len(one.event), "tx, cr, rel": len(three.event)}
    for row in rows:
        if row["statistic"] == "rows":
            yield row, read[row["term"]]
        else:
            yield row, float(days[int(row["statistic"][-1])])


def platelet_rows(rows):
    """The row that `coxph` counts on the split ebmt3 table."""
    frame = r_reference.table("mstate", "ebmt3")
    recovered = frame["prtime"].where((frame["prstat"] == 1) & (frame["prtime"] < frame["rfstime"]))
    made = split_follow_up(frame["rfstime"], frame["rfsstat"], {"pr": recovered})
    read = {"n": len(made.event), "events": int(made.event.sum())}
    return [(row, read[row["statistic"]]) for row in rows if row["statistic"] in read]


CASES = [
    Case("multistate", FILE, "ms_ebmt4_events", 49, transitions(ebmt4)),
    Case("multistate", FILE, "ms_ebmt3_events", 15, transitions(ebmt3)),
    Case("multistate", FILE, "ms_ebmt4_aj", 480, probabilities(ebmt4)),
    Case("multistate", FILE, "ms_ebmt4_lm100", 24, probabilities(ebmt4, start_time=100)),
    Case("multistate", FILE, "ms_ebmt4_cumhaz", 36, cumulative_hazards),
    Case("multistate", FILE, "ms_ebmt3_aj", 48, probabilities(ebmt3)),
    Case("multistate", FILE, "ms_ebmt3_elos", 9, lengths_of_stay),
    *(
        Case("multistate", FILE, f"ms_ebmt3_{name}", 18, probabilities(lambda name=name: ebmt3(name)))
        for name in ("AML", "ALL", "CML")
    ),
    Case("split_follow_up", "cox_time_dependent.csv", "tdc_myeloid_rows", 4, split_rows),
    Case("split_follow_up", "cox_time_dependent.csv", "tdc_ebmt3_platelet", 2, platelet_rows),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_number_of_mstate_and_tmerge_is_met(case):
    check(case)


def test_a_later_start_is_noticed():
    rows = [r for r in r_reference.rows(FILE, "ms_ebmt4_lm100") if r["statistic"] == "pstate2"]
    given_day_0 = probabilities(ebmt4)(rows)
    assert any(r_reference.difference(value, row) for row, value in given_day_0)

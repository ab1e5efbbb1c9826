"""How the rows of tests/data/reference/other_tables.csv are answered: one function per kind of result."""

from harmony.statistics.concordance import concordance
from harmony.statistics.cox import cox
from harmony.statistics.cox_zph import cox_zph
from harmony.statistics.cumulative_incidence import cumulative_incidence
from harmony.statistics.fine_gray import fine_gray
from harmony.statistics.gray_test import gray_test
from harmony.statistics.kaplan_meier import kaplan_meier
from harmony.statistics.logrank import logrank
from harmony.statistics.nelson_aalen import nelson_aalen
from harmony.statistics.restricted_mean import restricted_mean

CURVE = {"surv": "survival", "std.err": "std_err", "lower": "lower", "upper": "upper", "n.risk": "n_risk"}
HAZARD = {"cumhaz": "cumulative_hazard", "std.chaz": "std_err"}
SHARE = {"quantile_quantile": "time", "quantile_lower": "lower", "quantile_upper": "upper"}
SUMMARY = {"records": "records", "events": "events"}
TERM = {
    "coef": "coef",
    "se_model": "se",
    "se_naive": "se",
    "se_robust": "robust_se",
    "p": "p",
    "hr_lower": "lower",
    "hr_upper": "upper",
}
FIT = ("loglik", "loglik_null", "aic", "n", "events", "concordance", "concordance_se")
TESTS = ("lr_test", "wald_test", "score_test", "robust_score_test")
INCIDENCE = {"cuminc": "estimate", "cuminc_se": "std_err"}
STATE = {
    "pstate": "estimate",
    "pstate_se": "std_err",
    "pstate_lower": "lower",
    "pstate_upper": "upper",
}
GRAY = {"gray_stat": "statistic", "gray_df": "df", "gray_p": "p"}
MEAN = {"rmean": "mean", "rmean_se": "std_err"}


def having(rows, names):
    return [row for row in rows if row["statistic"] in names]


def times(rows):
    return sorted({row["time"] for row in rows})


def label(group):
    """Group as the file writes it: `all` without groups, the levels of several variables joined."""
    if group is None:
        return "all"
    parts = group.split(", ")
    return "|".join(part.split("=", 1)[1] for part in parts) if all("=" in p for p in parts) else group


def survival(*sample, **options):
    def answers(rows):
        fit = kaplan_meier(*sample, **options)
        at = {(label(r["group"]), r["time"]): r for r in fit.at(times(having(rows, CURVE))).to_pylist()}
        shares = sorted({float(row["term"]) for row in having(rows, SHARE)})
        read = {(label(r["group"]), r["probability"]): r for r in fit.quantiles(shares).to_pylist()}
        whole = {label(r["group"]): r for r in fit.summary().to_pylist()}
        for row in rows:
            group, statistic = row["group"], row["statistic"]
            if statistic in CURVE:
                yield row, at[group, row["time"]][CURVE[statistic]]
            elif statistic in SHARE:
                yield row, read[group, float(row["term"])][SHARE[statistic]]
            elif statistic in SUMMARY:
                yield row, whole[group][SUMMARY[statistic]]

    return answers


def hazard(*sample, **options):
    def answers(rows):
        rows = having(rows, HAZARD)
        fit = nelson_aalen(*sample, **options)
        at = {(label(r["group"]), r["time"]): r for r in fit.at(times(rows)).to_pylist()}
        return [(row, at[row["group"], row["time"]][HAZARD[row["statistic"]]]) for row in rows]

    return answers


def log_rank(*sample, **options):
    def answers(rows):
        fit = logrank(*sample, **options)
        groups = {row["group"]: row for row in fit.table().to_pylist()}
        whole = {"chisq": fit.statistic, "df": fit.df, "p": fit.p}
        for row in rows:
            of = groups[row["group"]] if row["group"] else whole
            yield row, of[row["statistic"]]

    return answers


def of_fit(fit, rows):
    """Rows of a regression, per term and of the whole."""
    terms = {row["term"]: row for row in fit.table().to_pylist()}
    for row in rows:
        statistic = row["statistic"]
        if row["term"] in terms and statistic in TERM and not row["group"]:
            yield row, terms[row["term"]][TERM[statistic]]
        elif statistic in FIT and not row["term"]:
            yield row, getattr(fit, statistic)
        elif statistic in TESTS:
            yield row, getattr(fit, statistic).statistic
        elif statistic == "wald_test_p":
            yield row, fit.wald_test.p


def regression(*sample, **options):
    return lambda rows: of_fit(cox(*sample, **options), rows)


def subdistribution(*sample, **options):
    return lambda rows: of_fit(fine_gray(*sample, **options), rows)


def proportionality(*sample, **options):
    def answers(rows):
        fit = cox(*sample, **options)
        rows = [row for row in rows if row["statistic"].startswith("zph_")]
        for transform in sorted({row["group"] for row in rows}):
            tests = {row["term"]: row for row in cox_zph(fit, transform).table().to_pylist()}
            for row in rows:
                if row["group"] == transform:
                    yield row, tests[row["term"]][row["statistic"].removeprefix("zph_")]

    return answers


def prediction(patients, *sample, **options):
    def answers(rows):
        fit = cox(*sample, **options)
        curves = [row for row in having(rows, CURVE) if row["term"]]
        at = {(str(r["row"]), r["time"]): r for r in fit.predict(patients, times(curves)).to_pylist()}
        yield from ((row, at[row["term"], row["time"]][CURVE[row["statistic"]]]) for row in curves)
        base = having(rows, ("basehaz",))
        if base:
            read = dict(zip(*fit.baseline(times(base)).to_pydict().values(), strict=True))
            yield from ((row, read[row["time"]]) for row in base)

    return answers


def agreement(*sample, **options):
    def answers(rows):
        found = concordance(*sample, **options)
        return [(row, getattr(found, row["statistic"])) for row in rows]

    return answers


def incidence(*sample, columns=INCIDENCE, **options):
    def answers(rows):
        rows = having(rows, columns)
        fit = cumulative_incidence(*sample, **options)
        at = {(r["group"], r["cause"], r["time"]): r for r in fit.at(times(rows)).to_pylist()}
        for row in rows:
            cause = 0 if row["term"] == "(s0)" else int(row["term"])
            yield row, at[row["group"], cause, row["time"]][columns[row["statistic"]]]

    return answers


def gray(*sample, **options):
    def answers(rows):
        tests = {str(row["cause"]): row for row in gray_test(*sample, **options).table().to_pylist()}
        return [(row, tests[row["term"]][GRAY[row["statistic"]]]) for row in having(rows, GRAY)]

    return answers


def means(*sample, **options):
    def answers(rows):
        for tau in times(rows):
            fit = restricted_mean(*sample, tau=tau, **options)
            by_label = {label(row["group"]): row for row in fit.table().to_pylist()}
            in_order = list(by_label.values())
            contrasts = fit.contrasts().to_pylist() if len(fit.groups) > 1 else []
            named = {row["contrast"]: row for row in contrasts}
            for row in (row for row in rows if row["time"] == tau):
                if row["statistic"] in MEAN:
                    yield row, by_label[row["group"]][MEAN[row["statistic"]]]
                elif row["group"]:
                    yield row, in_order[int(row["group"].split()[1])][row["statistic"]]
                else:
                    yield row, named[row["term"]][row["statistic"]]

    return answers

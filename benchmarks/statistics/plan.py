"""What is compared with what, and the bars that our figures must meet at a million patients."""

from dataclasses import dataclass
from typing import Final

#: Task of ours, then (engine, its task, what differs); R's tasks are those of fit.R.
LIFELINES, SKSURV, STATSMODELS = "lifelines", "scikit-survival", "statsmodels"


@dataclass(frozen=True)
class Peer:
    """A peer's fit: engine, its task, what it leaves out or adds, and beside which of ours it stands."""

    engine: str
    task: str
    differs: str = ""
    beside: str = ""


@dataclass(frozen=True)
class Comparison:
    """One estimator: its title, our tasks with what each is, and the peers."""

    title: str
    ours: tuple[tuple[str, str], ...]
    peers: tuple[Peer, ...]


COMPARISONS: Final = (
    Comparison(
        "Kaplan-Meier with limits",
        (("km", "arrays"), ("km_stored", "Parquet, SQL counts")),
        (
            Peer("R", "km", "survfit"),
            Peer(LIFELINES, "km"),
            Peer(SKSURV, "km"),
            Peer(STATSMODELS, "km"),
        ),
    ),
    Comparison(
        "Cumulative incidence, 2 causes",
        (("cif", "arrays"), ("cif_stored", "Parquet, SQL counts")),
        (
            Peer("R", "cif_cuminc", "cmprsk, with variance"),
            Peer("R", "cif_survfit_plain", "survfit without standard error"),
            Peer(LIFELINES, "cif", "one cause, ties moved at random"),
            Peer(SKSURV, "cif"),
            Peer("R", "cif_survfit", "survfit with standard error"),
        ),
    ),
    Comparison(
        "Log-rank, 2 groups",
        (("logrank", "arrays"),),
        (
            Peer("R", "logrank", "survdiff"),
            Peer(LIFELINES, "logrank"),
            Peer(SKSURV, "logrank"),
            Peer(STATSMODELS, "logrank"),
        ),
    ),
    Comparison(
        "Cox, Efron ties, 5 covariates",
        (("cox5", "with concordance and its error"),),
        (
            Peer("R", "cox5", "coxph, with concordance and its error"),
            Peer(LIFELINES, "cox5"),
            Peer(STATSMODELS, "cox5"),
            Peer(SKSURV, "cox5"),
        ),
    ),
    Comparison(
        "Cox, Efron ties, 20 covariates",
        (("cox20", "with concordance and its error"),),
        (
            Peer("R", "cox20", "coxph, with concordance and its error"),
            Peer(LIFELINES, "cox20"),
            Peer(STATSMODELS, "cox20"),
            Peer(SKSURV, "cox20"),
        ),
    ),
    Comparison(
        "Harrell's concordance",
        (("concordance", "with standard error, always"),),
        (
            Peer("R", "concordance", "concordancefit with standard error"),
            Peer("R", "concordance_plain", "concordancefit without"),
            Peer(LIFELINES, "concordance", "without"),
            Peer(SKSURV, "concordance", "without"),
        ),
    ),
    Comparison(
        "Fine-Gray, 5 covariates",
        (("fine_gray_crr", "variant crr"), ("fine_gray_finegray", "variant finegray")),
        (
            Peer("R", "fine_gray_crr", "cmprsk crr", "fine_gray_crr"),
            Peer("R", "fine_gray_finegray", "finegray, coxph", "fine_gray_finegray"),
        ),
    ),
    Comparison(
        "Multi-state, illness and death",
        (("multistate_aalen", "Aalen's variance"), ("multistate_jackknife", "jackknife")),
        (
            Peer("R", "multistate_plain", "survfit without standard error", "multistate_aalen"),
            Peer("R", "multistate_survfit", "survfit with jackknife"),
        ),
    ),
)


@dataclass(frozen=True)
class SecondsBar:
    """Our median must lie below so many seconds."""

    task: str
    seconds: float


@dataclass(frozen=True)
class RatioBar:
    """The peer's median must be so many times ours."""

    task: str
    peer: str
    ratio: float


@dataclass(frozen=True)
class MemoryBar:
    """Our highest memory above that before the fit must lie below so many MB."""

    task: str
    extra: float


BARS: Final = (
    SecondsBar("km", 0.050),
    SecondsBar("cif", 0.050),
    SecondsBar("km_stored", 0.100),
    SecondsBar("cif_stored", 0.100),
    RatioBar("cox5", "cox5", 5.0),
    RatioBar("cox20", "cox20", 8.0),
    MemoryBar("cox5", 150.0),
    MemoryBar("cox20", 150.0),
    RatioBar("concordance", "concordance_plain", 1.0),
    RatioBar("concordance", "concordance", 3.0),
    RatioBar("logrank", "logrank", 1.0),
    RatioBar("fine_gray_crr", "fine_gray_crr", 1.0),
    RatioBar("fine_gray_finegray", "fine_gray_finegray", 1.0),
    RatioBar("multistate_aalen", "multistate_plain", 1.0),
    RatioBar("multistate_jackknife", "multistate_survfit", 1.0),
)

#: Estimators whose cost is followed from 10,000 patients to ten million.
GROWTH: Final = ("km", "cif", "logrank", "cox5", "concordance", "fine_gray_crr", "multistate_aalen")
SIZES: Final = (10_000, 100_000, 1_000_000, 10_000_000)

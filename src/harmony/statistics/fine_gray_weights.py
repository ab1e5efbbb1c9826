"""The chance of being under observation, by which those with a competing event stay in the risk set."""

from __future__ import annotations

import numpy as np

from harmony.statistics.samples import Floats, FollowUp, Groups, Integers


def observation(sample: FollowUp, groups: Groups, events_before_censoring: bool) -> tuple[Floats, Integers]:
    """
    Return the chance of being under observation just before each time, and where it changes.

    Parameters
    ----------
    sample : FollowUp
        Checked follow-up of n patients on k times.
    groups : Groups
        Groups with a distribution of censoring and entry each.
    events_before_censoring : bool
        As in `subdistribution_risk`.

    Returns
    -------
    float array of shape (groups, k)
        G(t-), Kaplan-Meier of censoring; with delayed entry times H(t-), the chance of having entered before
        t, Kaplan-Meier of entry backwards in time.
    int array of shape (groups, k)
        Number of times of censoring or entry of the group before the time.

    References
    ----------
    Fine and Gray, J Am Stat Assoc 1999;94:496; with delayed entry Geskus, Biometrics 2011;67:39.
    """
    weight = None if events_before_censoring else sample.weight
    ended = _per_time(sample, groups, sample.day, weight)
    censored = sample.event == 0
    lost = _per_time(
        sample.part(censored), groups.part(censored), sample.day[censored],
        None if weight is None else weight[censored],
    )  # fmt: skip
    at_risk = ended[:, ::-1].cumsum(axis=1)[:, ::-1]
    remaining = at_risk
    entered = np.zeros_like(ended)
    if sample.entry_day is not None:
        entered = _per_time(sample, groups, sample.entry_day, weight)
        at_risk = at_risk - (entered.sum(axis=1, keepdims=True) - entered.cumsum(axis=1))
    exposed = at_risk - (ended - lost) if events_before_censoring else at_risk
    chance = np.divide(lost, exposed, out=np.zeros_like(lost), where=(lost > 0.0) & (exposed > 0.0))
    observed = _shifted(np.cumprod(1.0 - chance, axis=1), 1.0)
    if not events_before_censoring and sample.times[0] == 0.0:
        # cmprsk has no time before 0: whoever has a competing event at 0 starts from G(0) there.
        observed[:, 0] = 1.0 - chance[:, 0]
    changes = _shifted(np.cumsum(lost > 0.0, axis=1), 0)
    if sample.entry_day is not None:
        observed = observed * _entered_before(entered, at_risk)
        changes = changes + np.cumsum(entered > 0.0, axis=1)
    # A group says nothing on times after its last one: there its patients have no weight.
    observed[remaining == 0.0] = 0.0
    return observed, changes


def _per_time(sample: FollowUp, groups: Groups, day: Integers, weight: Floats | None) -> Floats:
    k, size = len(sample.times), len(groups.labels)
    total = np.bincount(groups.code * k + day, weight, size * k)
    return np.asarray(total, dtype=np.float64).reshape(size, k)


def _shifted(values: np.ndarray, initial: float) -> np.ndarray:
    """Return the values just before each time."""
    return np.concatenate((np.full((len(values), 1), initial, values.dtype), values[:, :-1]), axis=1)


def _entered_before(entered: Floats, at_risk: Floats) -> Floats:
    """Return the product, over later entries, of the share of those at risk then who had entered earlier."""
    share = 1.0 - np.divide(entered, at_risk, out=np.zeros_like(entered), where=at_risk > 0.0)
    # The first entry divides nobody from those before.
    from_here = np.cumprod(share[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate((from_here[:, 1:], np.ones((len(share), 1))), axis=1)

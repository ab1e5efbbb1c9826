"""
The exact partial likelihood of tied events: who dies, given how many do (discrete time).

Its denominator sums over all sets of d among those at risk. With each of them drawn independently with
probability theta z / (1 + theta z), that sum is the probability of d draws, up to known factors, for any z.
Probabilities never overflow, and z is chosen so that d draws are expected, so that they do not vanish either.
Draws are added up pairwise, pairs of pairs ..., each with its first two moments of the covariates drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harmony.statistics.design_matrix import DesignMatrix
from harmony.statistics.partial_likelihood import Evaluation, evaluate
from harmony.statistics.risk_cells import RiskCells
from harmony.statistics.samples import Floats, Integers

#: Numbers that the lowest level of the tree may hold at a time.
TREE_SIZE = 1 << 20

MOST_STEPS_FOR_Z = 60

#: A number of draws less likely than this is computed anew, with a z of its own.
LEAST_CHANCE = 1e-200


@dataclass(frozen=True, eq=False)
class _Draws:
    """
    Independent draws of several groups of rows.

    `zeroth` (groups, k) is the probability of 0, 1 ... draws; `first` (groups, k, p) and `second`
    (groups, k, p, p) are the expected sum of covariates drawn, and its outer product with itself, on that
    number of draws.
    """

    zeroth: Floats
    first: Floats
    second: Floats

    def part(self, groups: slice) -> _Draws:
        return _Draws(self.zeroth[groups], self.first[groups], self.second[groups])


def evaluate_exact(design: DesignMatrix, cells: RiskCells, coef: Floats) -> Evaluation:
    """
    Return the exact log partial likelihood with its derivatives.

    Parameters
    ----------
    design, cells, coef
        As in `partial_likelihood.evaluate`; the cells are those of exact or breslow, without weights.

    References
    ----------
    Cox, J R Stat Soc B 1972;34:187, section 6. Howard, ibid. 210. Gail, Lubin and Rubinstein, Biometrika
    1981;68:703, for the sum without listing the sets.
    """
    # An event alone at its time has Breslow's term.
    alone = evaluate(design, cells, coef, (cells.deaths == 1).astype(np.float64))
    loglik, score, information = alone.loglik, alone.score.copy(), alone.information.copy()
    x = design.fill(slice(0, design.n), np.empty((len(coef), design.n))).T
    predictor = x @ coef if cells.offset is None else x @ coef + cells.offset
    for dead, log_sum, mean, spread in (
        _nested(cells, predictor, x) if cells.first is None else _apart(cells, predictor, x)
    ):
        loglik += float(predictor[dead].sum()) - log_sum
        score += x[dead].sum(axis=0) - mean
        information += spread
    return Evaluation(loglik, score, information)


#: Rows that die together; log of the sum over sets, mean and covariance of the sets' covariate sums.
_Tie = tuple[Integers, float, Floats, Floats]


def _apart(cells: RiskCells, predictor: Floats, x: Floats) -> Iterator[_Tie]:
    """Give each tied time, its risk set looked at by itself: with delayed entry rows come and go."""
    last = np.where(cells.last == cells.c, -1, cells.last)
    first = None if cells.first is None else np.where(cells.first == cells.c, -1, cells.first)
    ends = np.array([part.stop for part in cells.strata])[cells.cell_stratum]
    for cell in np.flatnonzero(cells.deaths > 1):
        at_risk = (last >= cell) & (last < ends[cell])
        if first is not None:
            at_risk &= first < cell
        dead = cells.died[cells.death_cell == cell]
        rows = np.flatnonzero(at_risk)
        # When all at risk die there is one such set, and nothing to learn.
        if len(dead) < len(rows):
            yield dead, *_sets(predictor[rows], x[rows], len(dead))


def _nested(cells: RiskCells, predictor: Floats, x: Floats) -> Iterator[_Tie]:
    """Give each tied time from the last to the first: rows are only added, so draws are added up once."""
    order = np.argsort(-cells.last, kind="stable")
    descending = -cells.last[order]
    for part in cells.strata:
        tied = part.start + np.flatnonzero(cells.deaths[part] > 1)[::-1]
        if len(tied) == 0:
            continue
        begin = int(np.searchsorted(descending, -part.stop, side="right"))
        sizes = np.searchsorted(descending, -tied, side="right") - begin
        rows = order[begin : begin + int(sizes[-1])]
        growing = _Growing(predictor[rows], x[rows], sizes, cells.deaths[tied])
        for cell, size, d in zip(tied.tolist(), sizes.tolist(), cells.deaths[tied].tolist(), strict=True):
            growing.grow(size)
            if d < size:
                yield cells.died[cells.death_cell == cell], *growing.sets(size, d)


class _Growing:
    """Draws of a risk set that grows row by row, with one z for all of its sizes."""

    def __init__(self, predictor: Floats, x: Floats, sizes: Integers, deaths: Integers) -> None:
        self.predictor, self.x = predictor, x
        # Draws beyond the largest tie still to come are of no use.
        self.most = dict(zip(sizes.tolist(), np.maximum.accumulate(deaths[::-1])[::-1].tolist(), strict=True))
        largest = int(deaths.argmax())
        self.log_z = _log_z(predictor[: sizes[largest]], int(deaths[largest]))
        self.chance = 1.0 / (1.0 + np.exp(-(predictor + self.log_z)))
        self.log_factor = np.logaddexp(0.0, predictor + self.log_z).cumsum()
        self.size, self.draws = (
            0,
            _Draws(np.ones((1, 1)), np.zeros((1, 1, x.shape[1])), np.zeros((1, 1, x.shape[1], x.shape[1]))),
        )

    def grow(self, size: int) -> None:
        new = slice(self.size, size)
        most = self.most[size]
        self.draws = _added(self.draws, _drawn(self.chance[new], self.x[new], most), most)
        self.size = size

    def sets(self, size: int, d: int) -> tuple[float, Floats, Floats]:
        reached = float(self.draws.zeroth[0, d])
        if reached < LEAST_CHANCE:
            return _sets(self.predictor[:size], self.x[:size], d)
        mean = self.draws.first[0, d] / reached
        log_sum = float(np.log(reached) + self.log_factor[size - 1]) - d * self.log_z
        return log_sum, mean, self.draws.second[0, d] / reached - np.outer(mean, mean)


def _sets(predictor: Floats, x: Floats, d: int) -> tuple[float, Floats, Floats]:
    """Return the log of the sum over sets of size d, and mean and covariance of their covariate sums."""
    logit = predictor + _log_z(predictor, d)
    chance = 1.0 / (1.0 + np.exp(-logit))
    centre = chance @ x / d
    found = _drawn(chance, x - centre, d)
    reached = float(found.zeroth[0, d])
    mean = found.first[0, d] / reached
    log_sum = float(np.log(reached) + np.logaddexp(0.0, logit).sum()) - d * float((logit - predictor)[0])
    return log_sum, mean + d * centre, found.second[0, d] / reached - np.outer(mean, mean)


def _log_z(predictor: Floats, d: int) -> float:
    """Return log z at which about d draws are expected: by halving, any value near it serves."""
    low, high = -float(predictor.max()) - 50.0, -float(predictor.min()) + 50.0
    for _ in range(MOST_STEPS_FOR_Z):
        middle = (low + high) / 2.0
        drawn = float((1.0 / (1.0 + np.exp(-np.clip(predictor + middle, -700.0, 700.0)))).sum())
        if abs(drawn - d) < 1e-3 * d:
            return middle
        low, high = (middle, high) if drawn < d else (low, middle)
    return (low + high) / 2.0


def _drawn(chance: Floats, x: Floats, most: int) -> _Draws:
    """Return the draws of all rows together, up to `most` of them."""
    p = x.shape[1]
    size = max(2, TREE_SIZE // (2 * p * p))
    together: _Draws | None = None
    for start in range(0, len(chance), size):
        rows = slice(start, start + size)
        block = _single(chance[rows], x[rows])
        while len(block.zeroth) > 1:
            block = _paired(block, most)
        together = block if together is None else _added(together, block, most)
    if together is None:
        raise AssertionError("a risk set is never empty")
    return together


def _single(chance: Floats, x: Floats) -> _Draws:
    n, p = x.shape
    zeroth, first, second = np.empty((n, 2)), np.zeros((n, 2, p)), np.zeros((n, 2, p, p))
    zeroth[:, 0], zeroth[:, 1] = 1.0 - chance, chance
    first[:, 1] = chance[:, np.newaxis] * x
    second[:, 1] = first[:, 1, :, np.newaxis] * x[:, np.newaxis, :]
    return _Draws(zeroth, first, second)


def _paired(draws: _Draws, most: int) -> _Draws:
    """Add up neighbouring groups; an odd one out is kept for the next level."""
    even = len(draws.zeroth) // 2 * 2
    added = _added(draws.part(slice(0, even, 2)), draws.part(slice(1, even, 2)), most)
    if even == len(draws.zeroth):
        return added
    more = added.zeroth.shape[1] - draws.zeroth.shape[1]
    rest = draws.part(slice(even, even + 1))
    grown = [
        np.pad(part, [(0, 0), (0, more)] + [(0, 0)] * (part.ndim - 2))
        for part in (rest.zeroth, rest.first, rest.second)
    ]
    kept = (added.zeroth, added.first, added.second)
    return _Draws(*(np.concatenate(pair) for pair in zip(kept, grown, strict=True)))


def _added(a: _Draws, b: _Draws, most: int) -> _Draws:
    """Return the draws of two sets of groups together, group by group."""
    groups, degree = len(a.zeroth), min(a.zeroth.shape[1] + b.zeroth.shape[1] - 2, most)
    p = a.first.shape[2]
    zeroth, first = np.zeros((groups, degree + 1)), np.zeros((groups, degree + 1, p))
    second = np.zeros((groups, degree + 1, p, p))
    for j in range(min(b.zeroth.shape[1], degree + 1)):
        k = min(a.zeroth.shape[1], degree + 1 - j)
        f, g, h = a.zeroth[:, :k], a.first[:, :k], a.second[:, :k]
        fj, gj, hj = b.zeroth[:, j : j + 1], b.first[:, j : j + 1], b.second[:, j : j + 1]
        zeroth[:, j : j + k] += f * fj
        first[:, j : j + k] += g * fj[..., np.newaxis] + f[..., np.newaxis] * gj
        cross = g[..., :, np.newaxis] * gj[..., np.newaxis, :]
        second[:, j : j + k] += h * fj[..., np.newaxis, np.newaxis] + f[..., np.newaxis, np.newaxis] * hj
        second[:, j : j + k] += cross + np.swapaxes(cross, -1, -2)
    return _Draws(zeroth, first, second)

"""One stream of random numbers per named step, so that a new step never shifts an old one."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmony.simulation.laws import Floats, inverse_logit, logit, normal_quantile


@dataclass(frozen=True)
class Streams:
    """
    Draws of one run: the same seed, step and size give identical numbers, and a longer run begins with them.

    Attributes
    ----------
    seed : int
        0 or more.
    size : int
        Numbers per draw: one a patient.
    """

    seed: int
    size: int

    def uniform(self, step: str) -> Floats:
        """Return uniforms strictly between 0 and 1 of the step's own stream."""
        source = np.random.SeedSequence([self.seed, zlib.crc32(step.encode())])
        drawn = np.random.Generator(np.random.PCG64DXSM(source)).random(self.size)
        # The generator can give 0 exactly, whose quantile is minus infinity.
        return np.maximum(drawn, 2.0**-54)

    def normal(self, step: str) -> Floats:
        """Return standard normal draws."""
        return normal_quantile(self.uniform(step))

    def logistic(self, step: str) -> Floats:
        """Return standard logistic draws."""
        return logit(self.uniform(step))

    def exponential(self, step: str) -> Floats:
        """Return standard exponential draws."""
        return -np.log(self.uniform(step))

    def lognormal(self, step: str, median: float, sigma: float) -> Floats:
        """Return lognormal draws of a median and a standard deviation on the log scale."""
        return median * np.exp(sigma * self.normal(step))

    def happens(self, step: str, log_odds: Floats) -> NDArray[np.bool_]:
        """Return whether each patient's event of these log odds happens."""
        return self.uniform(step) < inverse_logit(log_odds)

    def below(self, step: str, probability: Floats | float) -> NDArray[np.bool_]:
        """Return whether each patient's event of these probabilities happens."""
        return self.uniform(step) < probability

    def index(self, step: str, weights: Sequence[float]) -> NDArray[np.int64]:
        """Return positions 0, 1, … drawn by weights that need not sum to 1."""
        return pick(self.uniform(step), weights)

    def name(self, step: str, weights: Mapping[str, float]) -> NDArray[np.str_]:
        """Return names drawn by their weights."""
        return np.array(list(weights))[self.index(step, list(weights.values()))]


def pick(uniform: Floats, weights: Sequence[float]) -> NDArray[np.int64]:
    """Turn uniforms into positions by cumulative weights."""
    edges = np.cumsum(weights) / np.sum(weights)
    return np.minimum(np.searchsorted(edges, uniform, side="right"), len(weights) - 1)

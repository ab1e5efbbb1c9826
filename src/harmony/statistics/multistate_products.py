"""Running products along many times, in blocks: a loop over the square root of the times, not over all."""

from __future__ import annotations

import numpy as np

from harmony.statistics.samples import Floats


class RunningProducts:
    """
    The product H[0] H[1] ... H[t] for every t, and what is carried along by it.

    Parameters
    ----------
    steps : float array of shape (k, s, s)
        One matrix per time, in order.

    Attributes
    ----------
    products : float array of shape (k, s, s)
    """

    def __init__(self, steps: Floats) -> None:
        self._length = len(steps)
        self._steps = self._blocks(steps, np.eye(steps.shape[-1]))
        self._within = self._steps.copy()
        for place in range(1, self._within.shape[1]):
            self._within[:, place] = self._within[:, place - 1] @ self._steps[:, place]
        start = np.empty((len(self._within), *steps.shape[1:]))
        start[0] = np.eye(steps.shape[-1])
        for block in range(1, len(start)):
            start[block] = start[block - 1] @ self._within[block - 1, -1]
        self.products = self._flat(start[:, np.newaxis] @ self._within)

    def carry(self, rows: Floats) -> Floats:
        """
        Return G[t] = G[t-1] H[t] + rows[t], starting from 0.

        Parameters
        ----------
        rows : float array of shape (k, r, s)

        Returns
        -------
        float array of shape (k, r, s)
        """
        within = self._blocks(rows, np.zeros(rows.shape[1:]))
        for place in range(1, within.shape[1]):
            within[:, place] += within[:, place - 1] @ self._steps[:, place]
        start = np.zeros((len(within), *rows.shape[1:]))
        for block in range(1, len(start)):
            start[block] = start[block - 1] @ self._within[block - 1, -1] + within[block - 1, -1]
        return self._flat(start[:, np.newaxis] @ self._within + within)

    def covariance(self, added: Floats) -> Floats:
        """
        Return C[t] = H[t]' C[t-1] H[t] + added[t], starting from 0.

        Parameters
        ----------
        added : float array of shape (k, s, s)

        Returns
        -------
        float array of shape (k, s, s)
        """
        turned, through = np.swapaxes(self._steps, -1, -2), np.swapaxes(self._within, -1, -2)
        within = self._blocks(added, np.zeros(added.shape[1:]))
        for place in range(1, within.shape[1]):
            within[:, place] += turned[:, place] @ within[:, place - 1] @ self._steps[:, place]
        start = np.zeros((len(within), *added.shape[1:]))
        for block in range(1, len(start)):
            previous = block - 1
            start[block] = through[previous, -1] @ start[previous] @ self._within[previous, -1]
            start[block] += within[previous, -1]
        return self._flat(through @ start[:, np.newaxis] @ self._within + within)

    def _blocks(self, values: Floats, filling: Floats) -> Floats:
        length = max(int(np.sqrt(self._length)), 1)
        count = max(-(-self._length // length), 1)
        filled = np.empty((count * length, *values.shape[1:]))
        filled[: self._length], filled[self._length :] = values, filling
        return filled.reshape(count, length, *values.shape[1:])

    def _flat(self, blocks: Floats) -> Floats:
        return blocks.reshape(-1, *blocks.shape[2:])[: self._length]

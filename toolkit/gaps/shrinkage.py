"""How far a territory's count of an activity is from the usual rate, and how sure that is.

Gamma-Poisson: a count is Poisson with mean theta x E, where E is the panel's rate times the
population, and theta, the territory's own ratio, is drawn for each territory from Gamma(k, k): its
mean is 1 and k says how alike territories are.  With k known, theta given a count x is
Gamma(k + x, k + E): few counts say little, and the ratio stays near 1.

Neither k nor the rate is known, and a panel of fifteen territories leaves both wide open: the
likelihood of k often rises without end, and an interval at its maximum holds the true ratio half of
the time only.  So the likelihood (of the panel, and of the count itself) is averaged over instead:
over k with a uniform prior of the shrinkage z / (z + k), where z is the median expected count
(Christiansen and Morris 1997), and over the rate, flat in its logarithm.  Both are finite sums
(nodes), so that a posterior is a mixture of gamma distributions.

A territory need not be like its panel: where all others are alike, the gamma's thin tail would call
a territory that has nothing usual too.  So with a small probability (``UNLIKE_SHARE``) its ratio is
drawn from Gamma(1, 1) instead: one node more.  See ``docs/decisions/0024-missing-activities.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Floats = NDArray[np.float64]

PANEL_MIN: Final = 3
"""Fewest territories from which a usual rate is told; with fewer, nothing says how alike they are.

The smallest ``panel_size`` of the settings."""
COVERED: Final = 0.9
"""Probability that an interval covers."""
_ALIKE: Final = np.geomspace(0.1, 1_000.0, 32)
"""Values of k: from territories of which most have nothing to some that differ by 3 %.

The cap has a reason: beyond 1,000 the spread between territories is below 3 %, which no count under
1,000 can tell from none at all.  So where counts vary less than chance would have it, and the
likelihood rises without end, nothing depends on where the values stop."""
UNLIKE_SHARE: Final = 0.05
"""How probably a territory is unlike its panel in an activity, before its count is looked at.

Own rule, one in twenty; what is told depends on its logarithm only."""
_UNLIKE: Final = 1.0
"""The k of such a territory: nothing but the mean is known."""
_STEPS, _HEFTS = np.polynomial.hermite_e.hermegauss(5)
"""Nodes and weights for the logarithm of the rate, in standard errors."""
_ROUNDS: Final = 60
_PRECISION: Final = 1e-9
"""Of the probability at an end of an interval."""
_CHUNK_CELLS: Final = 2_000_000
"""Cells of the largest array at a time (16 MB)."""


@dataclass(frozen=True, slots=True, eq=False)
class Ratios:
    """What is known of a territory's ratio to the usual rate, an entry an activity.

    Attributes
    ----------
    expected : ndarray of float
        Count that the rate of the panel gives here; 0 where the panel has none.
    ratio, low, high : ndarray of float
        Posterior mean, and the ends of the interval that holds 90 %; NaN where the panel has none:
        there is no usual rate to compare with.
    probability : ndarray of float
        That the ratio is below the threshold; 0 where the panel has none.
    rare_elsewhere : ndarray of float
        The same for any territory like those of the panel, before its count is looked at; 1 where
        the panel has none.
    """

    expected: Floats
    ratio: Floats
    low: Floats
    high: Floats
    probability: Floats
    rare_elsewhere: Floats


def find_ratios(
    counts: ArrayLike,
    populations: ArrayLike,
    *,
    observed: ArrayLike,
    population: float,
    threshold: float,
) -> Ratios:
    """Return how far a territory's counts are from those of a panel.

    Parameters
    ----------
    counts : array-like, shape (n_territories, n_activities)
        Counts of the territories compared with, this one not among them: what is asked is whether
        it is like the others, so it has no part in their rate.
    populations : array-like, shape (n_territories,)
        Persons of each, > 0.
    observed : array-like, shape (n_activities,)
        Counts of this territory.
    population : float
        Persons of this territory, > 0.
    threshold : float
        Ratio below which an activity is rare, > 0.

    Returns
    -------
    Ratios
        In the order of the activities.

    Raises
    ------
    ValueError
        If the panel has fewer than ``PANEL_MIN`` territories, a count is negative or not finite, a
        population or the threshold is not above zero, or shapes do not fit.

    Notes
    -----
    Cost: n_activities x n_territories x 160 logarithms, and about 5,000 gamma functions an
    activity.

    References
    ----------
    .. [1] Christiansen, C. L., Morris, C. N. (1997). Hierarchical Poisson regression modeling.
       https://doi.org/10.1080/01621459.1997.10474013

    Examples
    --------
    >>> panel = [[20, 9], [18, 12], [25, 11], [22, 8], [21, 10]]
    >>> found = find_ratios(
    ...     panel, [1000] * 5, observed=[0, 11], population=1000, threshold=0.5
    ... )
    >>> found.expected.tolist(), (found.probability > 0.9).tolist()
    ([21.2, 10.0], [True, False])
    """
    held, people, own = _checked(counts, populations, observed=observed)
    if not (population > 0 and np.isfinite(population) and threshold > 0):
        message = f"`population` {population} and `threshold` {threshold} must be above zero."
        raise ValueError(message)
    size = held.shape[1]
    expected = held.sum(axis=0) / people.sum() * population
    nothing = np.full(size, np.nan)
    made = Ratios(expected, nothing, nothing.copy(), nothing.copy(), np.zeros(size), np.ones(size))
    known = np.flatnonzero(expected > 0)
    step = max(1, _CHUNK_CELLS // (len(people) * len(_ALIKE) * len(_STEPS)))
    for start in range(0, len(known), step):
        part = known[start : start + step]
        usual = held[:, part].sum(axis=0) / people.sum()
        nodes = _nodes(held[:, part].T, usual[:, np.newaxis] * people)
        mixed = _Mixture.of(nodes, observed=own[part], expected=expected[part])
        made.ratio[part] = mixed.mean()
        made.low[part] = mixed.quantile((1 - COVERED) / 2)
        made.high[part] = mixed.quantile((1 + COVERED) / 2)
        made.probability[part] = mixed.below(threshold)
        before = special.gammainc(_ALIKE, _ALIKE * threshold)
        made.rare_elsewhere[part] = np.clip(
            _weights(nodes.likelihood).sum(axis=2) @ before, 0.0, 1.0
        )
    return made


def _checked(
    counts: ArrayLike, populations: ArrayLike, *, observed: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Return the three as arrays of floats, refused where they are no counts and populations."""
    held = np.asarray(counts, dtype="float64")
    people = np.asarray(populations, dtype="float64")
    own = np.asarray(observed, dtype="float64")
    if held.ndim != 2 or held.shape != (len(people), len(own)):  # noqa: PLR2004
        message = f"`counts` has shape {held.shape}; expected {(len(people), len(own))}."
        raise ValueError(message)
    if len(people) < PANEL_MIN:
        message = f"The panel has {len(people)} territories; expected {PANEL_MIN} or more."
        raise ValueError(message)
    if not all(np.isfinite(cells).all() and (cells >= 0).all() for cells in (held, own)):
        message = "Counts must be finite and >= 0; got something else."
        raise ValueError(message)
    if not (np.isfinite(people).all() and (people > 0).all()):
        message = "Populations must be finite and above zero; got something else."
        raise ValueError(message)
    return held, people, own


@dataclass(frozen=True, slots=True, eq=False)
class _Nodes:
    """What a panel leaves open, by activity, value of k and factor of the rate.

    ``likelihood`` is a logarithm up to a constant: a count may speak for nodes of which the panel
    leaves next to nothing.
    """

    factor: Floats
    likelihood: Floats


def _nodes(held: Floats, usual: Floats) -> _Nodes:
    """Return how likely each k and each factor of the rate are, given the panel.

    Parameters
    ----------
    held, usual : ndarray, shape (n_activities, n_territories)
        Counts, and those that the rate of the panel gives (> 0).
    """
    k = _ALIKE[np.newaxis, :, np.newaxis]
    x, mean = held[:, np.newaxis, :], usual[:, np.newaxis, :]
    # Standard error of the logarithm of the rate, where territories differ by 1 / k.
    variance = (mean + mean**2 / k).sum(axis=2) / mean.sum(axis=2) ** 2
    error = np.sqrt(variance)[:, :, np.newaxis]
    shift = error * _STEPS
    likelihood = special.gammaln(k + x).sum(axis=2) - x.shape[2] * (
        special.gammaln(_ALIKE) - _ALIKE * np.log(_ALIKE)
    )
    shifted = mean[:, :, np.newaxis, :] * np.exp(shift)[..., np.newaxis]
    spent = (k + x)[:, :, np.newaxis, :] * np.log(k[..., np.newaxis] + shifted)
    likelihood = likelihood[:, :, np.newaxis] + held.sum(axis=1)[:, np.newaxis, np.newaxis] * shift
    likelihood = likelihood - spent.sum(axis=3)
    middle = np.median(usual, axis=1)[:, np.newaxis, np.newaxis]
    prior = np.log(k * middle / (middle + k) ** 2)  # uniform shrinkage, for nodes even in log k
    drawn = np.log(error * _HEFTS) + _STEPS**2 / 2  # the nodes of the rate are normal: undone
    return _Nodes(np.exp(shift), likelihood + prior + drawn)


def _likelihood(k: Floats | float, x: Floats, *, mean: Floats) -> Floats:
    """Return the logarithm of how likely counts are whose mean is drawn from Gamma(k, k / mean)."""
    told = special.gammaln(k + x) - special.gammaln(k) + special.xlogy(k, k)
    return np.asarray(told + special.xlogy(x, mean) - (k + x) * np.log(k + mean))


def _weights(likelihood: Floats) -> Floats:
    """Return what a logarithm says of each node as weights that sum to 1 for each activity."""
    nodes = tuple(range(1, likelihood.ndim))
    weight = np.exp(likelihood - likelihood.max(axis=nodes, keepdims=True))
    return np.asarray(weight / weight.sum(axis=nodes, keepdims=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Mixture:
    """Mixtures of gamma distributions, one an activity: arrays (n_activities, n_nodes)."""

    shape: Floats
    rate: Floats
    weight: Floats

    @classmethod
    def of(cls, nodes: _Nodes, *, observed: Floats, expected: Floats) -> _Mixture:
        """Return what a count leaves open of the ratio.

        The count also says which nodes are likely, and whether the territory is like the panel.
        """
        k = _ALIKE[np.newaxis, :, np.newaxis]
        x, mean = observed[:, np.newaxis, np.newaxis], expected[:, np.newaxis, np.newaxis]
        usual = nodes.likelihood + _likelihood(k, x, mean=mean * nodes.factor)
        unlike = special.logsumexp(nodes.likelihood, axis=(1, 2), keepdims=True)
        unlike += _likelihood(_UNLIKE, x, mean=mean)
        rate = k + mean * nodes.factor
        flat = (len(observed), -1)
        parts = (
            (np.broadcast_to(k + x, rate.shape), rate, usual + np.log1p(-UNLIKE_SHARE)),
            (_UNLIKE + x, _UNLIKE + mean, unlike + np.log(UNLIKE_SHARE)),
        )
        shape, rate, likelihood = (
            np.concatenate([part[place].reshape(flat) for part in parts], axis=1)
            for place in range(3)
        )
        return cls(shape, rate, _weights(likelihood))

    def mean(self) -> Floats:
        """Return the means."""
        return np.asarray((self.weight * self.shape / self.rate).sum(axis=1))

    def below(self, value: float | Floats) -> Floats:
        """Return the probabilities of being below a value, or each below its own."""
        at = np.broadcast_to(value, (len(self.weight),))[:, np.newaxis]
        share = (self.weight * special.gammainc(self.shape, self.rate * at)).sum(axis=1)
        return np.asarray(np.clip(share, 0.0, 1.0))

    def quantile(self, probability: float) -> Floats:
        """Return the values below which a share lies: Newton's method in a shrinking bracket."""
        low, high = np.zeros(len(self.weight)), np.ones(len(self.weight))
        while (short := self.below(high) < probability).any():
            high = np.where(short, 2 * high, high)
        value, done = np.minimum(self.mean(), high), np.zeros(len(high), dtype="bool")
        for _ in range(_ROUNDS):
            off = self.below(value) - probability
            low, high = np.where(off < 0, value, low), np.where(off < 0, high, value)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                better = value * np.exp(-off / (self._slope(value) * value))
            inside = (better > low) & (better < high)
            better = np.where(inside, better, (low + high) / 2)
            done |= np.abs(off) < _PRECISION
            if done.all():
                break
            value = np.where(done, value, better)
        return value

    def _slope(self, value: Floats) -> Floats:
        """Return the densities, each at its own value."""
        at = value[:, np.newaxis]
        height = special.xlogy(self.shape - 1, at) - self.rate * at - special.gammaln(self.shape)
        return np.asarray((self.weight * np.exp(height + self.shape * np.log(self.rate))).sum(1))

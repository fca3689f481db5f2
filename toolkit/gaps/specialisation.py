"""Which activities a territory is specialised in, and which go together: quotients and density.

Plain functions of arrays.  Conventions, fixed once: an activity is no relative of itself (the
diagonal of the proximity is 0); an activity that goes with no other has density 0; where a row or a
column holds nothing the quotient is 0.  So nothing here is ever NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Floats = NDArray[np.float64]

PRESENT_FROM: Final = 1.0
"""Location quotient from which an activity counts as present (Balassa 1965)."""


def location_quotients(counts: ArrayLike) -> Floats:
    """Return how many times its usual share each activity has in each territory.

    LQ = (x_ta / x_t.) / (x_.a / x_..).

    Parameters
    ----------
    counts : array-like, shape (n_territories, n_activities)
        Establishments or jobs, finite and >= 0.

    Returns
    -------
    ndarray, shape (n_territories, n_activities), float
        0 where the row or the column holds nothing.

    Raises
    ------
    ValueError
        If a count is negative or not finite, or the array has not two dimensions.

    References
    ----------
    .. [1] Balassa, B. (1965). Trade liberalisation and "revealed" comparative advantage.

    Examples
    --------
    >>> location_quotients([[10, 0, 5, 1], [4, 8, 0, 0], [0, 6, 6, 2], [1, 1, 1, 9]])[0].tolist()
    [2.25, 0.0, 1.40625, 0.28125]
    """
    sizes = _checked(counts)
    usual = sizes.sum(axis=1, keepdims=True) * sizes.sum(axis=0, keepdims=True)
    whole = np.broadcast_to(usual, sizes.shape)
    quotients = np.zeros_like(sizes)
    np.divide(sizes * sizes.sum(), whole, out=quotients, where=whole > 0)
    return quotients


def presence(counts: ArrayLike) -> Floats:
    """Return 1 where an activity is present in a territory (LQ >= 1), else 0.

    Examples
    --------
    >>> presence([[2, 0], [1, 1]]).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return (location_quotients(counts) >= PRESENT_FROM).astype("float64")


def proximity(present: ArrayLike) -> Floats:
    """Return how often two activities are present together.

    phi_ij = C_ij / max(k_i, k_j): the smaller of the two shares of the territories having one that
    have the other too; C counts the territories that have both, k those that have one.

    Parameters
    ----------
    present : array-like, shape (n_territories, n_activities)
        1 where an activity is present, else 0.

    Returns
    -------
    ndarray, shape (n_activities, n_activities), float in [0, 1]
        Symmetric; the diagonal is 0, and so is all of an activity that goes with no other.

    Raises
    ------
    ValueError
        If the array has not two dimensions or holds anything but 0 and 1.

    References
    ----------
    .. [1] Hidalgo, C. A., Klinger, B., Barabasi, A.-L., Hausmann, R. (2007). The product space
       conditions the development of nations. https://doi.org/10.1126/science.1144581

    Examples
    --------
    >>> proximity([[1, 0, 1], [1, 1, 0], [0, 1, 1]]).tolist()
    [[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]
    """
    here = _binary(present)
    together = here.T @ here
    ubiquity = np.diagonal(together).copy()
    most = np.maximum(ubiquity[:, np.newaxis], ubiquity)
    most[most == 0.0] = 1.0  # an activity present nowhere goes with none: 0 / 1
    phi = np.divide(together, most, out=together)
    np.fill_diagonal(phi, 0.0)
    return phi


def relatedness_density(present: ArrayLike, phi: ArrayLike) -> Floats:
    """Return how much of what goes with an activity is present in a territory.

    omega_ti = sum_j M_tj phi_ij / sum_j phi_ij.

    Parameters
    ----------
    present : array-like, shape (n_territories, n_activities)
        1 where an activity is present, else 0.
    phi : array-like, shape (n_activities, n_activities)
        What :func:`proximity` returns.

    Returns
    -------
    ndarray, shape (n_territories, n_activities), float in [0, 1]
        0 for an activity that goes with no other.

    Raises
    ------
    ValueError
        If the shapes do not fit, or presence holds anything but 0 and 1.

    References
    ----------
    .. [1] Hidalgo, C. A. et al. (2007), as for :func:`proximity`; the diagonal is left out.

    Examples
    --------
    >>> made = [[1, 0, 1], [1, 1, 0], [0, 1, 1]]
    >>> relatedness_density(made, proximity(made))[0].tolist()
    [0.5, 1.0, 0.5]
    """
    here, ties = _binary(present), _checked(phi)
    if ties.shape != (here.shape[1], here.shape[1]):
        message = f"`phi` has shape {ties.shape}; expected {(here.shape[1], here.shape[1])}."
        raise ValueError(message)
    weight = ties.sum(axis=1)
    weight[weight == 0.0] = 1.0  # goes with no other activity: 0 / 1
    density = here @ ties.T
    density /= weight
    return np.minimum(density, 1.0, out=density)


def _checked(values: ArrayLike) -> Floats:
    """Return values as floats with two dimensions, refused where they are no amounts."""
    made = np.asarray(values, dtype="float64")
    if made.ndim != 2 or not np.isfinite(made).all() or (made < 0).any():  # noqa: PLR2004
        message = "Expected a table of finite amounts >= 0; got something else."
        raise ValueError(message)
    return made


def _binary(present: ArrayLike) -> Floats:
    made = np.asarray(present, dtype="float64")
    if made.ndim != 2 or not ((made == 0.0) | (made == 1.0)).all():  # noqa: PLR2004
        message = "Expected a table of 0 and 1; got something else."
        raise ValueError(message)
    return made

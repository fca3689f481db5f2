"""Relatedness density of 1,255 territories x 732 activities, against py-ecomplexity (aim 50 x).

Both start from the same counts, in one process and turn by turn; the aim is against the package as
it is called (a frame in, a frame out, without its check of supermodularity).  Its two functions of
arrays alone, and how far its values are from ours (1e-9 at most), are printed too.  The peer is of
the group ``peers`` of pyproject.toml.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import time
import warnings

import numpy as np
import pandas as pd

from toolkit.gaps import specialisation

TERRITORIES, ACTIVITIES = 1_255, 732
REPEAT = 5
COLUMNS = {"time": "year", "loc": "territory", "prod": "activity", "val": "count"}


def made(seed: int = 1) -> np.ndarray:
    """Return made counts: large and small territories, common and rare activities."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0.0, 1.0, (TERRITORIES, 1))
    common = rng.gamma(0.4, 5.0, (1, ACTIVITIES))
    own = rng.gamma(0.7, 1 / 0.7, (TERRITORIES, ACTIVITIES))
    counts = rng.poisson(size * common * own)
    counts[np.arange(ACTIVITIES), np.arange(ACTIVITIES)] += 1
    counts[:, 0] += 1
    return counts


def ours(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return proximity and density."""
    present = specialisation.presence(counts)
    phi = specialisation.proximity(present)
    return phi, specialisation.relatedness_density(present, phi)


def timed(call, *, repeat: int = REPEAT) -> tuple[float, object]:  # noqa: ANN001 - any function
    """Return the median seconds of a function and what it returns."""
    seconds, found = [], None
    for _ in range(repeat):
        began = time.perf_counter()
        found = call()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), found


def main() -> None:
    """Print the seconds, the ratio and the largest difference."""
    counts = made()
    ours(counts)  # the first products start the threads
    mine, found = timed(lambda: ours(counts))
    print(f"toolkit.gaps.specialisation: {mine:.3f} s")
    try:
        from ecomplexity import ecomplexity  # noqa: PLC0415 - a peer, perhaps not installed
        from ecomplexity.calc_density import calc_density  # noqa: PLC0415 - as above
        from ecomplexity.calc_proximity import calc_discrete_proximity  # noqa: PLC0415 - as above
    except ModuleNotFoundError:
        print("py-ecomplexity is not installed: no ratio (dependency group `peers`)")
        return
    frame = pd.DataFrame(counts).melt(ignore_index=False, var_name="activity", value_name="count")
    frame = frame.rename_axis("territory").reset_index().assign(year=2026)

    def package():  # noqa: ANN202 - a frame
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            return ecomplexity(frame, COLUMNS, check_logsupermodularity=False, verbose=False)

    present = specialisation.presence(counts)
    whole = present.astype("int64")  # as the package holds it

    def arrays():  # noqa: ANN202 - an array
        return calc_density(whole, calc_discrete_proximity(whole, whole.sum(axis=0)))

    theirs, peer = timed(package, repeat=1)
    bare, density = timed(arrays, repeat=3)
    again, found = timed(lambda: ours(counts))
    mine = statistics.median([mine, again])
    phi, own = found
    weight = phi.sum(axis=1) + 1.0  # theirs holds the activity itself, at weight 1
    peer = peer.sort_values(["territory", "activity"])["density"].to_numpy().reshape(own.shape)
    worst = max(
        float(np.abs((one * weight - present) / (weight - 1.0) - own).max())
        for one in (peer, density)
    )
    print(f"py-ecomplexity as called: {theirs:.2f} s, {theirs / mine:.0f} x")
    print(f"its two functions of arrays: {bare:.2f} s, {bare / mine:.1f} x")
    print(f"largest difference of a density: {worst:.1e}")


if __name__ == "__main__":
    main()

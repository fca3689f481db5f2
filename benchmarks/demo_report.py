"""From command to report on the demo territory: aim 10 s, report under 2.5 MB."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import python, run


def main() -> None:
    """Print seconds, memory and size, beside the time geopandas and folium take to be imported."""
    with tempfile.TemporaryDirectory() as folder:
        peer, _ = run(python("import geopandas, folium"), repeat=3)
        times = []
        for turn in range(3):
            target = Path(folder) / f"demo-{turn}"
            seconds, memory = run([sys.executable, "-m", "toolkit", "demo", str(target)], repeat=1)
            times.append(seconds)
        size = (target / "rapports" / "diagnostic-fr.html").stat().st_size / 1e6
    print(f"import geopandas and folium     {peer:6.2f} s")
    print(
        f"maillage demo                   {min(times):6.2f} s   {min(times) / peer:5.1f} x imports"
    )
    print(f"peak memory                     {memory:6.0f} MB")
    print(f"report                          {size:6.2f} MB")


if __name__ == "__main__":
    main()

"""Start-up: ``maillage --help`` (aim 0.4 s), ``import toolkit`` (aim 1.2 s), against bare peers."""

from __future__ import annotations

import sys

from measure import python, run


def main() -> None:
    """Print seconds and ratios."""
    bare, _ = run(python("pass"), repeat=7)
    geopandas, _ = run(python("import geopandas"), repeat=5)
    help_, _ = run([sys.executable, "-m", "toolkit", "--help"], repeat=7)
    lazy, _ = run(python("import toolkit"), repeat=7)
    full, _ = run(
        python("from toolkit import Territory, diagnose, write_report, Workspace, map_of"), repeat=5
    )
    print(f"python, nothing imported        {bare:6.2f} s")
    print(f"import geopandas                {geopandas:6.2f} s")
    print(f"maillage --help                 {help_:6.2f} s   {help_ / bare:5.1f} x bare python")
    print(f"import toolkit                  {lazy:6.2f} s   {lazy / bare:5.1f} x bare python")
    print(f"all main names of toolkit       {full:6.2f} s   {full / geopandas:5.1f} x geopandas")


if __name__ == "__main__":
    main()

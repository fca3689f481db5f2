"""Count what passed in the jobs of `.ci/run`; its last line is the result of them all.

A job that runs tests counts by its tests, another one as one. A test that was skipped though
everything it needs is on this machine counts as failed.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

# Reasons that cannot hold in this run: `.ci/run` provides a browser.
PROVIDED = ("chromium", "browser")


def count_tests(path: Path) -> Counter[str]:
    """Count the tests of one JUnit file, and name those that had no right to be skipped."""
    totals: Counter[str] = Counter()
    for case in ET.parse(path).iter("testcase"):  # noqa: S314 - written by pytest just now
        skipped = case.find("skipped")
        name = f"{case.get('classname')}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            totals["failed"] += 1
        elif skipped is None:
            totals["passed"] += 1
        elif any(word in skipped.get("message", "").lower() for word in PROVIDED):
            print(f"skipped without need: {name}: {skipped.get('message')}")
            totals["failed"] += 1
        else:
            totals["skipped"] += 1
    return totals


def main() -> None:
    """Read the folder of results and print the total."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="folder of *.job and *.xml files")
    totals: Counter[str] = Counter()
    for path in sorted(parser.parse_args().results.glob("*.job")):
        outcome = path.read_text(encoding="utf-8").strip()
        tests = path.with_suffix(".xml")
        counted = count_tests(tests) if tests.is_file() else Counter({outcome: 1})
        if outcome == "failed" and not counted["failed"]:
            counted["failed"] = 1  # it broke outside its tests
        totals += counted
    print(", ".join(f"{totals[word]} {word}" for word in ("passed", "failed", "skipped")))
    sys.exit(1 if totals["failed"] or not totals["passed"] else 0)


if __name__ == "__main__":
    main()

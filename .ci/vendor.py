r"""Make the browser files in `toolkit/assets` again, from npm packages.

Run `npm pack leaflet@1.9.4 jquery@3.7.1 leaflet.markercluster@1.5.3` in an empty folder,
then `python .ci/vendor.py FOLDER`. The same packages always give the same bytes.

What is changed in a file, and why:

- images of style sheets become `data:` addresses: a report must open without network;
- source map comments go: a browser with open tools would ask for the map, and since the
  comment has no line end, a script put after it would be commented out;
- `</script` is written `<\/script`, which means the same in a string or a pattern, so that
  the file can stand inside a page;
- the licence goes on top, because a report carries the file to people who have nothing else;
- `leaflet-icons.js` is ours: Leaflet guesses the folder of its marker pictures from a style
  sheet address, and cannot once that is a `data:` address.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

ASSETS = Path(__file__).resolve().parents[1] / "toolkit" / "assets"


@dataclass(frozen=True)
class Package:
    """One npm package of a fixed version, and where its licence is."""

    name: str
    version: str
    licence: str
    licence_file: str

    @property
    def archive(self) -> str:
        """File name that `npm pack` gives."""
        return f"{self.name}-{self.version}.tgz"


@dataclass(frozen=True)
class Asset:
    """One file to write, and the files of the package it is made of."""

    name: str
    package: Package
    parts: tuple[str, ...]


LEAFLET = Package("leaflet", "1.9.4", "BSD-2-Clause", "LICENSE")
JQUERY = Package("jquery", "3.7.1", "MIT", "LICENSE.txt")
CLUSTER = Package("leaflet.markercluster", "1.5.3", "MIT", "MIT-LICENCE.txt")

# The slim jQuery: folium only calls `$()` on a piece of HTML; it has no network functions.
FILES = (
    Asset("jquery.js", JQUERY, ("dist/jquery.slim.min.js",)),
    Asset("leaflet.css", LEAFLET, ("dist/leaflet.css",)),
    Asset("leaflet.js", LEAFLET, ("dist/leaflet.js",)),
    Asset(
        "markercluster.css", CLUSTER, ("dist/MarkerCluster.css", "dist/MarkerCluster.Default.css")
    ),
    Asset("markercluster.js", CLUSTER, ("dist/leaflet.markercluster.js",)),
)
ICONS = "leaflet-icons.js"
ICON_FILES = {
    "iconUrl": "dist/images/marker-icon.png",
    "iconRetinaUrl": "dist/images/marker-icon-2x.png",
    "shadowUrl": "dist/images/marker-shadow.png",
}


class Archive:
    """Read the files of one npm package without unpacking it."""

    def __init__(self, folder: Path, package: Package) -> None:
        path = folder / package.archive
        if not path.is_file():
            sys.exit(f"{path} is missing. Run: npm pack {package.name}@{package.version}")
        with tarfile.open(path) as tar:
            self._files = {
                member.name.partition("/")[2]: tar.extractfile(member).read()
                for member in tar.getmembers()
                if member.isfile()
            }
        found = json.loads(self.read("package.json"))["version"]
        if found != package.version:
            sys.exit(f"{path} holds version {found}; expected {package.version}.")
        self.package = package

    def read(self, name: str) -> bytes:
        """Return one file of the package."""
        return self._files[name]

    def text(self, name: str) -> str:
        """Return one file of the package as text with Unix line ends."""
        return self.read(name).decode("utf-8").replace("\r\n", "\n")

    def image(self, name: str) -> str:
        """Return a PNG file of the package as a `data:` address."""
        return "data:image/png;base64," + base64.b64encode(self.read(name)).decode("ascii")

    def banner(self) -> str:
        """Return name, version and licence as a comment that minifiers keep."""
        licence = self.text(self.package.licence_file).strip().replace("*/", "* /")
        return f"/*! {self.package.name} {self.package.version}\n\n{licence}\n*/\n"


def without_source_map(text: str) -> str:
    """Return the text without its source map comments."""
    text = re.sub(r"^[ \t]*//[#@] ?sourceMappingURL=.*$", "", text, flags=re.MULTILINE)
    return re.sub(r"/\*[#@] ?sourceMappingURL=.*?\*/", "", text, flags=re.DOTALL)


def script(text: str) -> str:
    """Return a script that can stand inside a page."""
    text = re.sub(r"</(script)", r"<\\/\1", without_source_map(text), flags=re.IGNORECASE)
    if "<!--" in text:
        sys.exit("a script holds '<!--', which would change how a page around it is read.")
    return text.strip() + "\n"


def style(text: str, archive: Archive) -> str:
    """Return a style sheet whose pictures are inside it."""

    def inlined(match: re.Match[str]) -> str:
        address = match["address"]
        if address.startswith("#"):  # a name inside the page, not a file
            return match[0]
        return f"url({archive.image('dist/' + address)})"

    text = re.sub(r"url\(\s*['\"]?(?P<address>[^'\")]+)['\"]?\s*\)", inlined, text)
    return without_source_map(text).strip() + "\n"


def icons(archive: Archive) -> str:
    """Return the script that hands Leaflet its marker pictures."""
    options = {option: archive.image(name) for option, name in ICON_FILES.items()}
    return (
        f"/*! marker pictures of {archive.package.name} {archive.package.version}, "
        f"{archive.package.licence} */\n"
        'L.Icon.Default.imagePath = "";\n'
        f"L.Icon.Default.mergeOptions({json.dumps(options, indent=2)});\n"
    )


def licences(written: dict[str, tuple[str, Package]], archives: dict[str, Archive]) -> str:
    """Return LICENSES.md: a table of the files, then every licence in full."""
    lines = [
        "# Vendored browser files",
        "",
        "Written by `.ci/vendor.py`; do not edit. A test compares the checksums.",
        "",
        "| file | package | version | licence | copyright | sha256 |",
        "|---|---|---|---|---|---|",
    ]
    for name, (text, package) in sorted(written.items()):
        licence = archives[package.name].text(package.licence_file)
        owners = "; ".join(re.findall(r"^Copyright .*$", licence, flags=re.MULTILINE))
        digest = hashlib.sha256(text.encode()).hexdigest()
        lines.append(
            f"| {name} | {package.name} | {package.version} | {package.licence} "
            f"| {owners} | {digest} |"
        )
    for archive in archives.values():
        package = archive.package
        text = archive.text(package.licence_file).strip()
        lines += ["", f"## {package.name} {package.version}", "", "```text", text, "```"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write every asset and LICENSES.md."""
    parser = argparse.ArgumentParser(description="Make toolkit/assets again from npm packages.")
    parser.add_argument("folder", type=Path, help="folder with the .tgz files of `npm pack`")
    folder = parser.parse_args().folder
    archives = {p.name: Archive(folder, p) for p in (JQUERY, LEAFLET, CLUSTER)}
    written: dict[str, tuple[str, Package]] = {}
    for asset in FILES:
        archive = archives[asset.package.name]
        text = "\n".join(archive.text(part) for part in asset.parts)
        text = script(text) if asset.name.endswith(".js") else style(text, archive)
        written[asset.name] = (archive.banner() + text, asset.package)
    written[ICONS] = (icons(archives[LEAFLET.name]), LEAFLET)
    ASSETS.mkdir(parents=True, exist_ok=True)
    for name, (text, _) in written.items():
        (ASSETS / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{name}: {len(text.encode()):,} bytes")
    (ASSETS / "LICENSES.md").write_text(licences(written, archives), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

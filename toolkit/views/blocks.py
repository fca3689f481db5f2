"""How data, scripts and styles are laid into a page so that nothing in them can act as code."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from typing import Final

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_IN_STRING: Final = str.maketrans(
    {mark: f"\\u{ord(mark):04x}" for mark in "<>&{}\u2028\u2029"},
)
_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_HTML_ESCAPES: Final = str.maketrans(
    {
        **{mark: f"&#{ord(mark)};" for mark in "&<>\"'`${}\\"},
        **dict.fromkeys("\r\n\u2028\u2029", " "),
    }
)


def data_json(data: object) -> str:
    r"""Return data as JSON for a script element, which no template can read as code.

    Inside strings ``<``, ``>``, ``&``, ``{``, ``}`` and the two line separators are written as
    ``\uXXXX``; the keys and the structure keep their braces.

    Parameters
    ----------
    data : object
        Plain dicts, lists, strings, numbers, booleans and None.

    Raises
    ------
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> data_json({"name": "</script>{{7*7}}"})
    '{"name":"\\u003c/script\\u003e\\u007b\\u007b7*7\\u007d\\u007d"}'
    """
    encoder = json.JSONEncoder(
        ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False
    )
    return "".join(_guarded(encoder.encode(data)))


def _guarded(written: str) -> Iterable[str]:
    """Yield JSON text with the dangerous marks of its strings escaped."""
    end = 0
    for found in _STRING.finditer(written):
        yield written[end : found.start()]
        yield found.group().translate(_IN_STRING)
        end = found.end()
    yield written[end:]


def data_block(data: object, *, name: str) -> str:
    """Return data as an inert script element with an id.

    Parameters
    ----------
    data : object
        As for :func:`data_json`.
    name : str
        Id of the element.
    """
    return f'<script type="application/json" id="{name}">{data_json(data)}</script>'


def script_block(code: str) -> str:
    """Return code of the project or of a vendored library as an inline script.

    The end mark of a script and the pointer to a source map, which would be asked for, are defused.
    """
    code = re.sub(r"^//[#@] ?sourceMappingURL=.*$", "", code, flags=re.MULTILINE)
    code = code.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return f"<script>{code}\n</script>"


def style_block(rules: str) -> str:
    """Return style rules as an inline style sheet."""
    return "<style>" + rules.replace("</style", "<\\/style") + "\n</style>"


def script_hashes(*pages: str) -> list[str]:
    """Return the CSP source of every inline script of pages, sorted.

    Examples
    --------
    >>> script_hashes("<script>1</script>")
    ["'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"]
    """
    codes = {code for page in pages for code in _SCRIPT.findall(page)}
    return sorted(
        f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
        for code in codes
    )


def policy(*pages: str) -> str:
    """Return the content security policy of pages: their own inline scripts and nothing else.

    Styles may be inline; pictures and fonts only data; no request, no form, no base.
    """
    hashes = " ".join(script_hashes(*pages)) or "'none'"
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "font-src data:; base-uri 'none'; form-action 'none'"
    )


def policy_tag(*pages: str) -> str:
    """Return the policy as the element that must stand first in the head of the page."""
    return f'<meta http-equiv="Content-Security-Policy" content="{policy(*pages)}">'


def frame_source(page: str) -> str:
    """Return a page as the value of a ``srcdoc`` attribute in single quotes.

    Double quotes, of which scripts and data are full, stay as they are: the file stays small.
    """
    return page.replace("&", "&amp;").replace("'", "&#39;")


def html_text(words: str) -> str:
    """Return text for the few places where a library takes HTML (names of layers).

    Every mark that is code in HTML, in a script string or in a template becomes a character
    reference; line ends become blanks.

    Examples
    --------
    >>> html_text("<b>{{1}}")
    '&#60;b&#62;&#123;&#123;1&#125;&#125;'
    """
    return words.translate(_HTML_ESCAPES)

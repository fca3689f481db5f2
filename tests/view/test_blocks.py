from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.views import blocks

PAYLOADS = [
    "{{7*7}}", "{% raw", "{#", "${alert(1)}", "</script><script>alert(1)</script>", "<!--",
    "<img src=x onerror=alert(1)>", "`", "'\"&", "\u2028\u2029", "\u202eabc\u200b", "\\", "]]>",
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_data_come_back_letter_for_letter(payload):
    assert json.loads(blocks.data_json({"a": [payload], payload: 1})) == {
        "a": [payload],
        payload: 1,
    }


@given(st.text())
def test_no_string_of_data_can_act(words):
    written = blocks.data_json([words])
    assert json.loads(written) == [words]
    assert not re.search(r"[<>&{}\u2028\u2029]", written)


def test_data_refuse_what_json_cannot_hold():
    with pytest.raises(ValueError, match="Out of range"):
        blocks.data_json({"a": float("nan")})


@given(st.text())
def test_html_text_holds_no_mark_that_is_code(words):
    assert not re.search(r"[<>\"'`${}\\\r\n\u2028\u2029]", blocks.html_text(words))


def test_script_cannot_be_closed_from_inside_and_asks_for_no_source_map():
    block = blocks.script_block('a = "</script>";\n//# sourceMappingURL=leaflet.js.map')
    assert block.count("</script") == 1
    assert "sourceMappingURL" not in block


def test_policy_names_every_inline_script_and_no_other():
    data = '<script type="application/json">{}</script>'
    page = f"<script>one()</script><p></p>{data}<script>two()</script>"
    policy = blocks.policy(page)
    assert policy.count("'sha256-") == 2
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_policy_without_script_allows_none():
    assert "script-src 'none';" in blocks.policy("<p></p>")


def test_frame_source_is_undone_by_a_browser():
    from html import unescape

    page = '<p title="a">l\'eau & le <b>sel</b> &amp; &#39;</p>'
    source = blocks.frame_source(page)
    assert "'" not in source
    assert unescape(source) == page

"""The file of identity: written once, readable by an officer, checked when read."""

from __future__ import annotations

import dataclasses
import tomllib

import pytest

from toolkit.errors import WorkspaceError
from toolkit.language import has_text
from toolkit.settings import OWN, Settings
from toolkit.workspace import identity
from toolkit.workspace.identity import Identity


def test_file_is_read_back():
    who = Identity('Pays "d\'Ô" \\n {{x}}', language="en", fictional=True, cog_year=2026)
    values = tomllib.loads(identity.render(who))
    assert values == {
        "name": who.name,
        "language": "en",
        "fictional": True,
        "cog_year": 2026,
        "settings": {},
    }


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_each_setting_is_explained_and_its_default_is_ready_to_use(lang):
    written = identity.render(Identity("V", language=lang))
    body = written.partition("[settings]")[2]
    ready = "\n".join(
        line.removeprefix("# ")
        for line in body.splitlines()
        if " = " in line and line.startswith("# ")
    )
    assert Settings.from_mapping(tomllib.loads(ready)) == Settings()
    for rule in dataclasses.fields(Settings):
        if rule.name != "language":
            assert has_text(f"workspace.setting.{rule.name}", lang=lang)
            assert rule.metadata["source"] == OWN or has_text(
                f"workspace.setting_source.{rule.name}", lang=lang
            )
            assert f"# {rule.name} = " in written


def test_file_saved_by_the_notepad_is_read(tmp_path):
    path = tmp_path / "territoire.toml"
    path.write_bytes(b'\xef\xbb\xbfname = "\xc3\x89tang"\r\nlanguage = "fr"\r\n')
    assert identity.read(path) == Identity("Étang")


@pytest.mark.parametrize(
    "content, codes",
    [
        ('name = "Étang"'.encode("cp1252"), ["workspace_toml_encoding"]),
        (b"name = Etang", ["workspace_toml_broken"]),
        (b"", ["workspace_toml_name"]),
        (
            b'name = "V"\nlanguage = "de"\nfictional = 1',
            ["workspace_toml_language", "workspace_toml_boolean"],
        ),
        (
            b'name = " "\ncog_year = "2026"\nsettings = 3',
            ["workspace_toml_name", "workspace_toml_year", "workspace_toml_table"],
        ),
    ],
)
def test_faults_are_told_at_once(tmp_path, content, codes):
    path = tmp_path / "territoire.toml"
    path.write_bytes(content)
    with pytest.raises(WorkspaceError) as error:
        identity.read(path)
    assert [problem.code for problem in error.value.problem_list] == codes
    assert {problem.where for problem in error.value.problem_list} == {"territoire.toml"}


def test_file_out_of_reach_is_named(tmp_path):
    with pytest.raises(WorkspaceError) as error:
        identity.read(tmp_path)
    assert error.value.code == "workspace_io"

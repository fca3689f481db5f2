"""Partnerships proposed on the command line: wishes, why there are none, what is overdue."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit import cli
from toolkit.workspace import Workspace

COLD = {"category": "premises.cold_room", "unit": "m3", "period": "once", "basis": "observed"}


@pytest.fixture
def folder(tiny_territory, tmp_path):
    """Return a territory where A1 wants a cold room, of which A2 has a part."""
    needs = pd.DataFrame([{"need_id": "N1", "actor_id": "A1", "quantity": 80.0, **COLD}])
    resources = pd.DataFrame(
        [{"resource_id": "R1", "actor_id": "A2", "quantity": 60.0, "available": "surplus", **COLD}]
    )
    path = tmp_path / "val"
    Workspace.from_territory(
        path, tiny_territory.replace(needs=needs, resources=resources), lang="en"
    )
    return path


def run(capsys, *words: object) -> tuple[int, str, str]:
    code = cli.main([str(word) for word in words])
    told = capsys.readouterr()
    return code, told.out.replace("\N{NO-BREAK SPACE}", " "), told.err


def test_members_are_told_with_their_role_and_reason(folder, capsys):
    code, out, _ = run(capsys, "partners", folder)
    assert code == 0
    assert "Scierie Dubois – Holder of the resource: " in out
    assert "Ressourcerie de l'Ambre – User: States this need, which is still unmet" in out
    assert "proven the best composition" in out
    assert "solid" in out


def test_what_is_only_estimated_is_told_as_such(folder, capsys):
    needs = Workspace(folder).tables()["needs"].assign(basis="estimated")
    Workspace(folder).write({"needs": needs}, what="test")
    _, out, _ = run(capsys, "partners", folder)
    told = next(line for line in out.splitlines() if "Ambre – User" in line)
    assert told.endswith("(Estimated, to be confirmed)")
    holder = next(line for line in out.splitlines() if "Holder of the resource" in line)
    assert "stimated" not in holder


def test_types_and_number_are_wishes(folder, capsys):
    code, out, _ = run(capsys, "partners", folder, "--type", "ess_business", "--budget", 1)
    assert code == 0
    assert "1 partnership to animate" in out
    assert "Mairie" not in out.split("Calls without candidate")[0]
    code, out, err = run(capsys, "partners", folder, "--type", "guild")
    assert code != 0
    assert "Diagnosis" not in out
    assert "guild" in err


def test_who_is_excluded_is_not_called_and_the_rule_is_told(folder, capsys):
    code, out, _ = run(capsys, "partners", folder, "--without", "scierie dubois")
    assert code == 0
    chosen, _, empty = out.partition("Calls without candidate")
    assert "Scierie" not in chosen
    assert "are excluded: Scierie Dubois. To have some: take an excluded actor back" in empty


def test_an_imposed_actor_is_in_every_candidate_or_the_answer_says_why_not(folder, capsys):
    _, out, _ = run(capsys, "partners", folder, "--must", "Lycée agricole du Val")
    assert out.count("Lycée agricole du Val – ") == out.count("No. ") > 0
    never = ("--must", "A6", "--without", "A6", "--lang", "fr")
    code, out, _ = run(capsys, "partners", folder, *never)
    assert code == 0
    assert "Aucun partenariat ne peut être proposé." in out
    assert "Régie de quartier" in out
    assert "reprendre un acteur écarté" in out


def test_names_that_are_none_are_all_told(folder, capsys):
    code, _, err = run(capsys, "partners", folder, "--must", "scierie dubos", "--without", "A99")
    assert code == 2
    assert "Scierie Dubois" in err
    assert "Lycée agricole du Val" in run(capsys, "partners", folder, "--must", "lycee")[2]
    both = run(capsys, "partners", folder, "--must", "nobody, nowhere")[2]
    assert "nobody" in both
    assert "nowhere" in both


def test_next_steps_are_listed_overdue_ones_first(folder, capsys):
    workspace = Workspace(folder)
    for name, due in (("P-late", "2020-01-31"), ("P-soon", "2999-01-31")):
        workspace.decide(
            name, decision="accepted", title=name, next_step="Call them", due_date=due, who="Me"
        )
    _, out, _ = run(capsys, "partners", folder)
    steps = out.partition("Next steps")[2]
    assert steps.index("OVERDUE since") < steps.index("By ")
    assert "P-late" in steps.splitlines()[1]
    assert "Call them [Me]" in steps


def test_nothing_is_written(folder, capsys):
    before = (folder / "territoire.gpkg").read_bytes()
    run(capsys, "partners", folder, "--budget", 1)
    assert (folder / "territoire.gpkg").read_bytes() == before

"""Problems and exceptions: words, frames, travel."""

from __future__ import annotations

import pickle

import pytest

from toolkit import errors
from toolkit.errors import DataError, Problem, SchemaError, ToolkitError, UsageError

ONE = Problem(
    "negative_number",
    table="resources",
    row="7",
    column="quantity",
    found="-3",
    where="saisie.xlsx, Ressources",
)


def test_a_problem_is_one_sentence_where_found_expected_remedy():
    assert errors.english(ONE) == (
        "saisie.xlsx, Ressources, row 7, `quantity`: -3 is negative. Expected zero or more. "
        "Correct the number, or empty the cell if it is unknown."
    )


def test_the_text_shows_five_problems_and_counts_the_rest():
    error = SchemaError(Problem("negative_number", row=str(row), found="-1") for row in range(8))
    lines = str(error).splitlines()
    assert len(lines) == 6
    assert lines[-1] == "... and 3 more problems (see .problems)."
    assert len(error.problem_list) == len(error.problems) == 8


def test_problems_are_a_frame():
    frame = SchemaError(ONE).problems
    assert list(frame.columns) == ["where", "table", "row", "column", "code", "found"]
    assert frame.iloc[0].tolist() == [
        "saisie.xlsx, Ressources",
        "resources",
        "7",
        "quantity",
        "negative_number",
        "-3",
    ]


def test_the_code_is_that_of_the_first_problem():
    assert SchemaError([ONE, Problem("bad_number")]).code == "negative_number"


@pytest.mark.parametrize("found", ["{{7*7}}", "{x}", "{", "%s", "${a}", "</script>"])
def test_what_was_found_is_text_and_never_a_format(found):
    assert found in errors.english(Problem("bad_number", found=found))


def test_parameters_are_frozen_and_problems_hashable():
    problem = Problem("number_too_large", params={"maximum": 3})
    with pytest.raises(TypeError):
        problem.params["maximum"] = 4
    assert len({problem, Problem("number_too_large", params={"maximum": 3})}) == 1


@pytest.mark.parametrize(
    "kind", [ToolkitError, SchemaError, errors.CrsError, UsageError, errors.MissingDependencyError]
)
def test_errors_come_back_whole_from_another_process(kind):
    there = pickle.loads(
        pickle.dumps(kind([ONE, Problem("bad_number", found="x", params={"a": 1})]))
    )
    assert type(there) is kind
    assert there.problem_list[0] == ONE
    assert dict(there.problem_list[1].params) == {"a": 1}


def test_data_errors_are_value_errors_and_all_are_toolkit_errors():
    for kind in (
        errors.SchemaError,
        errors.CrsError,
        errors.WorkbookError,
        errors.WorkspaceError,
        errors.SettingsError,
    ):
        assert issubclass(kind, DataError)
        assert issubclass(kind, ValueError)
        assert issubclass(kind, ToolkitError)

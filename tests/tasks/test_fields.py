"""That what must be spelled out elsewhere is spelled as the fields are declared."""

from __future__ import annotations

import pytest

from neontodo.fields import COLUMN_TYPES, FIELD_OF, FIELDS, FILTERED, Field, Kind
from neontodo.launcher.main import EDITS
from neontodo.models import Task, TaskCreate, TaskPublic, TaskUpdate

OWN = {"user_id", "id", "search_text", "seq"}
LATER = {"repeat", "series_id", "conflicts"}
LATER |= {"claimed_by", "claimed_until"}
"""Columns of migration 0003 that have no field yet."""


def test_the_table_has_the_declared_columns_and_no_others() -> None:
    assert {*Task.metadata.tables["tasks"].columns.keys()} - OWN - LATER == COLUMN_TYPES.keys()
    assert TaskPublic.model_fields.keys() - OWN == COLUMN_TYPES.keys()


@pytest.mark.parametrize("column", COLUMN_TYPES)
def test_an_empty_field_is_what_its_column_has_by_default(column: str) -> None:
    declared = Task.model_fields[column]
    assert declared.is_required() or declared.default == FIELD_OF[column].empty


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_what_an_option_or_a_line_sets_can_be_changed(field: Field) -> None:
    assert field.name in TaskCreate.model_fields
    # What is cut of a text in the editor goes to `extra`.
    is_set_by_people = field.option or field.line or field.kind is Kind.OBJECT
    assert (field.name in TaskUpdate.model_fields) == bool(is_set_by_people)


def test_a_list_is_narrowed_by_what_has_an_option() -> None:
    assert all(field.filter_option for field in FILTERED)


def test_the_launcher_knows_every_option_that_spares_an_editor() -> None:
    flags = {flag for field in FIELDS if field.option for flag in field.option.flags}
    assert {*EDITS} == flags | {"--untag"}

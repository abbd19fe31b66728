"""Private parts of other packages that are used: an upgrade that lacks one fails here, by name."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import sys
import tomllib
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement

import neontodo

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
SOURCE = Path(neontodo.__file__).parent

PARTS = (
    "asyncpg.connection:Connection._transport",
    "sqlalchemy.dialects.postgresql.base:PGDialect._backslash_escapes",
    "sqlalchemy.dialects.postgresql.base:PGDialect._get_default_schema_name",
    "sqlalchemy.dialects.postgresql.base:PGDialect._get_server_version_info",
    "sqlalchemy.dialects.postgresql.base:PGDialect._set_backslash_escapes",
    "typer._click.shell_completion:CompletionItem",
    "typer._click.shell_completion:add_completion_class",
    "typer._coercion:RuntimeParam._coerce_value",
    "typer._completion_classes:BashComplete.get_completion_args",
    "typer._completion_classes:FishComplete.format_completion",
    "typer._completion_classes:ZshComplete.format_completion",
    "typer._completion_shared:_completion_scripts",
    "typer._completion_shared:install_zsh",
    "typer.core:_TyperParameter._runtime_param",
)
"""The module and the name in it."""

DOCUMENTED = {"_exit", "_mapping", "_replace", "_value_"}
"""Names that begin with `_` and are no private parts: of `os`, SQLAlchemy's rows, named tuples and
enumerations."""

GENERATED = {"_abc_impl", "_compiler_dispatch"}
"""What Python gives abstract classes, and SQLAlchemy those for which a `@compiles` writes SQL."""


@pytest.mark.parametrize("part", PARTS)
def test_a_private_part_that_is_used_is_there(part: str) -> None:
    module, _, path = part.partition(":")
    *above, name = path.split(".")
    owner: Any = reduce(getattr, above, importlib.import_module(module))
    assert hasattr(owner, name) or name in inspect.get_annotations(owner), part


def test_no_other_private_part_is_used() -> None:
    listed = {name for part in PARTS for name in part.replace(":", ".").split(".")}
    used = {*private_imports(), *private_attributes(), *private_overrides()}
    assert {name for name in used if name.rpartition(".")[2] not in listed} == set()


def test_packages_whose_private_parts_are_used_have_an_upper_bound() -> None:
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    bounds = {each.name: each.specifier for each in map(Requirement, project["dependencies"])}
    for name in {part.partition(":")[0].partition(".")[0] for part in PARTS}:
        assert any(bound.operator == "<" for bound in bounds[name]), name


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED


def is_others(module: str) -> bool:
    """Whether a module is of another package, and not of Python itself."""
    package = module.partition(".")[0]
    return package not in {"neontodo", "_typeshed", *sys.stdlib_module_names}


def trees() -> Iterator[ast.Module]:
    return (ast.parse(path.read_text()) for path in SOURCE.rglob("*.py"))


def private_imports() -> Iterator[str]:
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and is_others(node.module):
                for alias in node.names:
                    name = f"{node.module}.{alias.name}"
                    if any(map(is_private, name.split("."))):
                        yield name
            if isinstance(node, ast.Import):
                yield from (a.name for a in node.names if any(map(is_private, a.name.split("."))))


def private_attributes() -> Iterator[str]:
    """Attributes that no code of ours defines."""
    found, own = set(), set()
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                own.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                own.add(node.id)
            elif isinstance(node, ast.Attribute) and is_private(node.attr):
                of_self = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
                if of_self and isinstance(node.ctx, ast.Store):
                    own.add(node.attr)
                else:
                    found.add(node.attr)
    yield from found - own


def private_overrides() -> Iterator[str]:
    """What classes of ours define though a class of another package that they extend has it."""
    for module in modules():
        for own in vars(module).values():
            if inspect.isclass(own) and own.__module__ == module.__name__:
                names = {name for name in vars(own) if is_private(name)} - GENERATED
                others = [base for base in own.__mro__ if is_others(base.__module__)]
                yield from (name for name in names for base in others if name in vars(base))


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages([str(SOURCE)], "neontodo."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)

"""`todo add -`: what comes on standard input."""

from __future__ import annotations

from tests.harness import Todo


def test_each_line_is_a_task_and_a_byte_order_mark_is_no_part_of_one(local: Todo) -> None:
    local.ok("add", "-", stdin="\ufeffBuy milk\r\n\n  Rest \nlast")

    assert [task["title"] for task in local.tasks()] == ["Buy milk", "Rest", "last"]

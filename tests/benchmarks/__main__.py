"""All benchmarks, one after the other: `python -m tests.benchmarks [--out PATH] [--chart PATH]`.

What follows goes to `bench_latency`, such as `--rounds 5`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

OTHERS = {
    "bench_flights": "Round trips to Postgres",
    "bench_million": "Among 1,000,000 tasks of others",
    "bench_import": "Import of 100,000 tasks",
    "bench_agent_memory": "Memory of the agent",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="write the tables here, too")
    parser.add_argument("--chart", type=Path, help="draw a chart here, as SVG")
    given, more = parser.parse_known_args()
    chart = [] if given.chart is None else ["--chart", str(given.chart)]
    with tempfile.TemporaryDirectory() as folder:
        latency = Path(folder, "latency.md")
        _run("bench_latency", "--out", str(latency), *chart, *more)
        text = latency.read_text()
    for name, title in OTHERS.items():
        text += f"\n## {title}\n\nBy `{name}`.\n\n{_run(name)}"
    if given.out is not None:
        given.out.write_text(text)


def _run(name: str, *options: str) -> str:
    """Run a benchmark, show what it prints as it comes, and answer that."""
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", *options]
    printed = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            print(line, end="", flush=True)  # noqa: T201
            printed.append(line)
    if process.returncode:
        sys.exit(f"{name} ended with {process.returncode}")
    return "".join(printed)


if __name__ == "__main__":
    main()

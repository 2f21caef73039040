"""The lifecycles and the catalogue of topics as they stand in ARCHITECTURE.md: `python -m tests.lifecycle_tables` prints them."""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping

from scheduler.lifecycles import APPOINTMENTS, PERFORMANCES, REQUESTS, Lifecycle, Row
from scheduler.topics import Topic


def blocks() -> Mapping[str, str]:
    """What stands between `<!-- name:begin -->` and `<!-- name:end -->`, by name."""
    return {
        f"lifecycle:{lifecycle.name}": f"{diagram(lifecycle)}\n{table(lifecycle)}"
        for lifecycle in (REQUESTS, APPOINTMENTS, PERFORMANCES)
    } | {"topics": topics()}


def table(lifecycle: Lifecycle) -> str:
    lines = [
        "| event | from | to | refused by | announces | source |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{row.event}` | {row.source or '-'} | {row.target} | {_needs(row)} | {row.announces or '-'} | {row.spec} |"
        for row in lifecycle.rows
    ]
    return "\n".join(lines) + "\n"


def diagram(lifecycle: Lifecycle) -> str:
    """The steps from one state to another; those that keep the state are in the table only."""
    return "\n".join(["```mermaid", "stateDiagram-v2", *_arrows(lifecycle), "```"]) + "\n"


def topics() -> str:
    lines = ["| topic | when |", "| --- | --- |"]
    lines += [f"| `{topic}` | {topic.sentence} |" for topic in Topic]
    return "\n".join(lines) + "\n"


def _arrows(lifecycle: Lifecycle) -> Iterator[str]:
    events = defaultdict(list)
    for row in lifecycle.rows:
        if row.source != row.target:
            events[row.source or "[*]", row.target].append(row.event)
    for (source, target), those in events.items():
        yield f"    {source} --> {target}: {', '.join(those)}"


def _needs(row: Row) -> str:
    codes = [f"`{need.code}`" for need in row.needs]
    codes += ["`reason_missing`"] if row.asks_reason else []
    return ", ".join(codes) or "-"


if __name__ == "__main__":
    for name, block in blocks().items():
        sys.stdout.write(f"<!-- {name}:begin -->\n{block}<!-- {name}:end -->\n\n")

"""One operation measured: latency by the client's clock, processor time and statements by the servers' accounts."""

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

# Not counted: the transaction's frame, pooled connections, and the checks of foreign keys that the commit makes.
COUNT_STATEMENTS = """
SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements
 WHERE query !~* '^(begin|commit|rollback|set|reset|discard|select set_config|savepoint|release|deallocate)'
   AND query !~* 'pg_stat_statements' AND query !~ 'FOR KEY SHARE OF x$'
"""


@dataclass(frozen=True, slots=True)
class Server:
    """One contestant: the process whose tree is accounted, beside the database's."""

    name: str
    pid: int


@dataclass(slots=True)
class Samples:
    """What was seen of one contestant, over all its rounds."""

    milliseconds: list[float] = field(default_factory=list)
    server_cpu_ms: float = 0.0
    database_cpu_ms: float = 0.0
    statements: int = 0
    wall_ms: float = 0.0

    def summary(self) -> dict[str, float | int]:
        """Figures per operation; `rate` is operations a second with all clients together."""
        count = len(self.milliseconds)
        ordered = sorted(self.milliseconds)
        return {
            "operations": count,
            "median_ms": round(statistics.median(ordered), 2),
            "p99_ms": round(ordered[min(count - 1, count * 99 // 100)], 2),
            "cpu_ms": round((self.server_cpu_ms + self.database_cpu_ms) / count, 2),
            "server_cpu_ms": round(self.server_cpu_ms / count, 2),
            "database_cpu_ms": round(self.database_cpu_ms / count, 2),
            "sql": round(self.statements / count, 2),
            "rate": round(count / self.wall_ms * 1000, 1),
        }


def cpu_ms(root_pid: int) -> float:
    """Processor milliseconds used so far by a process and all below it, the finished ones included."""
    children: dict[int, list[int]] = {}
    spent: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:  # it ended while we looked; its parent has it in its account of finished children
            continue
        fields = text[text.rindex(")") + 2 :].split()
        pid = int(stat.parent.name)
        children.setdefault(int(fields[1]), []).append(pid)
        spent[pid] = sum(int(value) for value in fields[11:15])
    waiting, total = [root_pid], 0
    while waiting:
        pid = waiting.pop()
        total += spent.get(pid, 0)
        waiting += children.get(pid, [])
    return total * 1000 / TICKS_PER_SECOND


class Probe:
    """Reads the accounts of the database: processor time of its process tree, number of statements."""

    def __init__(self, admin_url: str, database_pid: int) -> None:
        self._connection = psycopg.connect(admin_url, autocommit=True)
        self._connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        self._database_pid = database_pid

    def close(self) -> None:
        """Close the probe's connection."""
        self._connection.close()

    def statements(self) -> int:
        """Statements executed since the server started, without those that only frame a transaction."""
        row = self._connection.execute(COUNT_STATEMENTS).fetchone()
        assert row is not None
        return int(row[0])

    def database_cpu_ms(self) -> float:
        """Processor milliseconds of the database so far."""
        return cpu_ms(self._database_pid)


Operation = Callable[[int], None]


def measure_in_turn(
    *,
    contestants: Sequence[tuple[Server, Callable[[], Operation]]],
    rounds: int,
    operations: int,
    clients: int,
    probe: Probe,
    on_progress: Callable[[float], object],
) -> dict[str, Samples]:
    """Run the contestants in turn (A B A B …) and return the samples of each by name.

    A contestant is its server and a factory that makes the operation of one client, which is called with a number that
    never repeats and raises if the answer is wrong. Each round does `operations` with `clients` threads.
    """
    results = {server.name: Samples() for server, _ in contestants}
    ready = {server.name: [make() for _client in range(clients)] for server, make in contestants}
    for _name, client_operations in ready.items():  # warm up: connections, caches, prepared statements
        _run_clients(client_operations, serials=range(-20 * clients, 0), clients=clients)
    for round_number in range(rounds):
        for server, _make in contestants:
            first = round_number * operations
            samples = results[server.name]
            before = (cpu_ms(server.pid), probe.database_cpu_ms(), probe.statements(), time.perf_counter())
            samples.milliseconds += _run_clients(
                ready[server.name], serials=range(first, first + operations), clients=clients
            )
            samples.wall_ms += (time.perf_counter() - before[3]) * 1000
            samples.server_cpu_ms += cpu_ms(server.pid) - before[0]
            samples.database_cpu_ms += probe.database_cpu_ms() - before[1]
            samples.statements += probe.statements() - before[2]
            on_progress(operations)
    return results


def _run_clients(operations: Sequence[Operation], *, serials: Iterable[int], clients: int) -> list[float]:
    """Share the serials among the clients' threads and return each operation's milliseconds."""
    shares = [list(serials)[client::clients] for client in range(clients)]
    milliseconds: list[float] = []
    faults: list[BaseException] = []
    lock = threading.Lock()

    def work(client: int) -> None:
        own = []
        try:
            for serial in shares[client]:
                start = time.perf_counter()
                operations[client](serial)
                own.append((time.perf_counter() - start) * 1000)
        except Exception as fault:
            faults.append(fault)
        with lock:
            milliseconds.extend(own)

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return milliseconds

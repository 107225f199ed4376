import subprocess
import sys
from pathlib import Path

import pytest
import redis
from config.embedded import process
from config.embedded.process import EmbeddedServerError
from config.embedded.valkey import EmbeddedValkey
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.config.test_embedded_postgres import wait_until

PARENT = """
import sys, time
from pathlib import Path
from config.embedded.valkey import EmbeddedValkey
print(EmbeddedValkey(Path(sys.argv[1])).start(), flush=True)
time.sleep(600)
"""


def test_the_queue_and_the_address_survive_a_restart(server_home: Path) -> None:
    server = EmbeddedValkey(server_home)
    with server:
        first = server.url()
        redis.Redis.from_url(first).lpush("celery", "task")
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(first).ping()

    with server:
        assert redis.Redis.from_url(server.url()).lrange("celery", 0, -1) == [b"task"]
        assert server.url() == first


def test_only_its_password_opens_it_and_only_its_owner_reads_that(server_home: Path) -> None:
    with EmbeddedValkey(server_home) as server:
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=server.port or 0, retry=Retry(NoBackoff(), 0)).ping()
        assert redis.Redis.from_url(server.url()).config_get("bind") == {"bind": "127.0.0.1"}
        assert (server.data / "valkey.conf").stat().st_mode & 0o777 == 0o600


def test_the_queue_is_never_evicted_for_the_cache(server_home: Path) -> None:
    with EmbeddedValkey(server_home, keep=False) as server:
        client = redis.Redis.from_url(server.url())
        client.config_set("maxmemory", "8mb")
        client.lpush("celery", *("task" for _ in range(100)))
        for number in range(3_000):
            client.set(f"cached-{number}", b"x" * 8_192, ex=600)
        assert client.llen("celery") == 100
        assert int(client.info("stats")["evicted_keys"]) > 0


def test_a_second_start_on_the_same_data_is_refused(server_home: Path) -> None:
    with EmbeddedValkey(server_home) as server:
        with pytest.raises(EmbeddedServerError, match=f"Another process runs Valkey on {server_home}"):
            EmbeddedValkey(server_home).start()
        assert redis.Redis.from_url(server.url()).ping() is True


def test_it_dies_with_a_killed_parent(server_home: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(server_home)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    url = parent.stdout.readline().strip()
    assert redis.Redis.from_url(url).ping() is True

    parent.kill()
    parent.wait()

    wait_until(lambda: process.find_by_folder(server_home / "valkey") == [])
    with EmbeddedValkey(server_home) as server:
        assert redis.Redis.from_url(server.url()).ping() is True


def test_a_server_that_does_not_come_up_shows_the_end_of_its_log(server_home: Path) -> None:
    with EmbeddedValkey(server_home):
        pass
    manifest = server_home / "valkey" / "appendonlydir" / "appendonly.aof.manifest"
    manifest.write_text("not a manifest\n")

    with pytest.raises(EmbeddedServerError, match=r"(?s)Valkey did not start.*manifest"):
        EmbeddedValkey(server_home).start()

    assert process.find_by_folder(server_home / "valkey") == []

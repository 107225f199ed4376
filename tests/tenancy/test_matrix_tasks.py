"""Every task × {no shop, a deleted shop, another shop's ids, within another shop}.

The tasks are those that a worker registers. A new one is covered at once, and fails where nothing stands for one of its
arguments.
"""

import inspect
from typing import Any

import pytest
from celery import Task, current_app
from config.celery import app
from django.conf import settings

from tenants.backend.base import DatabaseWrapper
from tenants.errors import ShopUnknown, TenancyError
from tenants.models import Shop
from tenants.tasks import HEADER, PublicTask, ShopTask
from tenants.transaction import find_current_shop
from tests.support.matrix import Scene, read_rows, set_scene
from tests.support.shops import owner_email


def tasks_of(kind: type[Task]) -> list[Any]:  # type: ignore[type-arg]
    """The tasks of our apps; those of the tests are modules of `tests`."""
    app.loader.import_default_modules()
    app.autodiscover_tasks(force=True)
    ours = [task for name, task in sorted(current_app.tasks.items()) if not name.startswith(("celery.", "tests."))]
    return [task for task in ours if isinstance(task, kind)]


SHOP_TASKS, PUBLIC_TASKS = tasks_of(ShopTask), tasks_of(PublicTask)
each_task = pytest.mark.parametrize("task", SHOP_TASKS, ids=lambda task: task.name)
each_public_task = pytest.mark.parametrize("task", PUBLIC_TASKS, ids=lambda task: task.name)


@pytest.fixture
def scene(shops: tuple[Shop, Shop]) -> Scene:
    return set_scene(*shops)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """Tasks that were sent, with their shops, in place of a broker."""
    messages: list[tuple[str, str | None]] = []

    def send(self: Any, args: Any = None, kwargs: Any = None, *rest: Any, headers: Any = None, **options: Any) -> None:
        messages.append((self.name, (headers or {}).get(HEADER)))

    monkeypatch.setattr(Task, "apply_async", send)
    return messages


def arguments(task: Any, scene: Scene) -> dict[str, Any]:
    """North's values for the arguments of a task."""
    values = {**scene.values, "email": owner_email(scene.north.slug), "language": "en"}
    return {
        name: values[name]
        for name, each in inspect.signature(task.run).parameters.items()
        if each.default is inspect.Parameter.empty
    }


def run(task: Any, values: dict[str, Any], schema: str | None) -> Any:
    """As a worker does; what it raised or returned."""
    return task.apply(kwargs=values, headers={HEADER: schema} if schema else {}).result


def test_every_task_is_of_a_shop_or_of_none() -> None:
    assert [task.name for task in tasks_of(Task) if not isinstance(task, ShopTask | PublicTask)] == []
    assert {task.name for task in SHOP_TASKS} >= {"tenants.tasks.relay_outbox", "messaging.tasks.deliver_email"}
    assert {task.name for task in PUBLIC_TASKS} >= {"tenants.tasks.relay_all_outboxes"}


def test_beat_sends_tasks_of_no_shop_alone() -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled <= {task.name for task in PUBLIC_TASKS}


def test_what_beat_sends_does_not_pile_up_while_no_worker_runs() -> None:
    schedule: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    for name, entry in schedule.items():
        assert 0 < entry.get("options", {}).get("expires", 0) <= entry["schedule"], name


@each_task
def test_without_a_shop_a_task_is_neither_sent_nor_run(scene: Scene, task: Any) -> None:
    before = read_rows(scene.north)
    with pytest.raises(TenancyError, match="sent without a shop"):
        task.apply_async(kwargs=arguments(task, scene))
    assert isinstance(run(task, arguments(task, scene), None), TenancyError)
    assert read_rows(scene.north) == before


@each_task
def test_a_task_of_a_deleted_shop_is_not_run(scene: Scene, task: Any) -> None:
    before = read_rows(scene.north)
    assert isinstance(run(task, arguments(task, scene), "t_00000000deadbeef"), ShopUnknown)
    assert read_rows(scene.north) == before


@each_task
def test_a_task_with_anothers_ids_changes_nothing_there(
    scene: Scene, task: Any, sent: list[tuple[str, str | None]]
) -> None:
    before = read_rows(scene.north)
    result = run(task, arguments(task, scene), scene.south.schema_name)
    assert not isinstance(result, BaseException), result
    assert read_rows(scene.north) == before
    assert {schema for _name, schema in sent} <= {scene.south.schema_name}
    assert find_current_shop() is None


@each_public_task
def test_a_task_of_no_shop_reads_and_writes_none(
    scene: Scene, task: Any, sent: list[tuple[str, str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hands out work, each piece to a shop that exists; it enters none itself and refuses to run inside one."""
    entered: list[str] = []
    enter = DatabaseWrapper.enter_shop

    def note(self: Any, shop: Any) -> None:
        entered.append(shop.schema_name)
        enter(self, shop)

    if not arguments(task, scene):
        with monkeypatch.context() as patch:
            patch.setattr(DatabaseWrapper, "enter_shop", note)
            result = run(task, {}, None)
        assert not isinstance(result, BaseException), result
    assert entered == []
    assert {schema for _name, schema in sent} <= {scene.north.schema_name, scene.south.schema_name}


@each_public_task
def test_a_task_of_no_shop_refuses_to_run_inside_one(shop: Shop, task: Any) -> None:
    with pytest.raises(TenancyError, match="cannot run inside"):
        task()

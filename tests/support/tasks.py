"""Tasks of the tests, run by a real worker. Each leaves its mark as an outbox event of the shop it ran in."""

from celery import shared_task
from celery.app.task import Task
from kernel.outbox import publish

from tenants.selectors import list_shops
from tenants.tasks import PublicTask, enqueue_for_shop
from tenants.transaction import current_shop


@shared_task(ignore_result=False)
def mark(label: str) -> str:
    """Write a mark; the answer is the shop."""
    publish(topic=f"test.{label}", payload={})
    return current_shop().slug


@shared_task(ignore_result=False)
def collect(slugs: list[str], label: str) -> list[str]:
    """A chord's body or a chain's next link."""
    publish(topic=f"test.{label}", payload={"slugs": slugs})
    return slugs


@shared_task(bind=True, max_retries=2)
def fail_once(self: "Task[[str], None]", label: str) -> None:
    """Retry once; what the first attempt wrote is rolled back."""
    publish(topic=f"test.{label}.{self.request.retries}", payload={})
    if self.request.retries == 0:
        raise self.retry(countdown=0)


@shared_task
def send_on(label: str) -> None:
    """A task that sends a task."""
    mark.delay(label)


@shared_task(base=PublicTask)
def hand_out(label: str) -> None:
    """What beat sends: work for every shop."""
    for shop in list_shops():
        enqueue_for_shop(shop, mark, label)

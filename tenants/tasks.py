from celery import Task
class ShopTask(Task): pass

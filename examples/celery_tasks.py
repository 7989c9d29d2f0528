"""Tasks for Celery that say what may be repeated.

AEROSPIKE_HOSTS=127.0.0.1:3000 CELERY_BROKER_URL=... celery -A celery_tasks worker
"""

import functools

from celery import Celery
from celery.signals import worker_process_init

import aerospike
from aerospike import exception
from aerospike_helpers.operations import list_operations, operations

SET = "celery-example"
KEEP = 1000  # so many tasks are remembered for each user
ONCE = {"write_flags": aerospike.LIST_WRITE_ADD_UNIQUE}

app = Celery("celery_tasks")

# the first call in a process makes its client, so the programs that only send tasks
# need none
connect = functools.cache(aerospike.client_from_env)


@worker_process_init.connect
def connect_early(**_):
    """The pool has forked this process: its first task finds a client."""
    connect()


def key_of(user):
    return ("test", SET, user)


def pause_s(task):
    """1, 2, 4, ... seconds before a task is tried again."""
    return 2**task.request.retries


@app.task(bind=True, max_retries=5, acks_late=True, reject_on_worker_lost=True)
def add_points(self, user, points):
    """Add points once, however often the task runs."""
    ops = [
        list_operations.list_append("tasks", self.request.id, ONCE),
        list_operations.list_remove_by_index_range(
            "tasks", -KEEP, aerospike.LIST_RETURN_NONE, KEEP, inverted=True
        ),
        operations.increment("points", points),
    ]
    try:
        connect().operate(key_of(user), ops)
    except exception.ElementExistsError:
        pass  # an earlier run has added them
    except exception.AerospikeError as error:
        raise self.retry(exc=error, countdown=pause_s(self)) from error


@app.task(bind=True, max_retries=5)
def take_coupon(self, user):
    """Take a coupon away from a user. Two runs would take two of them."""
    ops = [list_operations.list_pop("coupons", 0)]
    policy = {"exists": aerospike.POLICY_EXISTS_UPDATE}
    try:
        return connect().operate(key_of(user), ops, None, policy).bins["coupons"]
    except exception.AerospikeError as error:
        if aerospike.in_doubt(error):
            raise  # it may be taken: the task fails, and people look
        raise self.retry(exc=error, countdown=pause_s(self)) from error

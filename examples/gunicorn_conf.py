"""Settings of gunicorn for an application that has a client of Aerospike.

gunicorn -c gunicorn_conf.py 'flask_app:create_app()'
"""

import os

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = 4
worker_class = "gthread"
threads = 16

# The application is made once, before the workers are forked. A wrong configuration
# ends gunicorn before it serves.
preload_app = True

# longer than any call of the client: see total_timeout
timeout = 30
graceful_timeout = 20

# Workers are replaced one after another.
max_requests = 100_000
max_requests_jitter = 10_000


def post_fork(server, worker):
    """What belongs to the worker and not to gunicorn begins here.

    The client needs nothing: its first call in the worker opens its connections.
    """
    worker.log.info("worker %s serves", worker.pid)


def post_worker_init(worker):
    """Connect before the first request comes."""
    worker.wsgi.extensions["aerospike"].is_connected()


def worker_exit(server, worker):
    """The worker has answered its last request."""
    worker.wsgi.extensions["aerospike"].close()

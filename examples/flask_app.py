"""A web application with Flask: shopping carts.

    python examples/flask_app.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have. The program needs the
package flask, and asks the application without a web server. To serve the application,
install gunicorn, and run in this folder:

    AEROSPIKE_HOSTS=127.0.0.1:3000 gunicorn --preload 'flask_app:create_app()'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, current_app

import aerospike
from aerospike import exception
from aerospike_helpers.operations import map_operations

SET = "flask-example"
CART_S = 7 * 24 * 3600  # a cart ends a week after its last change

carts = Blueprint("carts", __name__)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """The application, whose threads share one client.

    config: the client's; None takes that of the environment.
    """
    app = Flask(__name__)
    client = aerospike.client(config) if config else aerospike.client_from_env()
    app.extensions["aerospike"] = client
    app.register_blueprint(carts)
    app.register_error_handler(exception.RecordNotFound, not_found)
    app.register_error_handler(exception.AerospikeError, unavailable)
    return app


def client() -> aerospike.Client:
    """The client of the application that answers this request."""
    found: aerospike.Client = current_app.extensions["aerospike"]
    return found


def key_of(user: str) -> tuple[str, str, str]:
    return ("test", SET, user)


@carts.get("/carts/<user>")
def read(user: str) -> dict[str, int]:
    return dict(client().get(key_of(user)).bins["items"])


@carts.put("/carts/<user>/<item>/<int:count>")
def put(user: str, item: str, count: int) -> dict[str, int]:
    """Set how many of an item are in the cart: this can be repeated."""
    ops = [
        map_operations.map_put("items", item, count),
        map_operations.map_size("items"),
    ]
    policy = {"max_retries": 3, "sleep_between_retries": 100}
    record = client().operate(key_of(user), ops, {"ttl": CART_S}, policy)
    return {"items": record.bins["items"]}


@carts.post("/carts/<user>/<item>")
def add(user: str, item: str) -> dict[str, int]:
    """Put one more of an item into the cart: whoever asks must not repeat this."""
    ops = [map_operations.map_increment("items", item, 1)]
    record = client().operate(key_of(user), ops, {"ttl": CART_S})
    return {"count": record.bins["items"]}


@carts.delete("/carts/<user>")
def empty(user: str) -> tuple[str, int]:
    client().remove(key_of(user))
    return "", 204


def not_found(_: Exception) -> tuple[dict[str, Any], int]:
    return {"error": "there is no such cart"}, 404


def unavailable(error: Exception) -> tuple[dict[str, Any], int]:
    # whoever asked may repeat what has certainly not been written
    return {"error": "try later", "in_doubt": aerospike.in_doubt(error)}, 503


def demo(client: aerospike.Client) -> None:
    app = create_app({"hosts": [node[:2] for node in client.get_nodes()]})
    web = app.test_client()
    expect("PUT /carts/ada/pen/3", web.put("/carts/ada/pen/3").json, {"items": 1})
    expect("POST /carts/ada/pen", web.post("/carts/ada/pen").json, {"count": 4})
    expect("POST /carts/ada/book", web.post("/carts/ada/book").json, {"count": 1})
    expect("GET /carts/ada", web.get("/carts/ada").json, {"book": 1, "pen": 4})
    expect("DELETE /carts/ada", web.delete("/carts/ada").status_code, 204)
    expect("GET /carts/ada", web.get("/carts/ada").status_code, 404)


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)

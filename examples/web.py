"""A web application on the asynchronous client: profiles with counted visits.

    python examples/web.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have. The program needs the
packages fastapi and httpx. It asks the application itself and checks the answers,
without a web server. To serve it, run in this folder, with the package uvicorn:

    uvicorn --factory web:make_app
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
from fastapi import Body, FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse

import aerospike
from aerospike import exception
from aerospike_helpers.operations import operations

USAGE = "usage: python examples/web.py [HOST:PORT[,HOST:PORT...]]"
SET = "web"


def key_of(name: str) -> tuple[str, str, str]:
    return ("test", SET, name)


def make_app(hosts: str | None = None) -> FastAPI:
    """The application. Each worker process of the server calls this once."""
    if hosts is None:
        hosts = os.environ.get("AEROSPIKE_HOSTS", "127.0.0.1:3000")
    client = aerospike.AsyncClient({"hosts": hosts.split(",")})

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with client:  # connects; the server takes requests when that is done
            yield

    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(exception.RecordNotFound)
    async def not_found(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({"detail": "there is no such profile"}, 404)

    @app.exception_handler(exception.AerospikeError)
    async def unavailable(_: Request, error: Exception) -> JSONResponse:
        # whoever asked may repeat what has certainly not been written
        in_doubt = aerospike.in_doubt(error)
        return JSONResponse({"detail": "try later", "in_doubt": in_doubt}, 503)

    @app.put("/profiles/{name}", status_code=201)
    async def write(name: str, profile: Annotated[dict[str, Any], Body()]) -> None:
        await client.put(key_of(name), profile)

    @app.get("/profiles/{name}")
    async def read(name: str) -> dict[str, Any]:
        return (await client.get(key_of(name))).bins

    @app.post("/profiles/{name}/visits")
    async def visit(name: str) -> int:
        ops = [operations.increment("visits", 1), operations.read("visits")]
        policy = {"exists": aerospike.POLICY_EXISTS_UPDATE}
        visits: int = (await client.operate(key_of(name), ops, None, policy)).bins[
            "visits"
        ]
        return visits

    @app.get("/profiles")
    async def read_many(
        names: Annotated[list[str], Query(max_length=100)],
    ) -> dict[str, Any]:
        rows = await client.batch_read([key_of(name) for name in names])
        return {
            name: row.record.bins if row.record else None
            for name, row in zip(names, rows.batch_records, strict=True)
        }

    @app.get("/most_visited")
    async def most_visited(at_least: int = 1) -> list[str]:
        found = []
        async for record in client.query("test", SET):
            if record.bins.get("visits", 0) >= at_least:
                found.append((-record.bins["visits"], record.bins["name"]))
            if len(found) > 10_000:
                raise HTTPException(422, "ask for fewer")
        return [name for _, name in sorted(found)]

    return app


def expect(what: str, got: Any, wanted: Any) -> None:
    if got != wanted:
        raise SystemExit(f"surprise: {what} gave {got!r}, expected {wanted!r}")
    print(f"  {what}\n      -> {got!r}")


async def ask(web: httpx.AsyncClient) -> None:
    """Ask the application for all that it has."""
    put: Callable[..., Awaitable[httpx.Response]] = web.put
    for name, city in (("ada", "London"), ("bob", "Paris")):
        answer = await put(f"/profiles/{name}", json={"name": name, "city": city})
        expect(f"PUT /profiles/{name}", answer.status_code, 201)
    answers = await asyncio.gather(
        *(web.post("/profiles/ada/visits") for _ in range(50))
    )
    visits = sorted(answer.json() for answer in answers)
    expect("50 times POST /profiles/ada/visits", visits, [*range(1, 51)])
    answer = await web.get("/profiles/ada")
    wanted = {"name": "ada", "city": "London", "visits": 50}
    expect("GET /profiles/ada", answer.json(), wanted)
    answer = await web.get("/profiles", params={"names": ["bob", "eve"]})
    wanted_of_two = {"bob": {"name": "bob", "city": "Paris"}, "eve": None}
    expect("GET /profiles?names=bob&names=eve", answer.json(), wanted_of_two)
    answer = await web.get("/profiles/eve")
    expect("GET /profiles/eve", answer.status_code, 404)
    answer = await web.post("/profiles/eve/visits")
    expect("POST /profiles/eve/visits", answer.status_code, 404)
    answer = await web.get("/most_visited")
    expect("GET /most_visited", answer.json(), ["ada"])


async def run(hosts: str) -> None:
    app = make_app(hosts)
    # httpx hands requests to the application, and does not start it: a server would
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://web") as web:
            await ask(web)


def main(args: list[str]) -> int:
    if len(args) > 1 or any(each.startswith("-") for each in args):
        print(USAGE)
        return 0 if args in (["-h"], ["--help"]) else 2
    hosts = args[0] if args else os.environ.get("AEROSPIKE_HOSTS", "127.0.0.1:3000")
    print(f"Connecting to {hosts}")
    with aerospike.client({"hosts": hosts.split(",")}) as client:
        client.truncate("test", SET, 0)  # what an earlier run may have left
    asyncio.run(run(hosts))
    print("\nEvery step gave what was expected.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

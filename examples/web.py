"""A web application with FastAPI: profiles with counted visits.

    python examples/web.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have. The program needs the
packages fastapi and httpx2, and asks the application without a web server. To serve
the application, install uvicorn, and run in this folder:

    AEROSPIKE_HOSTS=127.0.0.1:3000 uvicorn --factory web:make_app
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

import aerospike
from aerospike import exception
from aerospike_helpers.operations import operations

SET = "web-example"

router = APIRouter()


def client_of(request: Request) -> aerospike.AsyncClient:
    client: aerospike.AsyncClient = request.app.state.aerospike
    return client


Client = Annotated[aerospike.AsyncClient, Depends(client_of)]
Profile = Annotated[dict[str, Any], Body()]
Names = Annotated[list[str], Query(max_length=100)]


def key_of(name: str) -> tuple[str, str, str]:
    return ("test", SET, name)


@router.put("/profiles/{name}", status_code=201)
async def write(client: Client, name: str, profile: Profile) -> None:
    await client.put(key_of(name), profile)


@router.get("/profiles/{name}")
async def read(client: Client, name: str) -> dict[str, Any]:
    return (await client.get(key_of(name))).bins


@router.post("/profiles/{name}/visits")
async def visit(client: Client, name: str) -> int:
    ops = [operations.increment("visits", 1), operations.read("visits")]
    policy = {"exists": aerospike.POLICY_EXISTS_UPDATE}  # makes no new profile
    record = await client.operate(key_of(name), ops, None, policy)
    return int(record.bins["visits"])


@router.get("/profiles")
async def read_many(client: Client, names: Names) -> dict[str, Any]:
    rows = await client.batch_read([key_of(name) for name in names])
    return {
        name: row.record.bins if row.record else None
        for name, row in zip(names, rows.batch_records, strict=True)
    }


async def not_found(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({"detail": "there is no such profile"}, 404)


async def unavailable(_: Request, error: Exception) -> JSONResponse:
    # whoever asked may repeat what has certainly not been written
    in_doubt = aerospike.in_doubt(error)
    return JSONResponse({"detail": "try later", "in_doubt": in_doubt}, 503)


def make_app(config: Mapping[str, Any] | None = None) -> FastAPI:
    """The application. config: the client's; None takes that of the environment."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        make = aerospike.AsyncClient
        async with make(config) if config else make.from_env() as client:
            app.state.aerospike = client
            yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    app.add_exception_handler(exception.RecordNotFound, not_found)
    app.add_exception_handler(exception.AerospikeError, unavailable)
    return app


def demo(client: aerospike.Client) -> None:
    hosts = [node[:2] for node in client.get_nodes()]
    with TestClient(make_app({"hosts": hosts})) as web, ThreadPoolExecutor(8) as pool:
        made = web.put("/profiles/ada", json={"city": "London"})
        expect("PUT /profiles/ada", made.status_code, 201)
        answers = pool.map(web.post, ["/profiles/ada/visits"] * 50)
        visits = sorted(answer.json() for answer in answers)
        expect("50 times POST /profiles/ada/visits", visits, [*range(1, 51)])
        found = web.get("/profiles?names=ada&names=eve").json()
        ada = {"city": "London", "visits": 50}
        expect("GET /profiles?names=ada&names=eve", found, {"ada": ada, "eve": None})
        expect("GET /profiles/eve", web.get("/profiles/eve").status_code, 404)
        missing = web.post("/profiles/eve/visits")
        expect("POST /profiles/eve/visits", missing.status_code, 404)


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)

"""The service's addresses: from requests to the service's work, and back."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from echo_agent import __version__
from echo_agent.errors import (
    EchoError,
    ImageError,
    KnowledgeError,
    ModelError,
    ProductError,
    RecordError,
    StoreError,
)
from echo_agent.serve.admission import Admission, BoundedBody
from echo_agent.serve.products import ExistingProductError, UnfitProductError, add_products
from echo_agent.serve.schemas import (
    Failure,
    FeedbackRequest,
    Inspected,
    InspectRequest,
    Said,
    Upload,
)
from echo_agent.serve.service import Service

BASE64 = 4 / 3
BESIDE_THE_IMAGE = 64_000
"""Bytes of a request that are no image."""

PHOTOGRAPHS_TOGETHER = 10
"""As many photographs of the largest size fit into one request that registers a product."""

MAX_WAITING = 64
"""Inspections that wait for their turn; a further one is told to come again."""

STATUS: tuple[tuple[type[EchoError], int], ...] = (
    (ImageError, 422),
    (KnowledgeError, 422),
    (ExistingProductError, 409),
    (UnfitProductError, 422),
    (ProductError, 404),
    (RecordError, 404),
    (ModelError, 503),
    (StoreError, 503),
)

Result = TypeVar("Result")


def build_app(
    service: Service,
    *,
    keys: Sequence[str] = (),
    per_minute: int = 600,
    hosts: frozenset[str] | None = None,
) -> FastAPI:
    """Builds the service.

    Args:
        service: What it does.
        keys: Keys that let a request in; none for a service that only this machine reaches.
        per_minute: Requests a minute of one key, or without keys of one address.
        hosts: Names by which it may be asked for work; None for any. Health checks may use others.

    Returns:
        An ASGI application.
    """
    app: FastAPI = FastAPIOffline(
        title="Echo",
        version=__version__,
        description="Visual inspection: a photograph in, a verdict with its evidence out.",
        lifespan=partial(_warmed, service),
        redoc_url=None,
    )
    most = int(service.policy.max_megabytes * 1e6 * BASE64) + BESIDE_THE_IMAGE
    app.add_middleware(BoundedBody, most=most, of_products=PHOTOGRAPHS_TOGETHER * most)
    app.add_exception_handler(EchoError, partial(_told, service))
    _add_health(app, service)
    admitted = APIRouter(
        dependencies=[Depends(Admission(keys, per_minute, hosts))],
        responses={code: {"model": Failure} for code in (400, 401, 413, 422, 429, 503)},
    )
    _add_work(admitted, service)
    app.include_router(admitted)
    return app


@asynccontextmanager
async def _warmed(service: Service, _: FastAPI) -> AsyncIterator[None]:
    """Loads in the background what inspections need, so that the service can say that it is alive."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.to_thread.run_sync, service.warm_up)
        yield


async def _told(service: Service, _: Request, error: Exception) -> JSONResponse:
    """An error that a person can act on, in its sentence."""
    service.metrics.failed(type(error).__name__)
    status = next((code for kind, code in STATUS if isinstance(error, kind)), 400)
    return JSONResponse({"detail": " ".join(str(error).split())}, status)


def _add_health(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", tags=["health"], summary="Whether the process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "alive", "version": __version__}

    @app.get("/readyz", tags=["health"], summary="Whether parts can be inspected")
    def readyz() -> JSONResponse:
        reason = service.not_ready()
        return JSONResponse({"status": reason or "ready"}, 503 if reason else 200)


def _add_work(router: APIRouter, service: Service) -> None:
    turn = _Turns(service.at_once)

    @router.post(
        "/v1/inspect",
        tags=["inspection"],
        summary="Inspect one part",
        response_model=Inspected,
        openapi_extra=_either(InspectRequest, Upload),
        responses={404: {"model": Failure}},
    )
    async def inspect(request: Request) -> Response:
        image, given = await _photograph(request, service)
        told = await turn.take(service.inspect, image, given.product, given.question, given.name)
        return Response(json.dumps(told, allow_nan=False), media_type="application/json")

    @router.get(
        "/v1/inspections/{name}",
        tags=["inspection"],
        summary="An earlier inspection, by its id or its photograph's SHA-256",
        response_model=Inspected,
        responses={404: {"model": Failure}},
    )
    def inspection(name: str) -> Response:
        return Response(json.dumps(service.inspection(name), allow_nan=False), media_type="application/json")

    @router.get(
        "/v1/inspections/{name}/picture",
        tags=["inspection"],
        summary="Its photograph with anomaly map and regions, as PNG",
        response_class=Response,
        responses={200: {"content": {"image/png": {}}}, 404: {"model": Failure}},
    )
    def picture(name: str) -> Response:
        return Response(service.picture(name), media_type="image/png")

    add_products(router, service, _Turns(1).take)

    @router.post(
        "/v1/feedback",
        tags=["feedback"],
        summary="Say what a part really was",
        responses={404: {"model": Failure}},
    )
    def feedback(said: FeedbackRequest) -> Said:
        return service.say(said)

    @router.get("/metrics", tags=["health"], summary="Numbers for Prometheus")
    def metrics() -> Response:
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


class _Turns:
    """Lets so many inspections run at once, and so many wait."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._limiter: CapacityLimiter | None = None

    async def take(self, work: Callable[..., Result], *given: Any) -> Result:
        if self._limiter is None:
            self._limiter = CapacityLimiter(self._at_once)
        if self._limiter.statistics().tasks_waiting >= MAX_WAITING:
            raise HTTPException(503, "too many requests wait: send fewer at a time", {"Retry-After": "1"})
        return await anyio.to_thread.run_sync(work, *given, limiter=self._limiter)


async def _photograph(request: Request, service: Service) -> tuple[bytes, InspectRequest]:
    """The photograph and what is asked about it, out of a form or a JSON message.

    Raises:
        HTTPException: 415 for other kinds of messages, 422 for one that lacks or misspells something.
        ImageError: The photograph cannot be taken.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            given = InspectRequest.model_validate_json(await request.body())
            return await anyio.to_thread.run_sync(service.image_of, given), given
        if kind == "multipart/form-data":
            async with request.form(max_files=1, max_fields=8) as form:
                file = form.get("image")
                if not isinstance(file, UploadFile):
                    raise HTTPException(
                        422, "the form has no file named image: send the photograph under that name"
                    )
                fields = {name: value for name, value in form.items() if name != "image" and value != ""}
                named = {"name": file.filename} if file.filename else {}
                given = InspectRequest.model_validate({"image": ""} | named | fields)
                return await file.read(), given
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise HTTPException(422, f"{place or 'the request'}: {first['msg']}") from error
    raise HTTPException(415, "send multipart/form-data with a file named image, or application/json")


def _either(message: type[InspectRequest], form: type[Upload]) -> dict[str, Any]:
    """The body of the inspection in OpenAPI: one of two kinds."""
    content = {
        "application/json": {"schema": message.model_json_schema()},
        "multipart/form-data": {"schema": form.model_json_schema()},
    }
    return {"requestBody": {"required": True, "content": content}}

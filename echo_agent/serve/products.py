"""Products over HTTP: listed, registered from photographs, told, removed, gone back to."""

import re
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from echo_agent.errors import EchoError, ImageError, ProductError
from echo_agent.memory.registration import known_or_new
from echo_agent.names import spelled
from echo_agent.serve.schemas import (
    Failure,
    Product,
    Registered,
    Registration,
    Removed,
    Restoring,
    VersionedProduct,
)
from echo_agent.serve.service import Service

MAX_PHOTOGRAPHS = 1000
"""Photographs of one request."""

MAX_DOCUMENTS = 50
"""A knowledge card and the files beside it."""

Turn = Callable[..., Awaitable[Any]]


class ExistingProductError(ProductError):
    """A product of that name is registered, and it was not said what shall become of it."""


class UnfitProductError(ProductError):
    """A product that cannot be registered as it was sent."""


def add_products(router: APIRouter, service: Service, turn: Turn) -> None:
    """Adds the addresses of products.

    Args:
        router: Where they are added.
        service: What it does.
        turn: Runs work in a thread, one registration at a time.
    """
    unknown: dict[int | str, dict[str, Any]] = {404: {"model": Failure}}

    @router.get("/v1/products", tags=["products"], summary="List the registered products")
    def products() -> list[Product]:
        return service.products()

    @router.post(
        "/v1/products",
        tags=["products"],
        summary="Register a product from photographs of good parts",
        status_code=201,
        responses={409: {"model": Failure}},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"multipart/form-data": {"schema": Registration.as_form()}},
            }
        },
    )
    async def register(request: Request) -> Registered:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
            raise HTTPException(415, "send multipart/form-data with the files under images, and a name")
        async with request.form(max_files=MAX_PHOTOGRAPHS + MAX_DOCUMENTS, max_fields=16) as form:
            files = {kind: _files(form.getlist(kind), kind) for kind in ("images", "knowledge")}
            if not files["images"]:
                raise HTTPException(
                    422, "the form has no file named images: send photographs of good parts under that name"
                )
            fields = {name: value for name, value in form.items() if name not in files and value != ""}
            registered: Registered = await turn(_register, service, _asked(fields), files)
            return registered

    @router.get(
        "/v1/products/{name:path}",
        tags=["products"],
        summary="A product, with its versions",
        responses=unknown,
    )
    def product(name: str) -> VersionedProduct:
        return service.product(name)

    @router.delete(
        "/v1/products/{name:path}",
        tags=["products"],
        summary="Remove a product with all its versions",
        responses=unknown,
    )
    def remove(name: str) -> Removed:
        return service.remove(name)

    @router.post(
        "/v1/products/{name:path}/restore",
        tags=["products"],
        summary="Make an earlier version of a product count again",
        responses=unknown,
    )
    async def restore(name: str, wanted: Restoring) -> Product:
        restored: Product = await turn(service.restore, name, wanted.version)
        return restored


def _files(given: Sequence[Any], kind: str) -> list[UploadFile]:
    if not all(isinstance(one, UploadFile) for one in given):
        raise HTTPException(422, f"{kind} is text: send files under that name")
    return list(given)


def _asked(fields: dict[str, Any]) -> Registration:
    try:
        return Registration.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise HTTPException(422, f"{place or 'the form'}: {first['msg']}") from error


def _register(service: Service, asked: Registration, files: dict[str, list[UploadFile]]) -> Registered:
    """Registers what a form brought.

    Raises:
        ImageError: A photograph is too large or cannot be read.
        ExistingProductError: The product is there and it was not said what shall become of it, or is spelled otherwise.
        EchoError: As ``Inspector.register`` raises it.
    """
    known = {record.name: record for record in service.memory.products()}
    try:
        there = known_or_new(spelled(asked.name), known)
    except ProductError as error:
        raise ExistingProductError(str(error)) from error
    if asked.existing is None and there is not None:
        raise ExistingProductError(
            f"{asked.name} is registered: send existing=add to add references, existing=replace to put them in the "
            "place of those that it has, or another name"
        )
    remarks: list[str] = []
    with TemporaryDirectory(prefix="echo-") as folder, _named_as_sent(folder):
        photographs = [
            _saved(file, Path(folder, str(number)), service.policy.max_megabytes)
            for number, file in enumerate(files["images"])
        ]
        beside = Path(folder, "knowledge")
        documents = [_saved(file, beside, service.policy.max_megabytes) for file in files["knowledge"]]
        record = service.register(
            asked,
            photographs,
            knowledge=None if not documents else documents[0] if len(documents) == 1 else beside,
            tell=lambda remark: remarks.append(_as_sent(remark, folder)),
        )
    return Registered(**record.model_dump(), remarks=remarks)


def _saved(file: UploadFile, folder: Path, most_megabytes: float) -> Path:
    """Writes a file under its own name into a folder.

    Raises:
        ImageError: It is too large.
        UnfitProductError: A file of its name is there, or none of that name can be.
    """
    name = PurePosixPath((file.filename or "").replace("\\", "/")).name
    name = "photograph" if name in {"", ".."} else name
    if (file.size or 0) > most_megabytes * 1e6:
        raise ImageError(
            f"{name} has more than {most_megabytes:g} MB: send a smaller one, or raise ECHO_MAX_IMAGE_MEGABYTES"
        )
    target = folder / name
    try:
        folder.mkdir(exist_ok=True)
        with target.open("xb") as stream:
            shutil.copyfileobj(file.file, stream)
    except FileExistsError as error:
        raise UnfitProductError(f"two files are named {name}: give each a name of its own") from error
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UnfitProductError(
            f"{name[:80]!r} cannot be stored ({why}): give the file a shorter, plain name, or make room"
        ) from error
    return target


@contextmanager
def _named_as_sent(folder: str) -> Iterator[None]:
    """Lets errors name files as they were sent; what a plain one says of the product is of what was sent."""
    try:
        yield
    except EchoError as error:
        error.args = (_as_sent(str(error), folder),)
        if type(error) is ProductError:
            raise UnfitProductError(*error.args) from error
        raise


def _as_sent(text: str, folder: str) -> str:
    return re.sub(rf"{re.escape(folder)}/(\d+|knowledge)/", "", text)

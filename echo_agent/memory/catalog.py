"""The catalog file of a memory, replaced in one step."""

from pathlib import Path

from pydantic import ValidationError

from echo_agent.errors import StoreError
from echo_agent.files import replacing
from echo_agent.memory.product import Catalog

FILE_NAME = "catalog.json"


def catalog_state(folder: Path) -> tuple[int, int, int] | None:
    """What changes whenever the catalog is replaced; None where the folder holds none.

    Raises:
        StoreError: The folder cannot be read.
    """
    file = folder / FILE_NAME
    try:
        found = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreError(
            f"{file} cannot be read ({error.strerror}): check the rights of the folder"
        ) from error
    return found.st_ino, found.st_mtime_ns, found.st_size


def read_catalog(folder: Path) -> Catalog | None:
    """Reads the catalog; None where the folder holds none.

    Raises:
        StoreError: The file cannot be read, or is no catalog of this format.
    """
    file = folder / FILE_NAME
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(
            f"{file} cannot be read ({error.strerror}): check the rights of the folder"
        ) from error
    try:
        catalog = Catalog.model_validate_json(text)
    except ValidationError as error:
        raise StoreError(
            f"{file} is no catalog of a memory: restore it, or register into a new folder"
        ) from error
    if catalog.format != 1:
        raise StoreError(f"{file} has format {catalog.format}, this Echo reads format 1: use the newer Echo")
    return _in_folder(catalog, folder)


def existing_catalog(folder: Path) -> Catalog:
    """Reads the catalog of a memory that must be there.

    Raises:
        StoreError: The folder holds no memory, or its catalog cannot be read.
    """
    catalog = read_catalog(folder)
    if catalog is None:
        raise StoreError(
            f"{folder} holds no memory: register a product first (echo-agent register PRODUCT DIR)"
        )
    return catalog


def _in_folder(catalog: Catalog, folder: Path) -> Catalog:
    """The catalog with its references where they lie now: a memory may be moved or copied as a whole."""
    moved = {
        name: record.model_copy(
            update={
                "references": tuple(
                    image.model_copy(update={"uri": str(folder / "images" / Path(image.uri).name)})
                    for image in record.references
                )
            }
        )
        for name, record in catalog.products.items()
    }
    return catalog.model_copy(update={"products": moved})


def write_catalog(folder: Path, catalog: Catalog) -> None:
    """Replaces the catalog atomically: after a crash the file is the old one or the new one.

    Raises:
        StoreError: The folder cannot be written.
    """
    try:
        with replacing(folder / FILE_NAME, durable=True) as stream:
            stream.write(catalog.model_dump_json(indent=1).encode())
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written ({error.strerror}): choose another folder by --memory"
        ) from error

"""What a memory knows at one moment: the current version of each product, and the confirmed defects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from echo_agent.errors import ProductError, StoreError
from echo_agent.memory.answers import Feedback, confirmed_defects
from echo_agent.memory.damage import DamagedMemoryError
from echo_agent.memory.database import Database, has_banks, is_complete
from echo_agent.memory.former_files import take_over
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.versions import all_versions, current_versions
from echo_agent.names import canonical_name, spelled


@dataclass(frozen=True)
class Catalog:
    """All products of a memory, and the encoder that it was made with.

    Attributes:
        encoder: Id of the encoder.
        encoder_name: The name by which it is loaded.
        generation: Raised by each change.
        products: Products by name.
        confirmed: Confirmed defects of all products, newest first.
    """

    encoder: str
    encoder_name: str
    generation: int = 0
    products: Mapping[str, ProductRecord] = field(default_factory=dict)
    confirmed: tuple[Feedback, ...] = ()

    @property
    def records(self) -> list[ProductRecord]:
        """All products, by name."""
        return [self.products[name] for name in sorted(self.products)]


def open_database(folder: Path) -> Database:
    """The database of a memory's folder; what an earlier Echo kept in files there is taken over first.

    Raises:
        StoreError: It cannot be read, or not taken over.
    """
    take_over(database := Database(folder))
    return database


def read_catalog(database: Database) -> Catalog | None:
    """Reads the catalog; None where the folder holds no memory.

    Raises:
        StoreError: It cannot be read.
    """
    if not database.exists():
        if has_banks(database.folder):
            raise DamagedMemoryError(
                database.folder, f"{database.file} is missing or empty beside its products"
            )
        return None
    with database.reading() as connection:
        row = connection.execute("SELECT encoder, encoder_name, generation FROM memory").fetchone()
        if row is None:
            return None
        records = current_versions(connection, database.folder)
        confirmed = confirmed_defects(connection, database.folder)
    encoder, encoder_name, generation = row
    return Catalog(
        encoder=encoder,
        encoder_name=encoder_name,
        generation=generation,
        products={record.name: record for record in records},
        confirmed=tuple(confirmed),
    )


def read_generation(database: Database) -> int | None:
    """The catalog's generation; None where the folder holds no memory."""
    if not database.file.exists():
        return None
    with database.reading() as connection:
        row = is_complete(connection) and connection.execute("SELECT generation FROM memory").fetchone()
    return int(row[0]) if row else None


def existing(database: Database) -> Catalog:
    """Reads the catalog of a memory that must be there.

    Raises:
        StoreError: The folder holds no memory, or its catalog cannot be read.
    """
    catalog = read_catalog(database)
    if catalog is None:
        raise StoreError(
            f"{database.folder} holds no memory: register a product first (echo-agent register PRODUCT DIR)"
        )
    return catalog


def history(database: Database, product: str) -> list[ProductRecord]:
    """All versions of a product, newest first; the first is the one that counts.

    Raises:
        ProductError: The product is unknown.
        StoreError: The folder holds no memory, or its catalog cannot be read.
    """
    name = named(product, existing(database).records).name
    with database.reading() as connection:
        return all_versions(connection, database.folder, name)


def named(name: str, records: Sequence[ProductRecord]) -> ProductRecord:
    """The record of that name.

    Raises:
        ProductError: There is none; the message lists those that there are.
    """
    for record in records:
        if spelled(record.name) == spelled(name):
            return record
    alike = [record.name for record in records if canonical_name(record.name) == canonical_name(name)]
    if alike:
        raise ProductError(f"unknown product {name!r}: it is registered as {alike[0]!r}")
    known = ", ".join(record.name for record in records) or "none yet"
    raise ProductError(f"unknown product {name!r} (registered: {known}): register it or correct the name")

"""What a version is, in a file beside its banks: from these the catalog can be made anew where the database is lost."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from echo_agent.files import replacing
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.stored_paths import from_stored, to_stored

FILE_NAME = "version.json"


class VersionRecord(BaseModel):
    """A version, with the name by which its encoder is loaded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder_name: str
    record: ProductRecord


def write_version_record(folder: Path, record: ProductRecord, encoder_name: str) -> Path:
    """Writes it into the folder of the version.

    Args:
        folder: Folder of the memory.
        record: The version.
        encoder_name: The name by which its encoder is loaded.

    Returns:
        The file.

    Raises:
        OSError: It cannot be written.
    """
    text = to_stored(VersionRecord(encoder_name=encoder_name, record=record), folder)
    file = folder / record.folder / FILE_NAME
    with replacing(file, durable=True) as stream:
        stream.write(text.encode())
    return file


def read_version_records(folder: Path) -> list[VersionRecord]:
    """Those of all products that can be read, of each product the newest."""
    newest: dict[str, VersionRecord] = {}
    for file in sorted((folder / "products").glob(f"*/{FILE_NAME}")):
        try:
            found = VersionRecord.model_validate(from_stored(file.read_text(encoding="utf-8"), folder))
        except (OSError, ValueError):
            continue
        known = newest.get(found.record.name)
        if known is None or known.record.version < found.record.version:
            newest[found.record.name] = found
    return [newest[name] for name in sorted(newest)]

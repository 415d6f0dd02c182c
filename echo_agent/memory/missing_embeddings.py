"""Embeddings that a memory lacks, as one that was taken over from files or mended does: taken anew, of what counts."""

from contextlib import suppress

from echo_agent.errors import ImageError, ProductError
from echo_agent.memory.carrying import counted_photographs
from echo_agent.memory.database import Database
from echo_agent.memory.versions import current_versions, set_embedding, without_embedding
from echo_agent.vision.features import Array, FeatureEncoder


def fill_embeddings(database: Database, encoder: FeatureEncoder) -> None:
    """Encodes what counts of references whose embedding is not known, as in a memory that was taken over from files.

    One that cannot be read, or laid on the photograph that regions are drawn on, stays without.

    Raises:
        StoreError: The memory cannot be written.
    """
    if not database.exists():
        return
    with database.reading() as connection:
        missing = {image.sha256 for image in without_embedding(connection, database.folder)}
        records = current_versions(connection, database.folder) if missing else []
    found: dict[str, Array] = {}
    for record in records:
        drawn = [image for image in record.references if image.sha256 == record.ignored.drawn_on]
        for image in record.references:
            if image.sha256 in missing:
                with suppress(ImageError, ProductError):  # told where it is needed
                    counted = counted_photographs((image, *drawn), record.ignored, encoder)
                    found[image.sha256] = encoder.encode([counted[0]])[0].embedding
    if not found:
        return
    with database.writing() as connection:
        for digest, embedding in found.items():
            set_embedding(connection, digest, embedding)

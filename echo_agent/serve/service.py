"""What the service does: inspect, list, take answers. Knows no HTTP."""

import io
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from echo_agent.errors import EchoError, ImageError, RecordError
from echo_agent.images.decoding import load_image
from echo_agent.images.message_blocks import ImageSource, source_of
from echo_agent.images.policy import ImagePolicy
from echo_agent.images.sources import source_bytes
from echo_agent.inspector import Inspector
from echo_agent.memory.feedback import remember
from echo_agent.memory.inspections import InspectionRecord
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.products import Tell
from echo_agent.mllm.device_memory import MAX_BATCH
from echo_agent.report.overlay import overlay
from echo_agent.resources import Resources
from echo_agent.runs.drift import DriftWatch
from echo_agent.serve.metrics import Metrics
from echo_agent.serve.schemas import (
    FeedbackRequest,
    InspectRequest,
    Product,
    Registration,
    Removed,
    Said,
    Version,
    VersionedProduct,
)
from echo_agent.settings import process_settings
from echo_agent.state import HumanAnswer, flat_verdict

LOG = logging.getLogger(__name__)

PICTURE_SIDE = 1280
"""Longest side of the pictures that it draws, in pixels; smaller ones keep their size."""


class Service:
    """The work of the service, on one memory. Its methods are safe for threads.

    Args:
        inspector: The inspector.
    """

    def __init__(self, inspector: Inspector) -> None:
        self.inspector = inspector
        self.memory = inspector.memory
        self.policy = ImagePolicy.of(process_settings())
        self.drift = DriftWatch(inspector.memory)
        self.metrics = Metrics(self.memory, self.drift)
        self._warm = False

    @property
    def at_once(self) -> int:
        """How many inspections run at once: several only where a model scores them together."""
        resources = Resources(self.inspector.context, decider=self.inspector.decider)
        return MAX_BATCH if resources.scores_in_batches else 1

    def warm_up(self) -> None:
        """Loads what the first inspection of each product would load."""
        self.memory.encoder.encode([Image.new("RGB", (256, 256))])
        for record in self.memory.products():
            self.memory.normal_scores(record.name)
        self._warm = True

    def not_ready(self) -> str | None:
        """Why no part can be inspected now; None where one can."""
        if not self._warm:
            return "the encoder and the products are being loaded"
        if self.memory.is_gone():
            return f"the memory in {self.memory.folder} is gone"
        try:
            products = self.memory.products()
        except EchoError as error:
            return str(error)
        return None if products else "no product is registered: echo-agent register PRODUCT DIR"

    def image_of(self, request: InspectRequest) -> bytes:
        """The bytes of the photograph that a message brings or names.

        Raises:
            ImageError: It is too large, no base64, or outside the allowed folders.
        """
        if request.image is not None:
            source = source_of({"type": "image", "base64": request.image})
        else:
            source = ImageSource("path", request.path or "")
        return source_bytes(source, self.policy)

    def inspect(
        self, image: bytes, product: str | None, question: str | None, name: str | None
    ) -> dict[str, Any]:
        """Inspects a photograph.

        Returns:
            The verdict's flat form, with the record's id and the photograph's digest.

        Raises:
            EchoError: As ``Inspector.inspect`` raises it.
        """
        started = time.perf_counter()
        ref = self.memory.store_image(image, product)
        verdict = self.inspector.inspect(ref, product=product, question=question, name=name)
        self.metrics.inspected(verdict, time.perf_counter() - started)
        alarm = self.drift.add(ref, verdict)
        if alarm is not None:
            LOG.warning("%s", alarm)
        record = self.memory.inspections.find(ref.sha256)
        return {"id": record.id if record else None, "sha256": ref.sha256} | flat_verdict(verdict)

    def products(self) -> list[Product]:
        """The registered products."""
        return [self._told(record) for record in self.memory.products()]

    def product(self, name: str) -> VersionedProduct:
        """A product with all its versions.

        Raises:
            ProductError: It is unknown.
        """
        versions = [
            Version(
                version=record.version,
                created=record.created,
                references=record.normals,
                origin=record.origin,
            )
            for record in self.memory.history(name)
        ]
        told = self._told(self.memory.product(name))
        alarms = [str(alarm) for alarm in self.drift.alarms if alarm.product == told.name]
        return VersionedProduct(**told.model_dump(), versions=versions, alarms=alarms)

    def register(
        self, asked: Registration, photographs: Sequence[Path], *, knowledge: Path | None, tell: Tell
    ) -> Product:
        """Registers a product, and loads what its first inspection would load.

        Raises:
            EchoError: As ``Inspector.register`` raises it.
        """
        record = self.inspector.register(
            asked.name,
            photographs,
            knowledge=knowledge,
            replace=asked.existing == "replace",
            forget_learnt=asked.forget_learnt,
            depth=asked.depth,
            tell=tell,
        )
        self.memory.normal_scores(record.name)
        return self._told(record)

    def remove(self, name: str) -> Removed:
        """Removes a product with all its versions.

        Raises:
            ProductError: It is unknown.
        """
        known = self.memory.product(name).name
        self.memory.remove(known)
        self.drift.forget(known)
        return Removed(removed=known)

    def restore(self, name: str, version: int) -> Product:
        """Makes an earlier version of a product count again.

        Raises:
            ProductError: It is unknown, or has no such version.
        """
        return self._told(self.memory.restore(name, version))

    def _told(self, record: ProductRecord) -> Product:
        return Product(
            name=record.name,
            version=record.version,
            references=record.normals,
            encoder=record.encoder,
            created=record.created,
            expected_false_reject=record.guarantee.expected_false_reject,
            drift=self.drift.statistics().get(record.name),
        )

    def inspection(self, name: str) -> dict[str, Any]:
        """An inspection that was recorded, by its id or its photograph's digest.

        Raises:
            RecordError: There is none.
        """
        record = self._found(name)
        about = {"id": record.id, "sha256": record.image.sha256, "when": record.when, "name": record.name}
        return about | flat_verdict(record.verdict)

    def picture(self, name: str) -> bytes:
        """The photograph of an inspection with its anomaly map and regions, as PNG.

        Raises:
            RecordError: There is no such inspection, or its photograph is gone.
        """
        record = self._found(name)
        verdict = record.verdict
        try:
            photograph = load_image(record.image.uri)
        except ImageError as error:
            raise RecordError(f"the photograph of {record.id} is no longer kept: inspect it again") from error
        values = self.memory.anomaly_map(verdict.map_id) if verdict.map_id is not None else None
        stream = io.BytesIO()
        side = min(PICTURE_SIDE, max(photograph.size))
        overlay(photograph, values, verdict.regions, longest_side=side).save(stream, "PNG")
        return stream.getvalue()

    def _found(self, name: str) -> InspectionRecord:
        record = self.memory.inspections.find(name)
        if record is None:
            raise RecordError(f"there is no inspection {name[:80]}: take the id that its verdict came with")
        return record

    def say(self, said: FeedbackRequest) -> Said:
        """Records what a person says of a part, and learns it where wished.

        Raises:
            RecordError: There is no such inspection.
            ProductError: It shall be learnt of an unknown product.
        """
        record = self._found(said.inspection)
        answer = HumanAnswer(
            action="accept" if record.verdict.label == said.label else "correct",
            label=said.label,
            defect_type=said.defect_type if said.label == "defective" else None,
            who=said.who,
            comment=said.comment,
            remember=said.learn,
        )
        kept = remember(
            self.memory,
            record.verdict.product,
            record.image,
            record.verdict.label,
            answer,
            name=record.name,
        )
        return Said(
            id=kept.id, label=kept.label, product=kept.product, proposed=kept.proposed, learnt=kept.learnt
        )

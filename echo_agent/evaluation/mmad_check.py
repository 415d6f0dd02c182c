"""What is wrong with a benchmark's files: missing ones, and images that show another object than their path says."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echo_agent.evaluation.mmad_dataset import MmadImage, References
from echo_agent.state import Progress, Value

Embed = Callable[[Path], NDArray[np.floating[Any]]]

TEMPLATES_OF_A_CLASS = 1
"""Templates of each image that stand for its product when the files are checked."""


class DatasetCheck(Value):
    """What is wrong with the files of a benchmark.

    Attributes:
        missing_images: Images that are not there; their questions cannot be asked.
        missing_templates: Templates that are not there.
        without_template: Images all of whose wanted templates are missing; they cannot be asked either.
        unanswerable: Questions, by image and number, whose answer is none of their options; they are left out.
        shown: Images that are among their own templates: what they show is no news to the memory.
        far: Images that look more like another product's templates than like any of their own.
    """

    missing_images: tuple[str, ...] = ()
    missing_templates: tuple[str, ...] = ()
    without_template: tuple[str, ...] = ()
    unanswerable: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    far: tuple[str, ...] = ()

    def in_words(self) -> tuple[str, ...]:
        """One line a finding, with the first files of each."""
        findings = (
            ("missing images, their questions are left out", self.missing_images),
            ("missing templates, the next ones are taken", self.missing_templates),
            ("images without a template, their questions are left out", self.without_template),
            ("questions whose answer is none of their options are left out", self.unanswerable),
            ("images that are among their own templates (they are asked all the same)", self.shown),
            ("images that look like another product's (they are asked all the same)", self.far),
        )
        return tuple(
            f"{len(paths)} {what}: {', '.join(paths[:5])}{' ...' if len(paths) > 5 else ''}"
            for what, paths in findings
            if paths
        )


def check_files(root: Path, images: Iterable[MmadImage], references: References, shots: int) -> DatasetCheck:
    """Lists the files that a run needs and that are not there.

    Args:
        root: The benchmark's folder.
        images: Images to be asked.
        references: Where their references come from.
        shots: References of each image; all of its templates count for ``memory``.
    """
    images = list(images)
    wanted = {template for image in images for template in _wanted(image, references, shots)}
    missing = {path for path in wanted if not (root / path).is_file()}

    return DatasetCheck(
        missing_images=tuple(image.path for image in images if not (root / image.path).is_file()),
        missing_templates=tuple(sorted(missing)),
        without_template=tuple(
            image.path
            for image in images
            if not any((root / path).is_file() for path in image.templates(references))
        ),
        shown=tuple(
            image.path
            for image in images
            if any(_same(root / image.path, root / path) for path in _wanted(image, references, shots))
        ),
        unanswerable=tuple(f"{image.path}#{number}" for image in images for number in image.unanswerable),
    )


def _same(image: Path, template: Path) -> bool:
    """Whether two files hold the same bytes."""
    both = image.is_file() and template.is_file() and image.stat().st_size == template.stat().st_size
    return both and image.read_bytes() == template.read_bytes()


def _wanted(image: MmadImage, references: References, shots: int) -> tuple[str, ...]:
    templates = image.templates(references)
    return templates if references == "memory" else templates[:shots]


def far_from_class(
    root: Path,
    images: Sequence[MmadImage],
    missing: frozenset[str],
    embed: Embed,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Finds images that show another object than their path says.

    An image is far when the template nearest to it, of all products, belongs to another product.

    Args:
        root: The benchmark's folder.
        images: Images that exist.
        missing: Templates that do not.
        embed: Gives an image's embedding, a vector.
        progress: Called with images done and images in all.

    Returns:
        Paths of the images that are far, in the images' order.
    """
    owner: dict[str, str] = {}
    for image in images:
        for template in [path for path in image.random if path not in missing][:TEMPLATES_OF_A_CLASS]:
            owner.setdefault(template, f"{image.dataset}/{image.product}")
    if len(set(owner.values())) < 2:
        return ()
    templates = list(owner)
    bank = np.stack([_unit(embed(root / template)) for template in templates])
    far = []
    for done, image in enumerate(images, start=1):
        similarity = bank @ _unit(embed(root / image.path))
        if image.path in owner:
            similarity[templates.index(image.path)] = -1
        if owner[templates[int(similarity.argmax())]] != f"{image.dataset}/{image.product}":
            far.append(image.path)
        if progress is not None:
            progress(done, len(images))
    return tuple(far)


def _unit(vector: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    wide = np.asarray(vector, dtype=np.float64).ravel()
    return wide / max(float(np.linalg.norm(wide)), 1e-12)

"""The numbers behind ``answers.one_shot``: good parts against a single reference, ``python -m benchmarks.one_shot``."""

import math
import random
import statistics
from collections.abc import Sequence
from typing import Annotated

import typer

from benchmarks.program import JsonOption, program, tell
from benchmarks.shared_fits import WORKING
from echo_agent.cli.options import CategoriesArgument, LabelsOption, read_told
from echo_agent.cli.progress import progress_bar
from echo_agent.evaluation.category import Category
from echo_agent.images.decoding import load_image
from echo_agent.memory.joint_scores import join
from echo_agent.memory.normal_model import fit
from echo_agent.report.table import markdown_rows
from echo_agent.resources import open_encoder
from echo_agent.state import Progress, Value
from echo_agent.vision.features import FeatureEncoder

COPY = 0.1
"""Lower scores are of photographs that are copies of the reference."""


class OneShotNormals(Value):
    """Log scores of good parts of one product, each against single references.

    Attributes:
        name: The product.
        pairs: Pairs of photographs that were compared.
        mean: Mean log score.
        spread: Standard deviation of the log scores.
    """

    name: str
    pairs: int
    mean: float
    spread: float


class PooledNormals(Value):
    """Good parts of several products together.

    Attributes:
        products: Number of products.
        mean: Mean of the products' means.
        spread: Square root of the variance of the products' means plus the mean variance within them: how a good
            part of a further product scatters.
    """

    products: int
    mean: float
    spread: float


def measure_category(
    category: Category,
    encoder: FeatureEncoder,
    second: FeatureEncoder | None = None,
    *,
    photographs: int = 12,
    seed: int = 0,
    progress: Progress | None = None,
) -> OneShotNormals:
    """Scores the good photographs of a category against each other, each reference alone.

    Args:
        category: The category; only its normals are looked at.
        encoder: Image encoder.
        second: A second encoder whose scores are joined with the first one's.
        photographs: Good photographs at most.
        seed: Seed of their choice.
        progress: Called with references done and their number.
    """
    paths = list(category.normals)
    random.Random(seed).shuffle(paths)
    images = [load_image(path) for path in paths[:photographs]]
    encoders = [eyes for eyes in (encoder, second) if eyes is not None]
    features = [[eyes.encode([image])[0] for eyes in encoders] for image in images]
    logs = []
    for number, image in enumerate(images):
        fitted = [fit([image], eyes, 1.0).resolution for eyes in encoders]
        for index, other in enumerate(features):
            if index == number:
                continue
            seen = [one.predict(of) for one, of in zip(fitted, other, strict=True)]
            score = join(seen, WORKING[: len(seen)]).score
            if score > COPY:
                logs.append(math.log(score))
        if progress is not None:
            progress(number + 1, len(images))
    return OneShotNormals(
        name=category.name, pairs=len(logs), mean=statistics.fmean(logs), spread=statistics.stdev(logs)
    )


def pool(found: Sequence[OneShotNormals]) -> PooledNormals:
    """Puts at least two products together, each with the same weight."""
    means = [one.mean for one in found]
    within = statistics.fmean(one.spread**2 for one in found)
    return PooledNormals(
        products=len(found),
        mean=statistics.fmean(means),
        spread=math.sqrt(statistics.variance(means) + within),
    )


def markdown_table(found: Sequence[OneShotNormals], pooled: PooledNormals | None) -> str:
    """A Markdown table: a row a product, and one of all together where there are several."""
    figures = ("pairs", "mean log score", "spread")
    rows = [(one.name, str(one.pairs), f"{one.mean:.3f}", f"{one.spread:.3f}") for one in found]
    if pooled is not None:
        rows.append(
            (f"{pooled.products} products together", "", f"{pooled.mean:.3f}", f"{pooled.spread:.3f}")
        )
    return markdown_rows(("product", *figures), rows, right=figures)


def one_shot(
    folders: CategoriesArgument,
    *,
    photographs: Annotated[int, typer.Option(min=3, help="Good photographs of each product at most.")] = 12,
    seed: Annotated[int, typer.Option(help="Seed of their choice.")] = 0,
    second: Annotated[
        str | None, typer.Option(help="Second encoder, such as dinov2-small, joined with the first.")
    ] = None,
    label: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Log scores of good parts against a single reference, by product and together: a Markdown table."""
    encoder, beside = open_encoder(), None if second is None else open_encoder(second)
    found = []
    for category in read_told(folders, label):
        with progress_bar(category.name) as progress:
            found.append(
                measure_category(
                    category, encoder, beside, photographs=photographs, seed=seed, progress=progress
                )
            )
    pooled = pool(found) if len(found) > 1 else None
    tell({"products": found, "together": pooled}, markdown_table(found, pooled), as_json)


app = program(one_shot)

if __name__ == "__main__":
    app()

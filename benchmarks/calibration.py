"""What thresholds promise, held against unseen normals over many draws: ``python -m benchmarks.calibration``."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer
from PIL import Image

from benchmarks.program import EncoderOption, JsonOption, program, tell
from benchmarks.shared_fits import KnownFeatures
from echo_agent.cli.options import LabelsOption, read_told
from echo_agent.cli.progress import progress_bar
from echo_agent.errors import DatasetError
from echo_agent.evaluation import solar_cells
from echo_agent.images.decoding import load_image
from echo_agent.memory import calibration
from echo_agent.memory.joint_scores import join, joined_normals
from echo_agent.memory.normal_model import fit
from echo_agent.memory.working_resolutions import FIRST, SECOND
from echo_agent.report.colours import DEFECTIVE_FROM
from echo_agent.resources import open_encoder
from echo_agent.state import Progress, Value
from echo_agent.state.notation import percent
from echo_agent.vision.anomaly_map import at_size
from echo_agent.vision.feature_layers import Prediction
from echo_agent.vision.features import FeatureEncoder

MAP_PERCENTILE = 99
MIN_UNSEEN = 10


class Draw(Value):
    """One draw of references.

    Attributes:
        false_reject_rate: Share of the unseen normals that score above the threshold and may be called defective.
        above_bound: Whether that share is above the bound that was printed.
        dark: Share of the unseen normals whose map's 99th percentile stays below where the colours of a defect start.
        rotated: Whether rotated copies served as references too.
    """

    false_reject_rate: float
    above_bound: bool
    dark: float
    rotated: bool


class CalibrationResult(Value):
    """What the thresholds held over all draws.

    Attributes:
        normals: Normals that were drawn from.
        shots: References a draw.
        unseen: Unseen normals a draw.
        draws: Number of draws.
        max_false_reject: The rate that was asked for.
        expected: Expected rate that is printed; None where the references allow none.
        bound_95: Bound that is printed; None where the references allow none.
        mean_false_reject: Mean of the draws' false-reject rates.
        sd_false_reject: Their standard deviation.
        share_above_bound: Share of the draws whose rate is above the printed bound.
        dark_maps: Mean share of unseen normals whose map's 99th percentile stays below the ``defective`` colour.
        rotated: Share of the draws whose references were joined by rotated copies.
    """

    normals: int
    shots: int
    unseen: int
    draws: int
    max_false_reject: float
    expected: float | None
    bound_95: float | None
    mean_false_reject: float
    sd_false_reject: float
    share_above_bound: float
    dark_maps: float
    rotated: float


def measure_calibration(
    images: Sequence[Image.Image],
    encoder: FeatureEncoder,
    second: FeatureEncoder | None = None,
    *,
    shots: int,
    draws: int,
    unseen: int,
    max_false_reject: float = 0.10,
    seed: int = 0,
    progress: Progress | None = None,
) -> CalibrationResult:
    """Fits the first look on random references and scores normals that are not among them, many times.

    Args:
        images: RGB images of good parts.
        encoder: The encoder.
        second: A second encoder whose scores are joined with the first one's.
        shots: References a draw.
        draws: Number of draws.
        unseen: Unseen normals that are scored a draw, chosen at random; all where there are fewer.
        max_false_reject: Wanted expected false-reject rate.
        seed: Seed of the draws.
        progress: Called with the draws done and their number.

    Returns:
        The figures.

    Raises:
        DatasetError: There are too few images for so many references.
    """
    if len(images) < shots + MIN_UNSEEN:
        raise DatasetError(
            f"{len(images)} normals are too few for {shots} references and {MIN_UNSEEN} unseen ones: "
            "give more photographs or fewer --shots"
        )
    looks = [(KnownFeatures(encoder), FIRST[0])]
    if second is not None:
        looks.append((KnownFeatures(second), SECOND[0]))
    working = [at for _, at in looks]
    promised = calibration.guarantee(shots, max_false_reject)
    generator = random.Random(seed)
    found: list[Draw] = []
    for done in range(1, draws + 1):
        order = generator.sample(range(len(images)), len(images))
        references = [images[index] for index in order[:shots]]
        others = [images[index] for index in order[shots : shots + unseen]]
        fitted = [fit(references, known, at.scale).resolution for known, at in looks]
        seen = [
            [one.predict(known.encode([image], scale=at.scale)[0]) for image in others]
            for one, (known, at) in zip(fitted, looks, strict=True)
        ]
        predictions = [join(both, working) for both in zip(*seen, strict=True)]
        rotated = any(one.angles for one in fitted)
        found.append(
            _draw(
                joined_normals(fitted, working),
                predictions,
                others,
                max_false_reject,
                promised.bound_95,
                rotated=rotated,
            )
        )
        if progress is not None:
            progress(done, draws)
    rates = np.array([draw.false_reject_rate for draw in found])
    return CalibrationResult(
        normals=len(images),
        shots=shots,
        unseen=min(unseen, len(images) - shots),
        draws=draws,
        max_false_reject=max_false_reject,
        expected=promised.expected_false_reject,
        bound_95=promised.bound_95,
        mean_false_reject=float(rates.mean()),
        sd_false_reject=float(rates.std(ddof=1)) if draws > 1 else 0.0,
        share_above_bound=float(np.mean([draw.above_bound for draw in found])),
        dark_maps=float(np.mean([draw.dark for draw in found])),
        rotated=float(np.mean([draw.rotated for draw in found])),
    )


def _draw(
    scores: Sequence[float],
    predictions: Sequence[Prediction],
    images: Sequence[Image.Image],
    max_false_reject: float,
    bound: float | None,
    *,
    rotated: bool,
) -> Draw:
    """Rejects as an inspection does: above the threshold, with a p-value that the wanted rate allows."""
    limit = calibration.threshold(scores, max_false_reject)
    rejected = [
        limit is not None
        and prediction.score > limit
        and calibration.conformal_p_value(prediction.score, scores) <= max_false_reject
        for prediction in predictions
    ]
    rate = float(np.mean(rejected))
    percentiles = [
        np.percentile(at_size(prediction.anomaly_map, image.size), MAP_PERCENTILE)
        for prediction, image in zip(predictions, images, strict=True)
    ]
    return Draw(
        false_reject_rate=rate,
        above_bound=bound is not None and rate > bound,
        dark=float(np.mean([percentile < DEFECTIVE_FROM for percentile in percentiles])),
        rotated=rotated,
    )


def as_text(name: str, result: CalibrationResult) -> str:
    """The figures in words, a line each."""
    promised = (
        f"{percent(result.expected, 1)} expected, at most {percent(result.bound_95, 1)} with 95 % confidence"
        if result.expected is not None and result.bound_95 is not None
        else "nothing"
    )
    return "\n".join(
        (
            f"{name}: {result.draws} draws of {result.shots} references from {result.normals} normals, "
            f"{result.unseen} unseen ones scored in each",
            f"  promised at {percent(result.max_false_reject)}: {promised}",
            f"  false rejects: {percent(result.mean_false_reject, 1)} ± {percent(result.sd_false_reject, 1)}",
            f"  draws above the bound: {percent(result.share_above_bound, 1)}",
            f"  maps whose 99th percentile stays below the colour of a defect: {percent(result.dark_maps, 1)}",
            f"  draws with rotated copies as references: {percent(result.rotated)}",
        )
    )


def calibration_draws(
    places: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DIR]...", help="Categories; the normals of elpv-dataset (extra demo) if not given."
        ),
    ] = None,
    *,
    shots: Annotated[int, typer.Option(min=2, help="References a draw.")] = 16,
    draws: Annotated[int, typer.Option(min=1, help="Random draws of the references.")] = 200,
    unseen: Annotated[int, typer.Option(min=1, help="Unseen normals that are scored a draw.")] = 100,
    cells: Annotated[
        Literal["mono", "poly", "all"], typer.Option(help="Which cells of elpv-dataset.")
    ] = "mono",
    normals: Annotated[int | None, typer.Option(min=1, help="Normals to draw from, at most.")] = None,
    max_false_reject: Annotated[float, typer.Option(min=0.001, max=0.999, help="Wanted rate.")] = 0.10,
    encoder: EncoderOption = None,
    second: Annotated[
        str | None, typer.Option(help="Second encoder, such as dinov2-small, joined with the first.")
    ] = None,
    label: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """What thresholds promise, held against unseen normals over many random draws of references."""
    if places:
        pools = {
            category.name: sorted(
                {*category.normals, *(test.path for test in category.tests if not test.defective)}
            )
            for category in read_told(places, label)
        }
    else:
        kind = None if cells == "all" else cells
        pools = {f"elpv {cells}": solar_cells.cells(solar_cells.data_folder(), kind)[0]}
    loaded, beside = open_encoder(encoder), None if second is None else open_encoder(second)
    results = {}
    for name, pool in pools.items():
        chosen = pool if normals is None else random.Random(0).sample(pool, min(normals, len(pool)))
        with progress_bar(f"draw from {name}") as progress:
            results[name] = measure_calibration(
                [load_image(path) for path in chosen],
                loaded,
                beside,
                shots=shots,
                draws=draws,
                unseen=unseen,
                max_false_reject=max_false_reject,
                progress=progress,
            )
    tell(results, "\n".join(as_text(name, found) for name, found in results.items()), as_json)


app = program(calibration_draws)

if __name__ == "__main__":
    app()

"""What thresholds promise, held against unseen normals over many draws: ``python -m benchmarks.calibration``."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer
from PIL import Image

from benchmarks.program import EncoderOption, JsonOption, program, tell
from benchmarks.shared_fits import KnownFeatures, SharedFits
from benchmarks.value_lines import append_value, read_values
from benchmarks.variants import Comparing, Variant
from echo_agent.cli.options import LabelsOption, read_told
from echo_agent.cli.progress import progress_bar
from echo_agent.errors import DatasetError
from echo_agent.evaluation import solar_cells
from echo_agent.images.decoding import load_image
from echo_agent.memory import calibration
from echo_agent.report.colours import DEFECTIVE_FROM
from echo_agent.resources import open_encoder
from echo_agent.state import Progress, Value
from echo_agent.state.notation import percent
from echo_agent.vision.anomaly_map import at_size
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
    out: Path | None = None,
    features: Path | None = None,
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
        out: A file that each draw is appended to as it is made; draws that it holds are not made again.
        features: A folder in which the features of images are kept for a next run.
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
    encoders = [KnownFeatures(eyes, features) for eyes in (encoder, second) if eyes is not None]
    promised = calibration.guarantee(shots, max_false_reject)
    generator = random.Random(seed)
    found = [] if out is None else read_values(out, Draw, to_go_on=True)[:draws]
    for done in range(draws):
        order = generator.sample(range(len(images)), len(images))
        if done >= len(found):
            references = [images[index] for index in order[:shots]]
            others = [images[index] for index in order[shots : shots + unseen]]
            found.append(_draw(encoders, references, others, max_false_reject, promised.bound_95))
            if out is not None:
                append_value(out, found[-1])
        if progress is not None:
            progress(done + 1, draws)
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
    encoders: Sequence[KnownFeatures],
    references: Sequence[Image.Image],
    images: Sequence[Image.Image],
    max_false_reject: float,
    bound: float | None,
) -> Draw:
    """Rejects as an inspection does: above the threshold, with a p-value that the wanted rate allows."""
    shared = SharedFits(encoders, references, images)
    scores, predictions = shared.predict(Variant(second=None if len(encoders) < 2 else Comparing()))
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
        rotated=shared.rotated,
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
    out: Annotated[
        Path | None,
        typer.Option(help="Append each draw of the one category to this file, and go on from what it holds."),
    ] = None,
    features: Annotated[
        Path | None, typer.Option(help="Keep the features of images in this folder, for a next run.")
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
    if out is not None and len(pools) > 1:
        raise typer.BadParameter("--out holds the draws of one category: give one DIR")
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
                out=out,
                features=features,
                progress=progress,
            )
    tell(results, "\n".join(as_text(name, found) for name, found in results.items()), as_json)


app = program(calibration_draws)

if __name__ == "__main__":
    app()

"""What ``benchmarks.patchcore`` found: figures of both, their ratios, and the table."""

from collections.abc import Sequence

from echo_agent.report.table import markdown_rows
from echo_agent.state import Value


class Figures(Value):
    """How well one of the two did on one product with one choice of references.

    Attributes:
        image_auroc: Area under the ROC curve of the image scores; None unless there are good and defective images.
        aupro: Area under the per-region overlap, limit 0.3, maps at the photographs' size; None without masks.
        aupro_05: The same with limit 0.05.
        ms: Median milliseconds an image, decoding included.
    """

    image_auroc: float | None
    aupro: float | None
    aupro_05: float | None
    ms: float


class Compared(Value):
    """Both on the same references and test images.

    Attributes:
        product: Name of the category.
        shots: References.
        seed: Seed that chose them.
        echo: Figures of whole inspections, finer predictions, regions and verdict included.
        echo_first_look_ms: Median milliseconds of the evidence's first look alone, decoding included: what
            PatchCore does.
        patchcore: Figures of anomalib's model.
    """

    product: str
    shots: int
    seed: int
    echo: Figures
    echo_first_look_ms: float
    patchcore: Figures


class Ratios(Value):
    """Echo's means over PatchCore's; below 1 Echo is better, None where PatchCore's mean is zero or missing.

    Attributes:
        image_error: Ratio of the means of 1 - image AUROC.
        aupro_error: Ratio of the means of 1 - AUPRO (limit 0.3).
        aupro_05_error: The same with limit 0.05.
        time: Ratio of the means of the median times of an inspection.
        first_look_time: Ratio of those of the evidence's first look alone.
    """

    image_error: float | None
    aupro_error: float | None
    aupro_05_error: float | None
    time: float | None
    first_look_time: float | None


class Comparison(Value):
    """The whole comparison.

    Attributes:
        threads: Threads that torch used for both.
        rows: One a product, number of shots and seed.
        ratios: Over all rows.
        ratios_by_shots: Over the rows of each number of shots.
    """

    threads: int
    rows: tuple[Compared, ...]
    ratios: Ratios
    ratios_by_shots: dict[int, Ratios]


def ratios(rows: Sequence[Compared]) -> Ratios:
    """Echo's means over PatchCore's; a figure that either lacks in a row is left out of both means."""
    pairs = [(row.echo, row.patchcore) for row in rows]
    return Ratios(
        image_error=_ratio([(_error(echo.image_auroc), _error(rival.image_auroc)) for echo, rival in pairs]),
        aupro_error=_ratio([(_error(echo.aupro), _error(rival.aupro)) for echo, rival in pairs]),
        aupro_05_error=_ratio([(_error(echo.aupro_05), _error(rival.aupro_05)) for echo, rival in pairs]),
        time=_ratio([(echo.ms, rival.ms) for echo, rival in pairs]),
        first_look_time=_ratio([(row.echo_first_look_ms, row.patchcore.ms) for row in rows]),
    )


def _error(area: float | None) -> float | None:
    return None if area is None else 1 - area


def _ratio(pairs: Sequence[tuple[float | None, float | None]]) -> float | None:
    known = [(echo, rival) for echo, rival in pairs if echo is not None and rival is not None]
    total = sum(rival for _, rival in known)
    return sum(echo for echo, _ in known) / total if total > 0 else None


def markdown_table(comparison: Comparison) -> str:
    """Rows and ratios as a Markdown table; of each pair Echo's figure stands first."""
    figures = ("image AUROC", "AUPRO 0.3", "AUPRO 0.05", "ms an image", "ms first look")
    pairs = [
        (
            row.product,
            str(row.shots),
            str(row.seed),
            _pair(row.echo.image_auroc, row.patchcore.image_auroc),
            _pair(row.echo.aupro, row.patchcore.aupro),
            _pair(row.echo.aupro_05, row.patchcore.aupro_05),
            f"{row.echo.ms:.0f} ({row.patchcore.ms:.0f})",
            f"{row.echo_first_look_ms:.0f}",
        )
        for row in comparison.rows
    ]
    errors = ("1 - image AUROC", "1 - AUPRO 0.3", "1 - AUPRO 0.05", "time", "first look")
    by_shots = [(f"{count} shots", found) for count, found in comparison.ratios_by_shots.items()]
    means = [
        [name, *(_number(value) for value in found.model_dump().values())]
        for name, found in [*by_shots, ("all", comparison.ratios)]
    ]
    tables = (
        markdown_rows(("product", "shots", "seed", *figures), pairs),
        markdown_rows(("mean over PatchCore's mean", *errors), means),
        f"torch threads: {comparison.threads}",
    )
    return "\n\n".join(tables)


def _pair(echo: float | None, rival: float | None) -> str:
    return f"{_number(echo)} ({_number(rival)})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"

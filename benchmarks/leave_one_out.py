"""For each product the figures of the variant that the other products would choose."""

from collections.abc import Sequence
from statistics import mean

from echo_agent.report.table import markdown_rows
from echo_agent.state import Value

ALL = "mean"

WORTH = 0.003
"""A later variant is chosen over an earlier one only where its two errors together are lower by more than this: less
is within what another choice of references moves."""


class AblationRow(Value):
    """One variant on one product with one choice of references.

    Attributes:
        variant: Its name.
        product: The product's.
        shots: References asked for; all that there are where these are fewer.
        seed: Seed that chose them.
        image_auroc: Image AUROC over the tests; None where they are all of one kind.
        aupro: AUPRO up to a false-positive rate of 0.3; None where no mask is known.
        scores: Score of each test.
        defective: Whether each is.
        normals: Scores of the left-out references.
    """

    variant: str
    product: str
    shots: int
    seed: int
    image_auroc: float | None
    aupro: float | None
    scores: tuple[float, ...] = ()
    defective: tuple[bool, ...] = ()
    normals: tuple[float, ...] = ()


class LeftOut(Value):
    """A product judged by the variant that the others chose: its errors beside those of the default and of the best."""

    product: str
    chosen: str
    image_error: float
    map_error: float | None
    default_image_error: float
    default_map_error: float | None


def leave_one_out(rows: Sequence[AblationRow]) -> tuple[LeftOut, ...]:
    """Chooses a variant for each product on the others.

    The choice is by the mean of 1 - image AUROC and 1 - AUPRO, each over the products that have it, all numbers of
    references and seeds alike; of those within ``WORTH`` of the best the first one. A product's own photographs take
    no part in what its figures rest on.

    Args:
        rows: Each variant on each product; the first variant is the default.

    Returns:
        A line a product; empty for a single product.
    """
    products = list(dict.fromkeys(row.product for row in rows))
    variants = list(dict.fromkeys(row.variant for row in rows))
    if len(products) < 2:
        return ()
    image, maps = (_errors(rows, figure) for figure in ("image_auroc", "aupro"))
    found = []
    for product in products:
        others = [other for other in products if other != product]
        errors = {name: _mean(image, name, others) + _mean(maps, name, others) for name in variants}
        chosen = next(name for name, error in errors.items() if error <= min(errors.values()) + WORTH)
        found.append(
            LeftOut(
                product=product,
                chosen=chosen,
                image_error=image[chosen, product],
                map_error=maps.get((chosen, product)),
                default_image_error=image[variants[0], product],
                default_map_error=maps.get((variants[0], product)),
            )
        )
    return tuple(found)


def leave_one_out_table(rows: Sequence[AblationRow]) -> str:
    """A Markdown table of what ``leave_one_out`` finds, with the means last."""
    found = leave_one_out(rows)
    head = (
        "product",
        "chosen by the others",
        "1 - image AUROC",
        "the first's",
        "1 - AUPRO",
        "the first's",
    )
    figures = ("image_error", "default_image_error", "map_error", "default_map_error")
    lines = [
        (one.product, one.chosen, *(_number(getattr(one, figure)) for figure in figures)) for one in found
    ]
    means = []
    for figure in figures:
        known = [value for one in found if (value := getattr(one, figure)) is not None]
        means.append(_number(mean(known) if known else None))
    return markdown_rows(head, [*lines, (ALL, "", *means), ("ratio", "", *_ratios(found))])


def _ratios(found: Sequence[LeftOut]) -> tuple[str, ...]:
    """Mean errors over those of the first variant, image and map."""
    ratios = []
    for ours, theirs in (("image_error", "default_image_error"), ("map_error", "default_map_error")):
        pairs = [
            (getattr(one, ours), getattr(one, theirs)) for one in found if getattr(one, ours) is not None
        ]
        base = mean(other for _, other in pairs) if pairs else 0.0
        ratios += [f"{mean(own for own, _ in pairs) / base:.2f}" if base else "-", ""]
    return tuple(ratios)


def _errors(rows: Sequence[AblationRow], figure: str) -> dict[tuple[str, str], float]:
    """Mean error by variant and product."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        value = getattr(row, figure)
        if value is not None:
            found.setdefault((row.variant, row.product), []).append(1 - value)
    return {key: mean(values) for key, values in found.items()}


def _mean(errors: dict[tuple[str, str], float], variant: str, products: Sequence[str]) -> float:
    known = [errors[variant, product] for product in products if (variant, product) in errors]
    return mean(known) if known else 0.0


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"

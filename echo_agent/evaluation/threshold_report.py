"""A choice of thresholds in words, and the distributions of the scores as bars and as a picture."""

from pathlib import Path

import numpy as np

from echo_agent.errors import DatasetError, MissingExtraError
from echo_agent.evaluation.threshold_choice import Counted, Pass, Reject, ThresholdChoice, Zones
from echo_agent.report.charts import score_edges
from echo_agent.report.table import plain_table
from echo_agent.report.words import counted_normals
from echo_agent.state.notation import counted, percent, strictness_in_words

BINS = 16
BAR_WIDTH = 40
COLOURS = {"references": "#4c72b0", "good parts": "#55a868", "defective parts": "#c44e52"}


def as_text(choice: ThresholdChoice) -> str:
    """What the references allow, and what the labelled parts say of it."""
    scores = choice.normal_scores
    lines = [
        f"{choice.product}, version {choice.version}, encoder {choice.encoder}; scores of the first look",
        f"how strict: {strictness_in_words(choice.strictness)}",
    ]
    if choice.strictness_by is not None:
        lines.append(f"set by {choice.strictness_by.who or 'nobody named'}, {choice.strictness_by.when}")
    if scores:
        lines.append(
            f"{counted_normals(choice.rejects[0].guarantee)}, each against the others: scores {min(scores):.2f} to "
            f"{max(scores):.2f} (1 is their median)"
        )
    else:
        lines.append("photographs of a single good part give no threshold: register more")
    labelled = choice.labelled
    parts = len(labelled.good) + len(labelled.defective)
    if labelled.photographs is not None and labelled.photographs > parts:
        lines.append(
            f"{labelled.photographs} labelled photographs show {counted(parts, 'part')}: those that repeat each other "
            "count once"
        )
    lines += ["", *_bars(choice), "", *_rejects(choice)]
    if choice.passes is not None:
        lines += ["", *_passes(choice.passes)]
    if choice.zones is not None:
        lines += ["", *_zones(choice.zones)]
    return "\n".join(lines)


def plot(choice: ThresholdChoice, file: Path) -> None:
    """Draws the distributions of the scores with both thresholds.

    Args:
        choice: The choice.
        file: Where to write it; its suffix (``.png``, ``.svg``) says the format.

    Raises:
        DatasetError: There are no scores, or the file cannot be written.
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "eval") from error
    groups = _groups(choice)
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    edges = score_edges(groups.values(), BINS).tolist()
    for name, scores in groups.items():
        axes.hist(scores, bins=edges, alpha=0.6, label=f"{name} ({len(scores)})", color=COLOURS[name])
    reject = choice.rejects[0]
    if reject.threshold is not None:
        axes.axvline(
            reject.threshold, color="black", label=f"stands out above (rate {percent(reject.wanted)})"
        )
    if choice.passes is not None:
        label = f"may pass below (escapes {percent(choice.passes.wanted)})"
        axes.axvline(choice.passes.threshold, color="black", linestyle="--", label=label)
    axes.set(xlabel="score (1 is a typical good part)", ylabel="parts", title=choice.product)
    axes.legend()
    try:
        figure.savefig(file)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file} cannot be written ({error}): name a .png or .svg file") from error


def _groups(choice: ThresholdChoice) -> dict[str, tuple[float, ...]]:
    groups = {
        "references": choice.normal_scores,
        "good parts": choice.labelled.good,
        "defective parts": choice.labelled.defective,
    }
    present = {name: scores for name, scores in groups.items() if scores}
    if not present:
        raise DatasetError(f"{choice.product} has no scores to draw: register more photographs of good parts")
    return present


def _bars(choice: ThresholdChoice) -> list[str]:
    if not choice.normal_scores and not choice.labelled.good and not choice.labelled.defective:
        return []
    groups = _groups(choice)
    edges = score_edges(groups.values(), BINS)
    counts = {name: np.histogram(scores, bins=edges)[0] for name, scores in groups.items()}
    most = max(int(found.max()) for found in counts.values())
    lines = []
    for name, found in counts.items():
        lines.append(f"{name}:")
        for index in range(BINS):
            if found[index]:
                bar = "#" * max(1, round(BAR_WIDTH * found[index] / most))
                lines.append(f"  {edges[index]:7.2f} to {edges[index + 1]:7.2f}  {bar} {found[index]}")
    return lines


def _rejects(choice: ThresholdChoice) -> list[str]:
    with_labels = any(reject.false_rejects or reject.escapes for reject in choice.rejects)
    head = ["wanted", "threshold", "expected", "at most (95 %)", "more references"]
    head += ["false rejects", "not standing out"] if with_labels else []
    rows = []
    for reject in choice.rejects:
        promised = reject.guarantee
        cells = [
            percent(reject.wanted),
            _number(reject.threshold),
            _share(promised.expected_false_reject),
            _share(promised.bound_95),
            str(promised.normals_missing) if promised.normals_missing else "-",
        ]
        rows.append(
            cells + ([_counted(reject.false_rejects), _counted(reject.escapes)] if with_labels else [])
        )
    table = [plain_table(head, rows, right=head)]
    table += [_contradicted(reject) for reject in choice.rejects[:1] if reject.contradicted]
    missing = choice.rejects[0].guarantee.normals_missing
    if missing:
        table.append(
            f"{percent(choice.rejects[0].wanted)} false rejects need {missing} more references: until then what "
            "stands out is review, not defective"
        )
    return table


def _contradicted(reject: Reject) -> str:
    """Says that the labelled good parts do not keep what the references promise."""
    return (
        f"the labelled parts contradict this: {_counted(reject.false_rejects)} of good ones stand out, where at most "
        f"{_share(reject.guarantee.bound_95)} should; they were photographed otherwise than the references, or the "
        f"references do not show all that is normal: register some of them too"
    )


def _passes(passes: Pass) -> list[str]:
    promised = passes.guarantee
    lines = [
        f"{percent(passes.wanted)} escapes: normal below {passes.threshold:.2f}, from {promised.defects} defective "
        f"parts: {_share(promised.expected_escape)} expected, at most {_share(promised.bound_95)} with 95 % confidence "
        "for defects of these kinds"
    ]
    if promised.defects_missing:
        lines.append(
            f"  {counted(promised.defects_missing, 'more defective part')} would reach the wanted rate"
        )
    if passes.good_passed is not None:
        lines.append(f"  good parts below it: {passes.good_passed.count} of {passes.good_passed.of}")
    return lines


def _zones(zones: Zones) -> list[str]:
    lines = [
        f"zones: normal below {zones.normal_below:.2f}, defective above {zones.defective_above:.2f}, else review"
    ]
    for name, fallen in (("good", zones.good), ("defective", zones.defective)):
        if sum(fallen):
            normal, review, defective = fallen
            lines.append(
                f"  {sum(fallen)} {name} parts: {normal} normal, {review} review, {defective} defective"
            )
    return lines


def _counted(counted: Counted | None) -> str:
    if counted is None:
        return "-"
    return f"{counted.count} of {counted.of} (at most {percent(counted.bound_95)})"


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"

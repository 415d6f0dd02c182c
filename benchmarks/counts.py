"""The counted things of a checklist against a table of the true counts: ``python -m benchmarks.counts``."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.program import EncoderOption, JsonOption, SeedsOption, ShotsOption, program, tell
from echo_agent.cli.options import CategoryArgument, LabelsOption, number_list, read_told
from echo_agent.cli.progress import progress_bar
from echo_agent.csv_table import read_table, whole_number
from echo_agent.errors import DatasetError
from echo_agent.evaluation.category import Category
from echo_agent.inspector import Inspector
from echo_agent.report.table import markdown_rows
from echo_agent.state import Label, Progress, Value, Verdict


class CountResult(Value):
    """How well the things of a product were counted with one choice of references.

    Attributes:
        category: The product.
        shots: References.
        seed: Seed that chose them.
        complete: Photographs on which nothing is missing.
        complete_right: Of those the ones with the right count.
        incomplete: Photographs on which something is missing.
        incomplete_right: Of those the ones with the right count.
        untold: Photographs on which a place could not be told.
        complete_labels: How often each verdict was given to a complete one.
        incomplete_labels: The same of the others.
        ms_guide_p50: Median time of the Knowledge Guide on a photograph, the first one left out, in milliseconds.
        first_s: Seconds of the Knowledge Guide on the first photograph, which learns the places.
    """

    category: str
    shots: int
    seed: int
    complete: int
    complete_right: int
    incomplete: int
    incomplete_right: int
    untold: int
    complete_labels: dict[Label, int]
    incomplete_labels: dict[Label, int]
    ms_guide_p50: float
    first_s: float


def read_counts(file: Path) -> dict[str, int]:
    """Reads the true counts from a CSV file with the columns ``sha256`` (of the photograph's file) and ``count``.

    Raises:
        DatasetError: The file cannot be read, or a row is none of these.
    """
    rows, _ = read_table(file, {"sha256": ("sha256",), "count": ("count", "anzahl")}, ("sha256", "count"))
    try:
        return {row.cells["sha256"].lower(): whole_number(row.cells["count"]) for row in rows}
    except ValueError as error:
        raise DatasetError(f"{file} holds a count that is none ({error}): write whole numbers") from error


def evaluate_counts(
    category: Category,
    *,
    card: Path,
    truth: Mapping[str, int],
    shots: int,
    seed: int,
    open_inspector: Callable[[Path], Inspector],
    progress: Progress | None = None,
) -> CountResult:
    """Registers references with the card and inspects copies of the test photographs, each named by its digest.

    Args:
        category: The product's photographs.
        card: Its knowledge card; the first statement that counts is held against the truth.
        truth: True count by digest; test photographs without one are left out.
        shots: References to register.
        seed: Seed that chooses them.
        open_inspector: Opens an inspector on an empty memory folder.
        progress: Called with photographs done and their number.

    Raises:
        DatasetError: No test photograph has a true count, or the card counts nothing.
    """
    with tempfile.TemporaryDirectory(prefix="echo-evaluate-") as folder:
        inspector = open_inspector(Path(folder, "memory"))
        references = category.references(shots, seed)
        inspector.register(category.name, references, knowledge=card)
        tests = _renamed(
            [test.path for test in category.tests_beside(references)], truth, Path(folder, "tests")
        )
        verdicts = []
        for number, test in enumerate(tests, start=1):
            verdicts.append(inspector.inspect(test, product=category.name))
            if progress is not None:
                progress(number, len(tests))
    return _result(category.name, len(references), seed, verdicts, [truth[test.stem] for test in tests])


def _renamed(tests: Sequence[Path], truth: Mapping[str, int], folder: Path) -> list[Path]:
    """Copies photographs under their digests, so that no name tells what is on them."""
    folder.mkdir()
    copies = []
    for test in tests:
        digest = hashlib.sha256(test.read_bytes()).hexdigest()
        if digest in truth:
            copies.append(Path(shutil.copyfile(test, folder / f"{digest}{test.suffix.lower()}")))
    if not copies:
        raise DatasetError("no test photograph has a true count: give the table of this category's digests")
    return sorted(copies)


def _result(
    name: str, shots: int, seed: int, verdicts: Sequence[Verdict], truth: Sequence[int]
) -> CountResult:
    found = [_counted(verdict) for verdict in verdicts]
    expected = found[0][0]
    right = [count == true for (_, count), true in zip(found, truth, strict=True)]
    whole = np.array([true == expected for true in truth])
    seconds = [verdict.timings["knowledge_guide"] for verdict in verdicts]
    labels: dict[bool, dict[Label, int]] = {True: {}, False: {}}
    for verdict, complete in zip(verdicts, whole, strict=True):
        counts = labels[bool(complete)]
        counts[verdict.label] = counts.get(verdict.label, 0) + 1
    return CountResult(
        category=name,
        shots=shots,
        seed=seed,
        complete=int(whole.sum()),
        complete_right=int(np.sum(whole & right)),
        incomplete=int(np.sum(~whole)),
        incomplete_right=int(np.sum(~whole & right)),
        untold=sum(count is None for _, count in found),
        complete_labels=labels[True],
        incomplete_labels=labels[False],
        ms_guide_p50=float(np.median(seconds[1:] or seconds) * 1000),
        first_s=seconds[0],
    )


def _counted(verdict: Verdict) -> tuple[int, int | None]:
    """Returns what the first statement that counts expects, and what was counted."""
    checklist = verdict.knowledge.checklist if verdict.knowledge is not None else ()
    for finding in checklist:
        if finding.expected is not None:
            return finding.expected, finding.counted
    raise DatasetError("the card has no statement that counts: give it a checklist with places")


def markdown_table(results: Sequence[CountResult]) -> str:
    """Returns the results as a Markdown table, a row each."""
    head = (
        "product",
        "shots",
        "seed",
        "incomplete: count right",
        "complete: count right",
        "undetermined",
        "verdicts of the incomplete",
        "of the complete",
    )
    rows = [
        (
            result.category,
            str(result.shots),
            str(result.seed),
            f"{result.incomplete_right} of {result.incomplete}",
            f"{result.complete_right} of {result.complete}",
            str(result.untold),
            _labels(result.incomplete_labels),
            _labels(result.complete_labels),
        )
        for result in results
    ]
    return markdown_rows(head, rows)


def _labels(counts: Mapping[Label, int]) -> str:
    return ", ".join(f"{counts[label]} {label}" for label in sorted(counts)) or "none"


def counts(
    place: CategoryArgument,
    *,
    card: Annotated[Path, typer.Option(help="Its knowledge card, with places drawn in the checklist.")],
    truth: Annotated[Path, typer.Option(help="CSV file with the columns sha256 and count.")],
    shots: ShotsOption = "16",
    seeds: SeedsOption = "0",
    encoder: EncoderOption = None,
    label: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold the counted things of a checklist against their true number, with the photographs' names hidden."""
    (category,), known = read_told([place], label, one=True), read_counts(truth)
    results = []
    for count in number_list(shots, least=1):
        for seed in number_list(seeds):
            with progress_bar(f"count {category.name}, {count} shots, seed {seed}") as progress:
                results.append(
                    evaluate_counts(
                        category,
                        card=card,
                        truth=known,
                        shots=count,
                        seed=seed,
                        open_inspector=lambda memory: Inspector.open(memory, encoder=encoder),
                        progress=progress,
                    )
                )
    tell(results, markdown_table(results), as_json)


app = program(counts)

if __name__ == "__main__":
    app()

"""Progress bars: on a terminal only, and on stderr, so that a pipe reads nothing but results."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import progress as bars
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from echo_agent.state import Progress


class RateColumn(bars.ProgressColumn):
    """How many are done a second, or a minute where it is less than one a second."""

    def render(self, task: bars.Task) -> Text:
        """Returns the rate of the last half minute; nothing before there is one."""
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.1f}/s" if speed >= 1 else f"{60 * speed:.1f}/min")


@contextmanager
def progress_bar(what: str, *, shown: bool = True) -> "Iterator[Progress]":
    """Shows a bar while the block runs, where stderr is a terminal.

    Args:
        what: What is going on, in words.
        shown: False leaves the bar out (where results are printed to the same terminal meanwhile).

    Yields:
        A function of (done, total) that moves the bar.
    """
    with _bar(shown) as progress:
        task = progress.add_task(what, total=None, counts="")
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def counting_bar(what: str, total: int | None) -> "Iterator[Callable[[int, Mapping[str, int]], None]]":
    """Shows a bar with what was counted while the block runs, where stderr is a terminal.

    Args:
        what: What is going on, in words.
        total: How much there is; None where nobody knows.

    Yields:
        A function of how much is done and of counts by label.
    """
    with _bar(shown=True) as progress:
        task = progress.add_task(what, total=total, counts="")

        def update(done: int, counts: Mapping[str, int]) -> None:
            told = ", ".join(f"{count} {label}" for label, count in counts.items() if count)
            progress.update(task, completed=done, counts=told)

        yield update


def _bar(shown: bool) -> bars.Progress:
    console = Console(stderr=True)
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        RateColumn(),
        bars.TimeRemainingColumn(elapsed_when_finished=True),
        bars.TextColumn("{task.fields[counts]}"),
    )
    return bars.Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=not (shown and console.is_terminal),
    )

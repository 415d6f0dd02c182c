"""The terminal of a conversation: its prompt and its slash commands."""

import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from langchain_core.messages import AIMessage, HumanMessage
from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.panel import Panel
from rich.spinner import Spinner
from rich.text import Text

from echo_agent.chat.session import Conversation
from echo_agent.chat.state import ChatState
from echo_agent.cli.lazy import one_line
from echo_agent.errors import EchoError, ImageError
from echo_agent.names import printable
from echo_agent.report.pictures import Pictures
from echo_agent.report.table import STYLES, plain_table
from echo_agent.report.words import described
from echo_agent.state import ImageRef, Verdict, flat_verdict

HELP = {
    "/image FILE [QUESTION]": "inspect a photograph",
    "/product NAME": "say which product the photographs show ('/product -' lets it be found out)",
    "/verdict": "the verdict with its evidence",
    "/why": "the reasons and the steps",
    "/map [DIR]": "save the photograph with its anomaly map",
    "/references": "the references it was compared with",
    "/export FILE": "save the conversation as JSON",
    "/quit": "leave; the conversation stays",
}


class Terminal:
    """Reads what a person types and prints what Echo answers.

    Args:
        conversation: The conversation.
        console: Where it is printed.
    """

    def __init__(self, conversation: Conversation, console: Console) -> None:
        self._talk = conversation
        self._console = console
        self._commands: dict[str, Callable[[str], None]] = {
            "/image": self._image,
            "/product": self._product,
            "/verdict": self._verdict,
            "/why": self._why,
            "/map": self._map,
            "/references": self._references,
            "/export": self._export,
            "/help": lambda _: self._help(),
        }

    def run(self, image: Path | None = None) -> None:
        """Talks until the person leaves (``/quit``, Ctrl-D, Ctrl-C).

        Raises:
            EchoError: The photograph to begin with cannot be inspected.
        """
        self._greet()
        if image is not None:
            self._do(f'/image "{image}"')
        while True:
            try:
                line = self._console.input("[bold]> [/bold]").strip()
            except (EOFError, KeyboardInterrupt):
                self._console.print()
                return
            if line.casefold().removeprefix("/") in {"quit", "exit"}:
                return
            if line:
                self._told(line)

    def _told(self, line: str) -> None:
        try:
            self._do(line)
        except EchoError as error:
            self._console.print(Text(one_line(error), style="red"))

    def _do(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        if not name.startswith("/") or Path(name).is_file():
            self._say(line)
        elif name in self._commands:
            self._commands[name](rest.strip())
        else:
            self._console.print(Text(f"{printable(name)} is no command.", style="red"))
            self._help()

    def _greet(self) -> None:
        earlier = self._talk.state().messages
        about = f"product {self._talk.product}" if self._talk.product else "any registered product"
        self._console.print(
            Text(f"Echo, thread {self._talk.thread}, {about}. /help lists the commands.", style="dim")
        )
        if earlier:
            self._console.print(Text(f"{len(earlier)} earlier messages; the last:", style="dim"))
            self._answer(str(earlier[-1].text))

    def _say(self, text: str, image: ImageRef | None = None, name: str | None = None) -> None:
        working, said = "looking" if image is not None else "thinking", ""
        with Live(Spinner("dots", working), console=self._console, transient=True) as live:
            for piece in self._talk.stream(text, image, name):
                said += piece.text
                doing = f"{working}: {piece.expert.replace('_', ' ')}" if piece.expert else working
                live.update(self._panel(said) if said else Spinner("dots", doing))
        self._answer(said)

    def _answer(self, text: str) -> None:
        verdict = self._talk.state().verdict
        self._console.print(self._panel(text, STYLES[verdict.label] if verdict is not None else "dim"))

    @staticmethod
    def _panel(text: str, style: str = "dim") -> Panel:
        return Panel(Text(printable(text)), border_style=style, title="Echo", title_align="left")

    def _image(self, rest: str) -> None:
        try:
            words = shlex.split(rest)
        except ValueError:
            words = [rest]
        if not words:
            raise ImageError("no photograph was named: /image FILE [QUESTION]")
        whole = Path(rest).expanduser()
        file, question = (whole, "") if whole.is_file() else (Path(words[0]), " ".join(words[1:]))
        self._say(question, self._talk.store_image(file), str(file))

    def _product(self, rest: str) -> None:
        if rest and rest != "-":
            self._talk.memory.product(rest)
        self._talk.product = None if rest in {"", "-"} else rest
        known = ", ".join(record.name for record in self._talk.memory.products()) or "none"
        self._console.print(
            f"Product: {self._talk.product or 'found out'} (registered: {known})", markup=False
        )

    def _verdict(self, _rest: str) -> None:
        state, verdict = self._inspected()
        name = state.name or "photograph"
        self._console.print(printable(described(verdict, name)), markup=False, highlight=False)

    def _why(self, _rest: str) -> None:
        _, verdict = self._inspected()
        lines = [f"- {reason}" for reason in verdict.reasons]
        if verdict.trace is not None:
            lines += [
                f"{number}. *{step.kind}* {step.text} ({', '.join(step.evidence) or 'E1'})"
                for number, step in enumerate(verdict.trace.steps, start=1)
            ]
        self._console.print(Markdown(printable("\n".join(lines))))

    def _map(self, rest: str) -> None:
        state, verdict = self._inspected()
        if state.image is not None:
            folder = Path(rest).expanduser() if rest else Path.cwd()
            written = Pictures(self._talk.memory, folder).save(Path(state.image.uri), verdict)
            self._console.print(printable(f"Saved: {written}"), markup=False, soft_wrap=True)

    def _references(self, _rest: str) -> None:
        _, verdict = self._inspected()
        rows = [(near.id, f"{near.similarity:.3f}", near.image.uri) for near in verdict.references]
        self._print_table(("id", "similarity", "file"), rows)

    def _export(self, rest: str) -> None:
        if not rest:
            raise ImageError("no file was named: /export FILE")
        state, file = self._talk.state(), Path(rest).expanduser()
        content = {
            "thread": self._talk.thread,
            "messages": [
                {"role": _role(message), "text": str(message.text)} for message in state.messages
            ],
            "verdict": flat_verdict(state.verdict) if state.verdict is not None else None,
        }  # fmt: skip
        try:
            file.write_text(json.dumps(content, indent=1, allow_nan=False), encoding="utf-8")
        except OSError as error:
            raise ImageError(f"{file} cannot be written ({error.strerror}): name another file") from error
        self._console.print(printable(f"Saved: {file}"), markup=False, soft_wrap=True)

    def _help(self) -> None:
        self._print_table(("command", "meaning"), list(HELP.items()))

    def _print_table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self._console.print(Text(printable(plain_table(head, rows))), soft_wrap=True)

    def _inspected(self) -> tuple[ChatState, Verdict]:
        state = self._talk.state()
        if state.verdict is None:
            raise ImageError("nothing has been inspected on this thread yet: /image FILE")
        return state, state.verdict


def _role(message: object) -> str:
    if isinstance(message, HumanMessage):
        return "person"
    return "echo" if isinstance(message, AIMessage) else "other"

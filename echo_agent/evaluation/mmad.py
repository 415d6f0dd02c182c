"""A run of the MMAD benchmark from its folder to its figures."""

from hashlib import sha256
from pathlib import Path

from echo_agent.context import Context
from echo_agent.errors import DatasetError, ModelError
from echo_agent.evaluation.mmad_ask import BareAsker, GraphAsker
from echo_agent.evaluation.mmad_cards import KNOWLEDGE_FILE, Cards, write_cards
from echo_agent.evaluation.mmad_check import DatasetCheck, Embed, check_files, far_from_class
from echo_agent.evaluation.mmad_dataset import MmadImage, read_mmad, sample
from echo_agent.evaluation.mmad_result import MmadResult, result_of
from echo_agent.evaluation.mmad_run import ANSWERS_FILE, RunSettings, run_questions
from echo_agent.evaluation.mmad_scoring import MmadAnswer
from echo_agent.evaluation.mmad_staging import Staging
from echo_agent.evaluation.run_file import RunFile
from echo_agent.files import replacing
from echo_agent.mllm.choice import MEASURED
from echo_agent.state import Progress

CHECK_FILE = "check.json"
RESULT_FILE = "result.json"
SUMMARY_FILE = "summary.txt"


class MmadRun:
    """One run: made by ``open``, then ``check``, ``prepare`` and ``ask_all``, in this order.

    Args:
        root: The benchmark's folder.
        folder: The run's folder.
        settings: The run's settings.
        images: All images of the benchmark.
        knowledge: The benchmark's domain knowledge; None for a run without.
    """

    def __init__(
        self,
        root: Path,
        folder: Path,
        settings: RunSettings,
        images: tuple[MmadImage, ...],
        knowledge: Path | None = None,
    ) -> None:
        self.settings = settings
        self.file = RunFile(folder / ANSWERS_FILE, settings, MmadAnswer)
        self._root = root
        self._folder = folder
        self._all = images
        self._knowledge = knowledge
        self._images = sample(images, settings.limit, settings.seed)
        self._found = DatasetCheck()
        self._ask: GraphAsker | BareAsker | None = None

    @classmethod
    def open(
        cls, root: Path, out: Path, wanted: RunSettings | None = None, *, knowledge: Path | None = None
    ) -> "MmadRun":
        """Opens a new run, or one that was stopped.

        Args:
            root: Folder with ``mmad.json`` and the images.
            out: The run's folder.
            wanted: How to run it, the defaults where not given; the digests and the version are set here.
            knowledge: The benchmark's domain knowledge, for the expert ``knowledge``; the file
                ``domain_knowledge.json`` in ``root`` where not given and there.

        Raises:
            DatasetError: The benchmark cannot be read, or ``out`` holds a run with other settings.
            ModelError: ``bare`` without a model.
        """
        settings = wanted or RunSettings()
        bare = settings.profile == "bare"
        if bare and settings.mllm == MEASURED:
            raise ModelError("the profile bare asks a language model alone: name one by --mllm")
        images = read_mmad(root)
        source = _knowledge_file(root, knowledge) if "knowledge" in settings.experts and not bare else None
        digests = {
            "questions": sha256((root / "mmad.json").read_bytes()).hexdigest(),
            "knowledge": sha256(source.read_bytes()).hexdigest() if source is not None else None,
        }
        return cls(root, out, settings.model_copy(update=digests), images, source)

    def check(self, progress: Progress | None = None) -> DatasetCheck:
        """Looks for missing files and for images that show another object than their path says.

        Args:
            progress: Called with images done and images in all.

        Returns:
            What is wrong; kept in the run's folder, so that a resumed run does not look again.

        Raises:
            DatasetError: Not one image can be asked.
        """
        kept = self._folder / CHECK_FILE
        if kept.is_file():
            self._found = DatasetCheck.model_validate_json(kept.read_text(encoding="utf-8"))
        else:
            settings = self.settings
            self._found = check_files(self._root, self._images, settings.references, settings.shots)
            there = self._there()
            if there:
                far = far_from_class(self._root, there, self._missing(), self._embed(), progress)
                self._found = self._found.model_copy(update={"far": far})
            kept.write_text(self._found.model_dump_json(), encoding="utf-8")
        if not self._there():
            raise DatasetError(f"{self._root} has none of the images that mmad.json names: complete it")
        return self._found

    def prepare(self, progress: Progress | None = None) -> None:
        """Opens the run's memory or the bare model, and registers what the questions share.

        Args:
            progress: Called with products done and products in all.
        """
        staging = Staging(self._root, self._folder / "images", self._missing())
        if self.settings.profile == "bare":
            from echo_agent.resources import Resources

            decider = Resources(Context(mllm=self.settings.mllm)).decider
            if decider is None:
                raise ModelError("the profile 'bare' asks a model without evidence: name one by --mllm")
            self._ask = BareAsker(decider, staging, self.settings)
            return
        from echo_agent.inspector import Inspector

        inspector = Inspector.open(
            self._folder / "memory", encoder=self.settings.encoder, mllm=self.settings.mllm
        )
        cards: Cards = write_cards(self._knowledge, self._folder / "cards") if self._knowledge else {}
        asker = GraphAsker(inspector, staging, self.settings, cards)
        if self.settings.references == "memory":
            asker.remember_all(self._with_template(), progress)
        self._ask = asker

    def ask_all(self, progress: Progress | None = None) -> MmadResult:
        """Asks every question that has no answer yet, counts, and leaves the figures in the run's folder.

        Args:
            progress: Called with questions done and questions in all.
        """
        if self._ask is None:
            self.prepare()
        assert self._ask is not None
        answers = run_questions(self._there(), self.file, self._ask, progress)
        result = result_of(self.settings, answers, self._found)
        for name, text in (
            (RESULT_FILE, result.model_dump_json(indent=1)),
            (SUMMARY_FILE, "\n".join((result.as_text(), *self._found.in_words()))),
        ):
            with replacing(self._folder / name) as stream:
                stream.write(f"{text}\n".encode())
        return result

    def _missing(self) -> frozenset[str]:
        """Templates that are not there, of all images: a memory holds those of images that are not asked, too."""
        wanted = {path for image in self._all for path in image.templates(self.settings.references)}
        return frozenset(path for path in wanted if not (self._root / path).is_file())

    def _with_template(self) -> list[MmadImage]:
        missing = self._missing()
        return [image for image in self._all if set(image.templates(self.settings.references)) - missing]

    def _there(self) -> tuple[MmadImage, ...]:
        gone = {*self._found.missing_images, *self._found.without_template}
        return tuple(image for image in self._images if image.path not in gone)

    def _embed(self) -> Embed:
        """Gives the embedding of an image file by the run's encoder."""
        from echo_agent.images.decoding import load_image
        from echo_agent.resources import open_encoder

        encoder = open_encoder(self.settings.encoder)
        return lambda path: encoder.encode([load_image(path)])[0].embedding


def _knowledge_file(root: Path, named: Path | None) -> Path | None:
    if named is not None and not named.is_file():
        raise DatasetError(f"there is no file {named}: name the benchmark's {KNOWLEDGE_FILE} by --knowledge")
    own = root / KNOWLEDGE_FILE
    return named or (own if own.is_file() else None)

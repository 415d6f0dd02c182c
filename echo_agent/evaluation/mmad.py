"""A run of the MMAD benchmark from its folder to its figures."""

from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echo_agent import __version__
from echo_agent.context import Expert
from echo_agent.errors import DatasetError, ModelError
from echo_agent.evaluation.mmad_ask import BareAsker, GraphAsker
from echo_agent.evaluation.mmad_cards import KNOWLEDGE_FILE, Cards, write_cards
from echo_agent.evaluation.mmad_check import DatasetCheck, check_files, far_from_class
from echo_agent.evaluation.mmad_dataset import MmadImage, References, read_mmad, sample
from echo_agent.evaluation.mmad_result import MmadResult, result_of
from echo_agent.evaluation.mmad_run import ANSWERS_FILE, RunProfile, RunSettings, run_questions
from echo_agent.evaluation.mmad_scoring import MmadAnswer
from echo_agent.evaluation.mmad_staging import Staging
from echo_agent.evaluation.run_file import RunFile
from echo_agent.files import replacing
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
        cls,
        root: Path,
        out: Path,
        *,
        mllm: str = "measured",
        shots: int = 1,
        references: References = "random",
        profile: RunProfile = "adaptive",
        experts: tuple[Expert, ...] = ("reference", "knowledge", "reasoning"),
        limit: int | None = None,
        seed: int = 0,
        encoder: str | None = None,
        knowledge: Path | None = None,
    ) -> "MmadRun":
        """Opens a new run, or one that was stopped.

        Args:
            root: Folder with ``mmad.json`` and the images.
            out: The run's folder.
            mllm: Decision Maker.
            shots: Templates an image.
            references: Where the references come from.
            profile: How the graph is run.
            experts: Experts that take part.
            limit: Questions at most.
            seed: Seed of their choice.
            encoder: Image encoder; the embedded one where not given.
            knowledge: The benchmark's domain knowledge, for the expert ``knowledge``; the file
                ``domain_knowledge.json`` in ``root`` where not given and there.

        Raises:
            DatasetError: The benchmark cannot be read, or ``out`` holds a run with other settings.
            ModelError: ``bare`` without a model.
        """
        if profile == "bare" and mllm == "measured":
            raise ModelError("the profile bare asks a language model alone: name one by --mllm")
        images = read_mmad(root)
        source = _knowledge_file(root, knowledge) if "knowledge" in experts and profile != "bare" else None
        settings = RunSettings(
            questions=sha256((root / "mmad.json").read_bytes()).hexdigest(),
            mllm=mllm,
            revision=__version__,
            shots=shots,
            references=references,
            profile=profile,
            experts=experts,
            limit=limit,
            seed=seed,
            encoder=encoder,
            knowledge=sha256(source.read_bytes()).hexdigest() if source is not None else None,
        )
        return cls(root, out, settings, images, source)

    def check(self, progress: Progress | None = None) -> DatasetCheck:
        """Scorer for missing files and for images that show another object than their path says.

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
                far = far_from_class(self._root, there, self._missing(), self._embed(progress, len(there)))
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
            from echo_agent.mllm.choice import open_decider

            decider = open_decider(self.settings.mllm)
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

    def _embed(self, progress: Progress | None, total: int) -> "Embedder":
        return Embedder(self.settings.encoder, progress, total)


def _knowledge_file(root: Path, named: Path | None) -> Path | None:
    if named is not None and not named.is_file():
        raise DatasetError(f"there is no file {named}: name the benchmark's {KNOWLEDGE_FILE} by --knowledge")
    own = root / KNOWLEDGE_FILE
    return named or (own if own.is_file() else None)


class Embedder:
    """Embeds image files by the run's encoder.

    Args:
        encoder: Its name; the embedded one where None.
        progress: Called with files done and files in all.
        total: Files in all, nearly.
    """

    def __init__(self, encoder: str | None, progress: Progress | None, total: int) -> None:
        from echo_agent.settings import process_settings
        from echo_agent.vision.encoder import load_encoder

        settings = process_settings()
        self._encoder = load_encoder(encoder or settings.encoder, settings.device)
        self._progress = progress
        self._done, self._total = 0, total

    def __call__(self, path: Path) -> NDArray[np.float32]:
        """Returns the embedding of an image file."""
        from echo_agent.images.decoding import load_image

        self._done += 1
        if self._progress is not None:
            self._progress(min(self._done, self._total), self._total)
        return self._encoder.encode([load_image(path)])[0].embedding

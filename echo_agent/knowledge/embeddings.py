"""Text embeddings from a local or hub model, for finding passages by meaning."""

from pathlib import Path
from typing import Any

from langchain_core.embeddings import Embeddings

from echo_agent.errors import ModelError


class HuggingFaceTextEmbeddings(Embeddings):
    """Sentence embeddings: the mean of a transformer's last hidden states over the tokens, at unit length.

    Args:
        model: HuggingFace id or folder of a text encoder.
        device: Device it runs on.

    Raises:
        ModelError: The model cannot be loaded.
    """

    def __init__(self, model: str, device: str = "cpu") -> None:
        from transformers import AutoModel, AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(model)
            self._model: Any = AutoModel.from_pretrained(model).to(device).eval()
        except (OSError, ValueError) as error:
            where = "the folder" if Path(model).exists() else "the name and that the hub can be reached"
            raise ModelError(
                f"the text model '{model}' cannot be loaded: check {where}, or unset it"
            ) from error
        self._device = device

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Returns one vector a text."""
        import torch

        vectors: list[list[float]] = []
        for start in range(0, len(texts), 32):
            batch = self._tokenizer(
                texts[start : start + 32], padding=True, truncation=True, max_length=512, return_tensors="pt"
            ).to(self._device)
            with torch.inference_mode():
                hidden = self._model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
            vectors += torch.nn.functional.normalize(mean, dim=-1).float().cpu().tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Returns the vector of a query."""
        return self.embed_documents([text])[0]

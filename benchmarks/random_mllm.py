"""Image-text models of a real architecture and size with random weights: the right cost, no meaning."""

import threading
from typing import Any

from echo_agent.device import resolve_device
from echo_agent.errors import ModelError
from echo_agent.mllm.checkpoint import Checkpoint, CheckpointSpec, stills_only
from echo_agent.mllm.prompts import ROLE, TRACE_TASK, VERDICT, VERDICT_OPTIONS

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for c in m.content %}{% if c.type == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ c.text }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

CONFIGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "Qwen3-VL-100M": (
        {
            "tie_word_embeddings": True,
            "vocab_size": 16384,
            "hidden_size": 640,
            "intermediate_size": 1792,
            "num_hidden_layers": 12,
            "num_attention_heads": 10,
            "num_key_value_heads": 5,
            "head_dim": 64,
            "mrope_section": [12, 10, 10],
        },
        {
            "depth": 8,
            "hidden_size": 512,
            "intermediate_size": 2048,
            "num_heads": 8,
            "out_hidden_size": 640,
            "deepstack_visual_indexes": [2, 4, 6],
        },
    ),
    "Qwen3-VL-2B": (
        {
            "vocab_size": 151936,
            "tie_word_embeddings": True,
            "hidden_size": 2048,
            "intermediate_size": 6144,
            "num_hidden_layers": 28,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "mrope_section": [24, 20, 20],
        },
        {
            "depth": 24,
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_heads": 16,
            "out_hidden_size": 2048,
            "deepstack_visual_indexes": [5, 11, 17],
        },
    ),
    "Qwen3-VL-8B": (
        {
            "vocab_size": 151936,
            "tie_word_embeddings": False,
            "hidden_size": 4096,
            "intermediate_size": 12288,
            "num_hidden_layers": 36,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "mrope_section": [24, 20, 20],
        },
        {
            "depth": 27,
            "hidden_size": 1152,
            "intermediate_size": 4304,
            "num_heads": 16,
            "out_hidden_size": 4096,
            "deepstack_visual_indexes": [8, 16, 24],
        },
    ),
}
"""Text and vision sizes by name, as the released models have them (the 100M one is Echo's own, for tests)."""


def random_checkpoint(name: str, *, device: str = "auto", dtype: str = "auto") -> Checkpoint:
    """Builds a model with random weights in memory.

    Args:
        name: One of ``CONFIGS``.
        device: ``auto``, ``cpu`` or ``cuda[:N]``.
        dtype: ``auto`` (bfloat16 on CUDA, else float32) or a torch dtype's name.

    Raises:
        ModelError: The name is unknown, or CUDA is asked for and there is none.
    """
    import torch
    from transformers import (
        AutoModelForImageTextToText,
        Qwen2VLImageProcessorPil,
        Qwen3VLConfig,
        Qwen3VLProcessor,
    )

    if name not in CONFIGS:
        raise ModelError(f"no configuration {name!r}: choose {', '.join(CONFIGS)}")
    place = resolve_device(device)
    number = ("bfloat16" if place.startswith("cuda") else "float32") if dtype == "auto" else dtype
    words = _tokenizer()
    text, vision = CONFIGS[name]
    text = dict(text)
    tied = text.pop("tie_word_embeddings")
    rope = {
        "rope_type": "default",
        "rope_theta": 5_000_000.0,
        "mrope_section": text.pop("mrope_section"),
        "mrope_interleaved": True,
    }
    ids = {token: words.convert_tokens_to_ids(token) for token in SPECIAL}
    config = Qwen3VLConfig(
        text_config={**text, "rope_scaling": rope, "max_position_embeddings": 32768},
        vision_config={**vision, "patch_size": 16, "num_position_embeddings": 2304},
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=tied,
    )
    torch.manual_seed(0)
    with torch.device(place):
        model: Any = AutoModelForImageTextToText.from_config(  # type: ignore[no-untyped-call]
            config, dtype=getattr(torch, number)
        )
    images = Qwen2VLImageProcessorPil(patch_size=16, merge_size=2, temporal_patch_size=2)
    processor = stills_only(Qwen3VLProcessor)(image_processor=images, tokenizer=words, chat_template=TEMPLATE)
    return Checkpoint(
        spec=CheckpointSpec(f"random {name}", device=device, dtype=dtype),
        model=model.eval(),
        processor=processor,
        revision="random",
        device=place,
        dtype=number,
        lock=threading.RLock(),
    )


def _tokenizer() -> Any:
    """Trains a byte-level tokenizer on Echo's own prompts, so that they have a natural number of tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=4000,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [ROLE, TRACE_TASK, VERDICT, *(text for _, text in VERDICT_OPTIONS)]
    inner.train_from_iterator(texts * 4, trainer)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=inner, eos_token="<|im_end|>", pad_token="<|endoftext|>", padding_side="left"
    )

"""Tiny image-text checkpoints, made on the spot: real architectures, weights without meaning."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessorPil,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3ImageProcessorPil,
    Gemma3Processor,
    GenerationConfig,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessorPil,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
)

from echo_agent.mllm.checkpoint import stills_only

WORDS = (
    "the part is normal or defective A B C D E look at the reference beside the query and "
    "answer with the letter scratch dent stain crack hole contamination "
    "score threshold region top left centre evidence rule knowledge"
)

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for c in m.content %}{% if c.type == 'image' %}IMAGE"
    "{% else %}{{ c.text }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
QWEN_TEMPLATE = CHATML.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>")
LLAVA_TEMPLATE = CHATML.replace("IMAGE", "<image>\n")
IDEFICS_TEMPLATE = (
    "<|im_start|>{% for m in messages %}{{ m.role | capitalize }}: {% for c in m.content %}"
    "{% if c.type == 'image' %}<image>{% else %}{{ c.text }}{% endif %}"
    "{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
GEMMA_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>"
    "{{ 'model' if m.role == 'assistant' else 'user' }}\n"
    "{% for c in m.content %}{% if c.type == 'image' %}<start_of_image>{% else %}{{ c.text }}{% endif %}"
    "{% endfor %}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)


def tokenizer(special: list[str], **names: Any) -> PreTrainedTokenizerFast:
    """Trains a byte-level tokenizer on a handful of words."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator([WORDS] * 4, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=inner, **names)


QWEN_TOKENS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
]


def speaks_in_words(folder: Path) -> Path:
    """Lets a checkpoint say nothing but words with spaces between them, so that a streamer has pieces to give."""
    words = PreTrainedTokenizerFast.from_pretrained(folder)
    spoken = {number for token, number in words.get_vocab().items() if token.startswith("Ġ") and token != "Ġ"}
    config = GenerationConfig.from_pretrained(folder)
    config.suppress_tokens = sorted(set(range(len(words))) - spoken)
    config.save_pretrained(folder)
    return folder


def _qwen_ids(words: PreTrainedTokenizerFast) -> dict[str, int]:
    names = ("vision_start", "vision_end", "image_pad", "video_pad")
    start, end, image, video = (words.convert_tokens_to_ids(f"<|{name}|>") for name in names)
    return {
        "image_token_id": image,
        "video_token_id": video,
        "vision_start_token_id": start,
        "vision_end_token_id": end,
    }


def qwen3_vl(folder: Path, hidden: int = 32, layers: int = 2) -> Path:
    words = tokenizer(QWEN_TOKENS, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(words),
            "hidden_size": hidden,
            "intermediate_size": 3 * hidden,
            "num_hidden_layers": layers,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": hidden // 4,
            "rope_scaling": {
                "rope_type": "default",
                "mrope_section": [hidden // 16, hidden // 32, hidden // 32],
                "mrope_interleaved": True,
            },
            "max_position_embeddings": 8192,
        },
        vision_config={
            "depth": layers,
            "hidden_size": hidden,
            "intermediate_size": 2 * hidden,
            "num_heads": 2,
            "out_hidden_size": hidden,
            "patch_size": 16,
            "deepstack_visual_indexes": [0],
            "num_position_embeddings": 64,
        },
        **_qwen_ids(words),
    )
    images = Qwen2VLImageProcessorPil(patch_size=16, merge_size=2, temporal_patch_size=2)
    processor = stills_only(Qwen3VLProcessor)(
        image_processor=images, tokenizer=words, chat_template=QWEN_TEMPLATE
    )
    return _save(folder, Qwen3VLForConditionalGeneration(config), processor, words)


def qwen2_5_vl(folder: Path) -> Path:
    words = tokenizer(QWEN_TOKENS, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(words),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "rope_scaling": {"rope_type": "default", "mrope_section": [2, 1, 1]},
            "max_position_embeddings": 8192,
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": 32,
            "patch_size": 14,
            "fullatt_block_indexes": [1],
            "window_size": 56,
        },
        **_qwen_ids(words),
    )
    images = Qwen2VLImageProcessorPil(patch_size=14, merge_size=2, temporal_patch_size=2)
    processor = stills_only(Qwen2_5_VLProcessor)(
        image_processor=images, tokenizer=words, chat_template=QWEN_TEMPLATE
    )
    return _save(folder, Qwen2_5_VLForConditionalGeneration(config), processor, words)


def idefics3(folder: Path) -> Path:
    special = [
        "<|im_start|>",
        "<end_of_utterance>",
        "<pad>",
        "<image>",
        "<fake_token_around_image>",
        "<global-img>",
    ]
    special += [f"<row_{r}_col_{c}>" for r in range(1, 4) for c in range(1, 4)]
    words = tokenizer(special, bos_token="<|im_start|>", eos_token="<end_of_utterance>", pad_token="<pad>")
    config = Idefics3Config(
        text_config={
            "model_type": "llama",
            "vocab_size": len(words),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 8192,
            "pad_token_id": words.pad_token_id,
        },
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 56,
            "patch_size": 14,
        },
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=words.pad_token_id,
    )
    images = Idefics3ImageProcessorPil(size={"longest_edge": 112}, max_image_size={"longest_edge": 56})
    processor = Idefics3Processor(images, words, image_seq_len=4, chat_template=IDEFICS_TEMPLATE)
    return _save(folder, Idefics3ForConditionalGeneration(config), processor, words)


def gemma3(folder: Path) -> Path:
    special = ["<bos>", "<eos>", "<pad>", "<start_of_turn>", "<end_of_turn>"]
    special += ["<start_of_image>", "<end_of_image>", "<image_soft_token>"]
    words = tokenizer(
        special,
        bos_token="<bos>",
        eos_token="<end_of_turn>",
        pad_token="<pad>",
        extra_special_tokens={
            "image_token": "<image_soft_token>",
            "boi_token": "<start_of_image>",
            "eoi_token": "<end_of_image>",
        },
    )
    config = Gemma3Config(
        text_config={
            "vocab_size": len(words),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "sliding_window": 24,
            "layer_types": ["sliding_attention", "full_attention"],
            "max_position_embeddings": 8192,
        },
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 56,
            "patch_size": 14,
        },
        mm_tokens_per_image=4,
        image_token_id=words.convert_tokens_to_ids("<image_soft_token>"),
        boi_token_index=words.convert_tokens_to_ids("<start_of_image>"),
        eoi_token_index=words.convert_tokens_to_ids("<end_of_image>"),
    )
    images = Gemma3ImageProcessorPil(size={"height": 56, "width": 56}, image_seq_length=4)
    processor = Gemma3Processor(images, words, chat_template=GEMMA_TEMPLATE, image_seq_length=4)
    return _save(folder, Gemma3ForConditionalGeneration(config), processor, words)


def llava(folder: Path) -> Path:
    words = tokenizer(
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>"],
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
    )
    config = LlavaConfig(
        text_config={
            "model_type": "llama",
            "vocab_size": len(words),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": 8192,
        },
        vision_config=CLIP_TOWER,
        image_token_index=words.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
    )
    return _save(folder, LlavaForConditionalGeneration(config), llava_processor(words), words)


CLIP_TOWER = {
    "model_type": "clip_vision_model",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 56,
    "patch_size": 14,
}


def llava_processor(
    words: PreTrainedTokenizerFast, template: str = LLAVA_TEMPLATE, image_token: str = "<image>"
) -> LlavaProcessor:
    images = CLIPImageProcessorPil(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56})
    return LlavaProcessor(
        images,
        words,
        patch_size=14,
        vision_feature_select_strategy="default",
        image_token=image_token,
        num_additional_image_tokens=1,
        chat_template=template,
    )


def _save(folder: Path, model: Any, processor: Any, words: PreTrainedTokenizerFast) -> Path:
    """Makes the weights large enough to tell answers apart, and saves all as a hub's folder would hold it."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.12)
    model.generation_config.eos_token_id = words.eos_token_id
    model.generation_config.pad_token_id = words.pad_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


FAMILIES: dict[str, Callable[[Path], Path]] = {
    "qwen3_vl": qwen3_vl,
    "qwen2_5_vl": qwen2_5_vl,
    "idefics3": idefics3,
    "gemma3": gemma3,
    "llava": llava,
}

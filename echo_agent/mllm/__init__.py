"""The multimodal language model: local, served or scripted, its prompts, choices and confidence."""

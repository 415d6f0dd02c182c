"""The pages of the site that lie outside of ``docs``: mkdocs calls ``on_files`` before it reads the pages."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"README.md": "index.md"} | {name: name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "THREATS.md")}
TEXTS = ("NOTICE", "LICENSE")
"""Files without Markdown, shown as they are."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the repository's own pages, their links as they are seen from the site's root."""
    for source, target in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        text = re.sub(r"\]\(docs/", "](", text)
        text = re.sub(rf"\]\(({'|'.join(TEXTS)})\)", r"](\1.md)", text)
        files.append(File.generated(config, target, content=text))
    for source in TEXTS:
        text = (ROOT / source).read_text(encoding="utf-8")
        page = f"# {source.capitalize()}\n\n```text\n{text}\n```\n"
        files.append(File.generated(config, f"{source}.md", content=page))
    return files

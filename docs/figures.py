"""A hook of mkdocs: what the benches wrote is a part of the site, so pages may link to it."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_ROOT = Path(__file__).parents[1]
_FIGURES = "bench/out/"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add each file of figures under the path that it has in the repository."""
    for path in sorted((_ROOT / _FIGURES).glob("*.json")):
        src = path.relative_to(_ROOT).as_posix()
        files.append(File.generated(config, src, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links that leave `docs/` for the figures to where the site has them."""
    return markdown.replace(f"../{_FIGURES}", _FIGURES)

"""Commands in the documents: lines that are indented by four spaces."""

import re
from pathlib import Path

from deployment import ROOT

README = ROOT / "README.md"
QUICK_START = ROOT / "docs" / "quick-start.md"
DEPLOY = ROOT / "docs" / "deploy.md"
OTHER_WAYS = ROOT / "docs" / "other-ways.md"
BY_HAND = ROOT / "docs" / "by-hand.md"
BACKEND = ROOT / "docs" / "backend.md"
WAYS_IN = ROOT / "docs" / "ways-in.md"
OPERATING = ROOT / "docs" / "operating.md"


def commands(document: Path, *words: str) -> list[str]:
    """The document's commands that contain one of these words."""
    code = [line[4:] for line in document.read_text().splitlines() if line.startswith("    ")]
    # A line that ends in a backslash, `|` or `&&` is continued in the next.
    whole = re.split(r"(?<![\\|&])\n", "\n".join(code))
    return [command for command in whole if any(word in command for word in words)]



def code(document: Path, language: str, word: str) -> str:
    """The document's code in this language that contains this word."""
    [found] = [block for block in re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL) if word in block]
    return found

"""docs/verified.md: what a run found, when and where. Until somebody has run it, the document says so."""

import os
import platform
import re
import subprocess
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import boto3
import websockets

from deployment import ROOT

DOCUMENT = ROOT / "docs" / "verified.md"
# From this line on, a run writes. What is above it is the document's own.
MARK = "<!-- make verify-aws -->"


@dataclass
class Report:
    """What was found, in the order in which it is shown. An outcome is None where it is as it should be, else what was seen."""

    stack: str
    region: str
    begun: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    scenes: list[tuple[str, str | None]] = field(default_factory=list)
    cases: list[tuple[str, str | None]] = field(default_factory=list)
    measures: list[tuple[str, str]] = field(default_factory=list)
    starts: str = ""
    answers: list[tuple[str, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def failures(self) -> list[str]:
        return [f"{name}: {seen}" for name, seen in self.scenes + self.cases if seen is not None]

    def markdown(self) -> str:
        """All of it, below the mark."""
        parts = [
            f"Run on {self.begun:%d %B %Y, %H:%M} UTC in {self.region}, for {minutes_since(self.begun)} minutes.",
            "\n".join(f"- {what}: {version}" for what, version in versions()),
            "## What users do", outcomes("scene", self.scenes),
            "## API Gateway on the wire", outcomes("case", self.cases),
            "## How fast it is", "From the machine that ran it, so with the network between it and the region.", table(("what", "how much"), self.measures),
            "What Lambda itself says: the median, and from the least to the most.", self.starts.strip() or "Starts were not measured.",
            "## What only an account can tell", table(("question", "answer"), self.answers),
            "## Afterwards", "Nothing was left but the zips in CDK's own bucket." if not self.left else "\n".join(f"- {one}" for one in self.left),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def write(self, document: Path):
        """Puts it into the document, in the place of what a run before this one wrote."""
        own = DOCUMENT.read_text().split(MARK)[0]
        document.write_text(f"{own}{MARK}\n\n{self.markdown()}")


def outcomes(what: str, found: list[tuple[str, str | None]]) -> str:
    return table((what, "seen"), [(name, "as it should be" if seen is None else f"**{seen}**") for name, seen in found])


def table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    if not rows:
        return "Nothing."
    lines = [head, ("---", "---"), *rows]
    return "\n".join(f"| {' | '.join(cell(one) for one in line)} |" for line in lines)


def cell(text: str) -> str:
    """The text in one cell, in which `$` and `|` mean nothing."""
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def minutes_since(begun: datetime) -> int:
    return max(1, round((datetime.now(timezone.utc) - begun).total_seconds() / 60))


def versions() -> list[tuple[str, str]]:
    infra = (ROOT / "infra" / "package.json").read_text()
    [chatterbox] = re.findall(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[:1]
    commit = said("git", "rev-parse", "--short", "HEAD")
    changed = ", with changes that are in no commit" if said("git", "status", "--porcelain") else ""
    return [
        ("Chatterbox", f"{chatterbox}, commit {commit or 'unknown'}{changed}"),
        ("Rust", said("rustc", "--version")),
        ("functions' processor", os.environ.get("ARCH") or platform.machine()),
        ("aws-cdk-lib", re.search(r'"aws-cdk-lib": "(.+)"', infra).group(1)),
        ("clients", f"boto3 {boto3.__version__}, websockets {websockets.__version__}, Python {platform.python_version()}"),
    ]


def said(*command: str) -> str:
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""

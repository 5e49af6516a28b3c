"""Builds for tests: a cargo that plays the one command that would take minutes. All others are the real cargo's."""

import os
import shutil
from pathlib import Path

# It "builds" the programs in $BUILT into the folder where `cargo lambda build` puts them.
CARGO = """#!/bin/sh
[ "$1 $2" = "lambda build" ] || exec {cargo} "$@"
mkdir -p "$CARGO_TARGET_DIR/lambda"
for program in "$BUILT"/*; do
  rm -rf "$CARGO_TARGET_DIR/lambda/${{program##*/}}"
  cp -R "$program" "$CARGO_TARGET_DIR/lambda/"
done
"""


def quick_builds(folder: Path, built: Path) -> dict[str, str]:
    """Environment variables with which `make build` takes the programs in `built`, and leaves all else in folder/target."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "cargo").write_text(CARGO.format(cargo=shutil.which("cargo")))
    (programs / "cargo").chmod(0o755)
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "CARGO_TARGET_DIR": str(folder / "target"),
        "BUILT": str(built),
    }

"""Zips the functions' programs for Lambda: `package.py PROGRAMS ARCH FOLDER`, as `make package` calls it.

PROGRAMS has a folder for each function with its `bootstrap`, as `cargo lambda build` makes them. FOLDER gets a zip for each,
and `parameters`, which says the zips' keys in a bucket to the template that `make template` writes.

A zip has its content's hash in its name, so a changed program is another key, by which CloudFormation knows that it has
to replace the function. The same program makes the same zip, byte for byte: its times and rights are always the same.
"""

import hashlib
import io
import shutil
import struct
import sys
import zipfile
from pathlib import Path

FUNCTIONS = ("connect", "disconnect", "default", "notify", "revoke")
# The folder in the bucket. The documents upload there.
PREFIX = "chatterbox/"
# The oldest time that a zip can hold.
TIME = (1980, 1, 1, 0, 0, 0)
EXECUTABLE = 0o100755
UNIX = 3
# The field e_machine of a program's ELF header.
MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}


def package(programs: Path, architecture: str, folder: Path) -> list[Path]:
    """Writes the zips and `parameters` in the place of those of before."""
    zips = {name: zipped(programs / name / "bootstrap", architecture) for name in FUNCTIONS}
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    written, parameters = [], [f"Architecture={architecture}"]
    for name, content in zips.items():
        path = folder / f"{name}-{architecture}-{hashlib.sha256(content).hexdigest()[:12]}.zip"
        path.write_bytes(content)
        written.append(path)
        parameters.append(f"{name.capitalize()}Key={PREFIX}{path.name}")
    (folder / "parameters").write_text("".join(f"{line}\n" for line in parameters))
    return written


def zipped(program: Path, architecture: str) -> bytes:
    """A zip with the program as its only entry."""
    if not program.exists():
        sys.exit(f"There is no {program}: make build builds it.")
    code = program.read_bytes()
    [machine] = struct.unpack_from("<H", code, 18)
    if machine != MACHINES[architecture]:
        sys.exit(f"{program} was built for another processor than {architecture}: make build ARCH={architecture}.")
    entry = zipfile.ZipInfo("bootstrap", TIME)
    entry.create_system, entry.external_attr = UNIX, EXECUTABLE << 16
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(entry, code, zipfile.ZIP_DEFLATED)
    return content.getvalue()


if __name__ == "__main__":
    for path in package(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])):
        print(f"{path}  {path.stat().st_size / 1e6:.1f} MB")

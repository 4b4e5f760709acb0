"""`python -m lambda_packages [--architecture ...] [--python 3.12] [--folder dist/lambda]`."""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

from lambda_packages.building import ARCHITECTURES, PackageTooLarge, Target, build
from lambda_packages.functions import FUNCTIONS


def main() -> int:
    """Make every function's package for each processor, and say how large each is."""
    parser = argparse.ArgumentParser(prog="lambda_packages", description=__doc__)
    parser.add_argument("--architecture", action="append", choices=ARCHITECTURES)
    parser.add_argument("--python", default="3.12", choices=("3.11", "3.12", "3.13"))
    parser.add_argument("--folder", type=Path, default=Path("dist") / "lambda")
    said = parser.parse_args()
    for architecture in said.architecture or ARCHITECTURES:
        target = Target(architecture=architecture, python=said.python)
        for function in FUNCTIONS:
            try:
                package = build(function, target, said.folder)
            except (PackageTooLarge, subprocess.CalledProcessError) as error:
                sys.stderr.write(f"{error}\n")
                return 1
            zipped = package.path.read_bytes()
            sys.stdout.write(
                f"{package.path}  {len(zipped) / 1e6:.1f} MB, "
                f"{package.unzipped_bytes / 1e6:.1f} MB unzipped  "
                f"sha256 {hashlib.sha256(zipped).hexdigest()}"
                + ("\n" if package.has_bytecode else "  no bytecode: no such Python here\n")
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())

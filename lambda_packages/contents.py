"""What an installed distribution holds that no function needs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Final

SERVICES: Final = frozenset({"dynamodb", "s3", "sns", "sqs", "sts", "xray"})
"""What the SDK keeps descriptions of in a package; `sts` for credentials, `xray` for the tracer."""

_SUPERFLUOUS: Final = (
    # For people and compilers.
    *("*/__pycache__/*", "*.pyi", "*.pyx", "*.pxd", "*.pxi", "*.h", "*.hpp", "*.c", "*.cc", "*.a"),
    *("*/tests/*", "bin/*", "*.dist-info/RECORD", "*.dist-info/INSTALLER"),
    *("*.dist-info/REQUESTED", "*.dist-info/WHEEL", "*.dist-info/direct_url.json"),
    # Resources over the low-level clients.
    *("boto3/data/*", "boto3/examples/*"),
    # Other callers than these handlers.
    *("aws_lambda_powertools/event_handler/*", "aws_lambda_powertools/utilities/[!_j]*"),
    *("numpy/distutils/*", "numpy/f2py/*"),
    # Services, formats and stores that nothing here reads: flight, ORC, other file systems.
    *("pyarrow/include/*", "pyarrow/includes/*", "pyarrow/src/*", "pyarrow/*flight*"),
    *("pyarrow/_azurefs*", "pyarrow/_gcsfs*", "pyarrow/_hdfs*", "pyarrow/_s3fs*"),
    *("pyarrow/libarrow_s3.*", "pyarrow/_orc*", "pyarrow/_substrait*", "pyarrow/_json*"),
    *("pyarrow/_dataset*", "pyarrow/_acero*", "pyarrow/*_encryption*", "pyarrow/_feather*"),
    # Copies of libraries under the names that linkers, not loaders, look for.
    *("pyarrow/lib*.so", "pyarrow/lib*.so.*.*"),
    # The second of two backends.
    *("zstandard/_cffi*", "zstandard/backend_cffi.py"),
)
_KEPT: Final = ("pyarrow/lib.*",)


def is_needed(path: PurePosixPath) -> bool:
    """Whether a file of a package, by its path there, is of any use to a function."""
    text = str(path)
    if any(fnmatchcase(text, pattern) for pattern in _KEPT):
        return True
    match path.parts:
        case ("botocore", "data", service, _, *_):
            return service in SERVICES and not text.endswith(
                ("examples-1.json", "examples-1.json.gz")
            )
        case _:
            return not any(fnmatchcase(text, pattern) for pattern in _SUPERFLUOUS)


def trim(folder: Path) -> None:
    """Remove what no function needs from a folder of distributions."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not is_needed(PurePosixPath(path.relative_to(folder).as_posix())):
            path.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()

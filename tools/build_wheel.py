"""Build the sdist, and from it a wheel: python tools/build_wheel.py DIR

Fails when the wheel is larger than users are promised.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGEST_WHEEL = 3_000_000  # bytes


def newest(folder: Path, pattern: str) -> Path:
    return max(folder.glob(pattern), key=lambda path: path.stat().st_mtime_ns)


def build(target: Path) -> list[Path]:
    """Build both into target; returns their paths."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        sdist = [sys.executable, "setup.py", "-q", "sdist", "--dist-dir", scratch]
        subprocess.run(sdist, cwd=ROOT, check=True)
        archive = Path(scratch, newest(Path(scratch), "*.tar.gz").name)
        archive = archive.rename(target / archive.name)
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*wheel, "--wheel-dir", str(target), str(archive)], check=True)
    return [archive, newest(target, "*.whl")]


def main(target: str) -> int:
    paths = build(Path(target))
    for path in paths:
        print(f"{path.stat().st_size / 1e6:6.2f} MB  {path}")
    if paths[1].stat().st_size > LARGEST_WHEEL:
        print("the wheel is too large", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

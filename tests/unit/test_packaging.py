"""What an installation brings is what the code imports, and what it says of itself agrees."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

import echo_agent

OWN = {"echo_agent", "benchmarks", "graphs", "tests"}


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirements):
    return {canonical(re.split(r"[\[<>=!~;\s]", requirement, maxsplit=1)[0]) for requirement in requirements}


def imported(folder: Path) -> dict[str, set[str]]:
    """Packages of others that the files of a folder import, with the files."""
    found = defaultdict(set)
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            for name in names:
                root = name.partition(".")[0]
                if root not in OWN | sys.stdlib_module_names:
                    found[root].add(file.name)
    return found


@pytest.mark.parametrize("folder", ["echo_agent", "graphs", "benchmarks", "tests"])
def test_every_import_is_declared(project, repository, folder):
    extras = project["optional-dependencies"]
    declared = named(project["dependencies"])
    for name, requirements in extras.items():
        if folder != "echo_agent" or name != "dev":
            declared |= named(requirements)
    providers = importlib.metadata.packages_distributions()
    not_installed = {"anomalib"}
    for package, files in imported(repository / folder).items():
        homes = {canonical(home) for home in providers.get(package, ())}
        if not homes and package in not_installed:
            homes = {package}
        assert homes & declared, f"{package} of {sorted(files)} is in no dependency of pyproject.toml"


def test_the_version_is_said_alike(repository, echo):
    citation = yaml.safe_load((repository / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == echo_agent.__version__
    assert echo("--version")[1].strip() == f"echo-agent {echo_agent.__version__}"
    assert echo("version")[1].startswith(f"echo-agent {echo_agent.__version__} ")


def test_the_package_runs_as_a_module(repository):
    ran = subprocess.run(
        [sys.executable, "-m", "echo_agent", "--version"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == f"echo-agent {echo_agent.__version__}"

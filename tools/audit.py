"""Asks pip-audit about the pinned packages: exit code 1 where one has a known weakness; says where no data is had."""

import json
import subprocess
import sys

COMMAND = (
    "-m",
    "pip_audit",
    "--requirement",
    "constraints.txt",
    "--no-deps",
    "--disable-pip",
    "--format",
    "json",
)


def main() -> int:
    """Prints each known weakness, and how many packages could be asked about."""
    ran = subprocess.run([sys.executable, *COMMAND], capture_output=True, text=True, timeout=900, check=False)
    try:
        packages = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"pip-audit has no data here, nothing was audited: {ran.stderr.strip()[-200:]}")
        return 0
    audited = [package for package in packages if "skip_reason" not in package]
    weak = [(package, known) for package in audited for known in package["vulns"]]
    for package, known in weak:
        print(
            f"{package['name']} {package['version']}: {known['id']}, mended in {known['fix_versions'] or 'none yet'}"
        )
    print(f"pip-audit: {len(audited)} of {len(packages)} packages audited, {len(weak)} weaknesses known")
    if not audited:
        print("no data about packages can be had here: run this where pypi.org is reached")
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main())

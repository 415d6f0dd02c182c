import subprocess
import sys

HEAVY = ("torch", "transformers", "chromadb", "scipy.stats", "langchain_community")

PRINT_WHAT_IS_LOADED = f"""
import sys
import graphs.batch, graphs.chat, graphs.inspection
print([name for name in {HEAVY} if name in sys.modules])
"""


def test_a_server_that_loads_the_graphs_loads_nothing_that_only_a_run_needs(repository):
    done = subprocess.run(
        [sys.executable, "-c", PRINT_WHAT_IS_LOADED],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"

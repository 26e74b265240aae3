import subprocess
import sys


def test_the_command_loads_nothing_heavy_before_it_must() -> None:
    heavy = {"matplotlib", "httpx2", "numpy", "torch"}
    script = f"import sys, clr_cli.app; print({heavy} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout == "set()\n"

import pytest
from typer.testing import CliRunner

from clr_cli.app import app

runner = CliRunner()


def help_of(command: str, columns: int = 200) -> list[str]:
    result = runner.invoke(app, [command, "--help"], env={"COLUMNS": str(columns), "TERMINAL_WIDTH": str(columns)})
    assert result.exit_code == 0
    return result.stdout.splitlines()


@pytest.mark.parametrize(
    ("command", "flag", "words"),
    [
        ("lr-find", "--batch-size", "Samples per step over all ranks; a multiple of world_size (default: 128)"),
        ("lr-find", "--weight-decay", "(default: 0.0005)"),
        ("lr-find", "--end-lr", "(default: 10)"),
        ("lr-find", "--optimizer", "schedulefree_adamw, prodigy (default: sgd)"),
        ("compare", "--seeds", "(default: 0,1,2)"),
        ("train", "--schedule", "(default: one_cycle)"),
        ("sweep", "--over", "PATH=VALUES"),
    ],
)
def test_help_has_words_legal_values_and_the_default(command: str, flag: str, words: str) -> None:
    (line,) = [line for line in help_of(command) if f" {flag} " in line]
    assert words in line


@pytest.mark.parametrize("command", ["lr-find", "sweep", "train", "compare"])
@pytest.mark.parametrize(("columns", "lines"), [(80, 52), (120, 40)])
def test_help_fits_on_about_a_screen(command: str, columns: int, lines: int) -> None:
    text = help_of(command, columns)
    assert len(text) <= lines
    assert max(map(len, text)) <= columns
    assert not any("…│" in line.replace(" ", "") for line in text), "words are cut off"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("clr train --schedule tri", "triangular2"),
        ("clr lr-find --model resnet1", "resnet18"),
        ("clr train --set schedule.pct", "schedule.pct_start="),
        ("clr sweep --set conditions.prec", "conditions.precision="),
    ],
)
def test_the_shell_completes_values_and_paths(typed: str, offered: str) -> None:
    words = {"_CLR_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    result = runner.invoke(app, [], prog_name="clr", env=words)
    assert offered in result.stdout.split()

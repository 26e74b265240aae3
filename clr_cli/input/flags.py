"""The flags of the commands that submit a job: about ten for each kind, each with the field of the spec that it sets.

Types, help, defaults and legal values are those of the fields. Every other field is set by ``--set path=value``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clr_cli.input import flag_values
from clr_cli.input.spec_fields import Field, fields_of_kind

CONDITIONS = "Conditions: what range test and training share"
RANGE_TEST = "Range test"
TRAINING = "Training"
COMPARISON = "Comparison"


@dataclass(frozen=True)
class Flag:
    """A flag, and the path of its field.

    Args:
        name: The flag, as typed.
        path: Path of the field from the root of the spec.
        panel: Panel of the command's help that shows it.
        metavar: Placeholder of its value in the help; left out, the type of the field.
        help: Its help, if it differs from the field's.
        read: Turns its text into fields, if that is not the value of the field itself.
        is_repeated: Whether it may be given several times.
    """

    name: str
    path: str
    panel: str | None = None
    metavar: str | None = None
    help: str | None = None
    read: Callable[[Any], Mapping[str, Any]] | None = None
    is_repeated: bool = False

    @property
    def parameter(self) -> str:
        """Its name as a parameter of a function."""
        return self.name.removeprefix("--").replace("-", "_")

    def field(self, kind: str) -> Field:
        """Return the field of the specs of a kind of job."""
        return fields_of_kind(kind)[self.path]

    def values(self, typed: Any) -> Mapping[str, Any]:
        """Return the typed text as values of fields, by path."""
        return {self.path: typed} if self.read is None else self.read(typed)


_NAME = Flag("--name", "name")
_CONDITIONS = (
    Flag("--model", "conditions.model.name", CONDITIONS),
    Flag(
        "--dataset", "conditions.dataset.name", CONDITIONS, read=flag_values.dataset,
        help="digits, cifar10, fashion_mnist, mnist, an upload (ds_…), or FILE.npz in the server's data folder.",
    ),
    Flag("--optimizer", "conditions.optimizer.name", CONDITIONS),
    Flag("--weight-decay", "conditions.optimizer.weight_decay", CONDITIONS),
    Flag("--batch-size", "conditions.global_batch_size", CONDITIONS),
    Flag("--world-size", "conditions.world_size", CONDITIONS),
)  # fmt: skip
_RANGE_TEST = (
    Flag("--start-lr", "range_test.start_lr", RANGE_TEST),
    Flag("--end-lr", "range_test.end_lr", RANGE_TEST),
    Flag("--steps", "range_test.steps", RANGE_TEST),
    Flag("--replicas", "range_test.replicas", RANGE_TEST),
)
_OVER = Flag(
    "--over", "over", RANGE_TEST, "PATH=VALUES", read=flag_values.over, is_repeated=True,
    help="A condition that varies, such as optimizer.weight_decay=1e-3,1e-4; up to four times.",
)  # fmt: skip
_TRAINING = (
    Flag(
        "--from-job", "schedule.max_lr.from_job", TRAINING, "JOB", read=flag_values.from_job,
        help="Take peak and conditions from this lr_find job.",
    ),
    Flag(
        "--max-lr", "schedule.max_lr", TRAINING, "LR|auto", read=flag_values.peak,
        help="Peak of the LR; auto runs a range test first.",
    ),
    Flag("--schedule", "schedule.name", TRAINING),
    Flag("--epochs", "epochs", TRAINING),
    Flag("--steps", "steps", TRAINING),
)  # fmt: skip
_COMPARISON = (
    Flag(
        "--arm", "arms", COMPARISON, '"NAME=SCHEDULE …"', read=flag_values.arms, is_repeated=True,
        help='A schedule and its length, such as "fast=one_cycle max_lr=auto steps=600"; once for each arm.',
    ),
    Flag("--preset", "preset.name", COMPARISON),
    Flag("--steps", "preset.steps", COMPARISON, help="Updates of 1cycle, with --preset."),
    Flag("--seeds", "seeds", COMPARISON, "N,N", read=flag_values.seeds),
    Flag("--target", "target", COMPARISON, "VALUE|ARM", read=flag_values.target),
)  # fmt: skip

FLAGS: dict[str, tuple[Flag, ...]] = {
    "lr_find": (_NAME, *_CONDITIONS, *_RANGE_TEST),
    "sweep": (_NAME, *_CONDITIONS, _OVER, *_RANGE_TEST),
    "train": (_NAME, *_TRAINING, *_CONDITIONS),
    "compare": (_NAME, *_COMPARISON, *_CONDITIONS),
}

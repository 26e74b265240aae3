"""Saves and restores a training: the newest state when a checkpoint is due, and with it the best state so far."""

from worker.rundir.activity import activity
from worker.rundir.plan import Resume
from worker.rundir.report import Report
from worker.train.checkpoint import checkpoint_file
from worker.train.checkpoint.checkpoint_file import CheckpointState, TrainingPosition
from worker.train.step.learner import Learner
from worker.train.step.progress_state import ProgressState

WARM_UP_STEPS = 2  # with a static graph, DistributedDataParallel rebuilds its buckets after the second step


class Checkpointer:
    """Saves and restores one training, and decides which states are written.

    Rank 0 keeps the best state in memory until the next checkpoint is due. So a training that improves at every epoch
    does not write a file at every epoch. If rank 0 is killed, the resumed training computes the lost state again.

    Args:
        learner: The learner to save.
        report: The report of rank 0, which gets a line for each checkpoint.
        seed: Seed of the data order.
    """

    def __init__(self, learner: Learner, report: Report, seed: int) -> None:
        self._learner, self._report, self._seed = learner, report, seed
        self._best: CheckpointState | None = None
        self._best_step: int | None = None

    def hold_best(self, done: int, progress: ProgressState) -> None:
        """Keep the state after ``done`` steps as the best so far. All ranks call this."""
        state = checkpoint_file.capture(self._learner, TrainingPosition(done, self._seed), progress)
        self._best_step = done
        self._best = checkpoint_file.detached(state) if self._report.writes else None

    def save(self, done: int, progress: ProgressState) -> None:
        """Write the best state if it is not written yet, and the state after ``done`` steps. All ranks call this."""
        state = checkpoint_file.capture(self._learner, TrainingPosition(done, self._seed), progress)
        if self._report.writes:
            if self._best is not None and self._best_step != done:
                self._write(self._best, best=True)
            self._write(state, best=self._best_step == done)
        self._best = self._best_step = None

    def _write(self, state: CheckpointState, *, best: bool) -> None:
        activity.at("checkpoint")
        path = checkpoint_file.write(state, self._report.folder / "checkpoints")
        self._report.checkpoint(state["schedule"]["step"], f"checkpoints/{path.name}", best=best)

    def resume(self, found: Resume) -> tuple[int, ProgressState]:
        """Restore the training from a checkpoint.

        Returns:
            The next step, and the progress state of the checkpoint.

        Raises:
            TrainingError: The file is missing or damaged, or does not fit (`Reason.CHECKPOINT_DAMAGED`).
        """
        world = self._learner.world
        state = checkpoint_file.read(found)
        with checkpoint_file.loading(found):
            step = int(state["schedule"]["step"])
            progress = ProgressState(
                **state["memory"], first_loss=state.get("first_loss"), recent_losses=state.get("recent_losses", [])
            )
        # DistributedDataParallel assigns gradients to buckets in the order in which its first steps compute them, and
        # with three or more ranks the order of a sum decides its last bit. So take the first steps, then undo them.
        for _ in range(WARM_UP_STEPS):
            self._learner.step(max(step - 1, 0), self._seed)
        with checkpoint_file.loading(found):
            saved_ranks = checkpoint_file.restore(state, self._learner)
        if saved_ranks != world.size:
            self._report.note(
                "resumed_on_other_world_size",
                {
                    "step": step, "world_size": world.size, "world_size_then": saved_ranks,
                    "equal": "data order, learning rates, momentum",
                    "not_equal": "random numbers of the ranks (dropout), batch norm's batches, last bits of sums",
                },
            )  # fmt: skip
        return step, progress

"""``python -m tests.chaos --seed N``: one run of chaos, then the checker. Status 0 if every invariant held."""

import argparse
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable

from tests.chaos.load import User, jobs
from tests.chaos.rig import ROOT, Rig

TERMINAL = {"succeeded", "failed", "cancelled"}
MEAN_PAUSE_S = 1.0
CALM_TIMEOUT_S = 300.0
IDLE_TIMEOUT_S = 60.0


def faults(rig: Rig, chance: random.Random) -> list[tuple[int, Callable[[], str]]]:
    """Weights and faults."""
    return [
        (3, lambda: rig.kill_part(chance.choice(rig.workers), chance)),
        (3, lambda: rig.freeze_worker(chance.choice(rig.workers), chance)),
        (2, lambda: rig.stop_worker(chance.choice(rig.workers))),
        (1, lambda: rig.kill_descendant(chance.choice(rig.workers), chance, 1)),
        (3, lambda: rig.kill_descendant(chance.choice(rig.workers), chance, 2)),
        (4, lambda: rig.kill_descendant(chance.choice(rig.workers), chance, 3)),
        (2, lambda: rig.kill_part(chance.choice(rig.apis), chance)),
        (2, lambda: rig.restart_valkey(chance)),
        (1, lambda: rig.restart_postgres(chance)),
    ]


def run(seed: int, count: int, most_faults: int, broken: str | None) -> int:
    """One run; the exit status of the checker, or 1 where the run itself did not come to an end."""
    chance = random.Random(seed)
    begun = time.monotonic()
    with Rig(broken) as rig:
        user = User(rig.api_urls, chance)
        waiting = jobs(count, chance)
        kinds = faults(rig, chance)
        accepted: list[str] = []
        done: Counter[str] = Counter()
        while len(accepted) < count or sum(done.values()) < most_faults:
            accepted += [user.submit(waiting.pop()) for _ in range(min(len(waiting), chance.randint(0, 6)))]
            if accepted and chance.random() < 0.15:
                user.cancel(chance.choice(accepted))
            if sum(done.values()) < most_faults:
                what = chance.choices([fault for _, fault in kinds], [weight for weight, _ in kinds])[0]()
                print(f"{time.monotonic() - begun:6.1f} s  {what}", flush=True)
                done[what.split(" of ")[0]] += 1
            pause = time.monotonic() + chance.expovariate(1 / MEAN_PAUSE_S)
            while time.monotonic() < pause:
                rig.tick()
                time.sleep(0.02)
        rig.heal()
        ended = _calm(rig, user, accepted)
        idle = _idle(rig)
        (rig.folder / "jobs.json").write_text(json.dumps(accepted))
        command = [sys.executable, "-m", "tests.chaos.check", "--database-url", rig.database_url]
        command += ["--api-url", rig.api_urls[0], "--data-dir", str(rig.folder / "data")]
        status = subprocess.run([*command, "--jobs", str(rig.folder / "jobs.json")], cwd=ROOT, check=False).returncode
        print(f"seed {seed}: {sum(done.values())} faults {dict(done)}, {time.monotonic() - begun:.0f} s", flush=True)
        return int(bool(status) or not ended or not idle)


def _calm(rig: Rig, user: User, accepted: list[str]) -> bool:
    """Wait for all jobs to end; whether they did."""
    deadline = time.monotonic() + CALM_TIMEOUT_S
    while True:
        left = [job_id for job_id, status in user.statuses(accepted).items() if status not in TERMINAL]
        if not left:
            return True
        if time.monotonic() > deadline:
            print(f"VIOLATION {len(left)} jobs have not ended {CALM_TIMEOUT_S:g} s after the last fault: {left}")
            return False
        rig.tick()
        time.sleep(0.5)


def _idle(rig: Rig) -> bool:
    """Whether all slots are free: no worker has an agent or a rank."""
    deadline = time.monotonic() + IDLE_TIMEOUT_S
    while True:
        busy = [process for worker in rig.workers for process, depth in rig.descendants(worker) if depth > 1]
        known = {process.pid for worker in rig.workers for process, _ in rig.descendants(worker)}
        known |= {child.pid for child in rig.children if child.pid is not None}
        stray = [process for process in rig.processes() if process.pid not in known and not _is_tracker(process)]
        if not busy and not stray:
            return True
        if time.monotonic() > deadline:
            print(f"VIOLATION processes are left: {busy} below workers, {stray} elsewhere")
            return False
        time.sleep(0.2)


def _is_tracker(process: object) -> bool:
    return "resource_tracker" in " ".join(process.cmdline())  # type: ignore[attr-defined]


def main() -> None:
    """Run the seeds that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1, help="how many, from --seed on")
    parser.add_argument("--jobs", type=int, default=40)
    parser.add_argument("--faults", type=int, default=25)
    parser.add_argument("--break", dest="broken", choices=("fencing", "sweep", "late-ack"))
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the rig is taken down
    statuses = {
        seed: run(seed, asked.jobs, asked.faults, asked.broken) for seed in range(asked.seed, asked.seed + asked.seeds)
    }
    print(json.dumps({"seeds": len(statuses), "violated": [seed for seed, status in statuses.items() if status]}))
    sys.exit(max(statuses.values()))


if __name__ == "__main__":
    main()

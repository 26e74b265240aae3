"""``make fuzz``: schemathesis with an admin's key and without one, for minutes; ends by printing one line of JSON."""

import argparse
import json
import sys

from tests.fuzz.live import ADMIN_KEY, fuzz, serving


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--examples", type=int, default=60)
    parser.add_argument("--max-time-s", type=int, default=300)
    asked = parser.parse_args()
    failed, summary = False, {}
    with serving() as url:
        for name, key in (("with_key", ADMIN_KEY), ("without_key", None)):
            done = fuzz(url, key=key, examples=asked.examples, max_time_s=asked.max_time_s, seed=asked.seed)
            failed = failed or done.status != 0 or done.server_errors > 0
            sys.stderr.write(done.output)
            summary[name] = {"status": done.status, "requests": done.requests, "server_errors": done.server_errors}
    sys.stdout.write(json.dumps({"seed": asked.seed, **summary}) + "\n")
    raise SystemExit(int(failed))


if __name__ == "__main__":
    main()

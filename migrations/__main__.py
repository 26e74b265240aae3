"""``python -m migrations``: the schema of the database of ``CLR_DATABASE_URL``, its check, and retention.

Commands: upgrade [REVISION] (the default), downgrade [REVISION], check [--hashes], prune --older-than 30d [--dry-run].
"""

import argparse
import re
import sys

from jobs.config.secrets import take_secrets
from jobs.config.settings import Settings
from jobs.database.session import Database
from jobs.maintenance import integrity_check, retention
from jobs.maintenance.integrity_check import Finding
from migrations.run import UnknownRevisionError, downgrade, revisions, upgrade

_UNITS_S = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}
_AGE = re.compile(r"(\d+(?:\.\d+)?)([hdw])")


def main(arguments: list[str]) -> None:
    """Run one command; without arguments ``upgrade head``. Return exit status 1 if a check finds something."""
    asked = _parser().parse_args(arguments or ["upgrade"])
    settings = Settings()
    database = Database(settings.sql_url)
    try:
        asked.run(asked, database, settings)
    except UnknownRevisionError as error:
        raise SystemExit(str(error)) from error
    finally:
        database.close()


def age_s(text: str) -> float:
    """Return the seconds of an age such as ``30d``: hours, days or weeks."""
    found = _AGE.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"must be a number with h, d or w, such as 30d, got {text!r}")
    return float(found[1]) * _UNITS_S[found[2]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m migrations", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("upgrade", help="apply every revision up to REVISION")
    one.add_argument("revision", nargs="?", default="head")
    one.set_defaults(run=lambda asked, database, _: upgrade(database, asked.revision))
    one = commands.add_parser("downgrade", help="undo revisions down to REVISION")
    one.add_argument("revision", nargs="?", default="base")
    one.set_defaults(run=lambda asked, database, _: downgrade(database, asked.revision))
    one = commands.add_parser("check", help="compare rows, roll-ups, files and schema; exit status 1 if they disagree")
    one.add_argument("--hashes", action="store_true", help="also read every stored file and compare its SHA-256")
    one.set_defaults(run=_check)
    one = commands.add_parser("prune", help="remove jobs that ended long ago, with their files, and orphan files")
    one.add_argument("--older-than", type=age_s, required=True, metavar="AGE", help="such as 30d, 12h, 8w")
    one.add_argument("--dry-run", action="store_true", help="only show what would be removed")
    one.set_defaults(run=_prune)
    return parser


def _check(asked: argparse.Namespace, database: Database, settings: Settings) -> None:
    there, newest = revisions(database)
    findings = []
    if there != newest:
        what = f"is at revision {there}, this release needs {newest}: run python -m migrations"
        findings.append(Finding("wrong_schema", "database", what))
    else:
        findings = integrity_check.inspect_storage(database, settings.artifacts_dir, hashes=asked.hashes)
    for finding in findings:
        print(finding)  # noqa: T201 - the answer of a command
    print(f"{len(findings)} findings" if findings else "ok")  # noqa: T201
    if findings:
        raise SystemExit(1)


def _prune(asked: argparse.Namespace, database: Database, settings: Settings) -> None:
    pruned = retention.prune(
        database, settings.artifacts_dir, settings.runs_dir, older_than_s=asked.older_than, dry_run=asked.dry_run
    )
    for name, word in (("jobs", "job"), ("orphans", "orphan file"), ("kept", "kept, another job needs it:")):
        for each in getattr(pruned, name):
            print(f"{word} {each}")  # noqa: T201
    verb = "would remove" if asked.dry_run else "removed"
    print(f"{verb} {len(pruned.jobs)} jobs, {len(pruned.orphans)} orphan files, {pruned.size_bytes:,} bytes")  # noqa: T201


if __name__ == "__main__":
    take_secrets()
    main(sys.argv[1:])

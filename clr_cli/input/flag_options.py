"""The flags of a kind of job as options of a command, with the types and the help of their fields."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

from clr_cli.input.completion import of_choices, settings_of
from clr_cli.input.flags import FLAGS, Flag
from clr_cli.input.options import set_option
from clr_cli.input.spec_from_flags import start, value_at

TYPES = {"integer": int, "number": float}


def with_flags(kind: str, command: Callable[..., None]) -> Callable[..., None]:
    """Turn a command of ``**flags`` and ``settings`` into one for Typer, with an option for each flag."""
    hints = get_type_hints(command, include_extras=True)
    hints["settings"] = Annotated[list[str] | None, set_option(settings_of(kind))]
    own = [each for each in inspect.signature(command).parameters.values() if each.kind is not each.VAR_KEYWORD]
    options = [_option(kind, flag) for flag in FLAGS[kind]]
    options += [each.replace(annotation=hints[each.name]) for each in own]
    command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    command.__annotations__ = {option.name: option.annotation for option in options}
    return command


def _option(kind: str, flag: Flag) -> inspect.Parameter:
    field = flag.field(kind)
    typed: Any = str if flag.read is not None else TYPES.get(str(field.type), str)
    if flag.is_repeated:
        typed = list[str]
    option = typer.Option(
        flag.name,
        metavar=flag.metavar,
        help=_help(kind, flag),
        rich_help_panel=flag.panel,
        show_default=False,
        autocompletion=of_choices(field.choices),
    )
    annotation: Any = Annotated[typed | None, option]
    return inspect.Parameter(flag.parameter, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _help(kind: str, flag: Flag) -> str:
    """Return the help text, the legal values if there are few, and the default."""
    field = flag.field(kind)
    words = (flag.help or field.help).removesuffix(".")
    if field.listed_choices and flag.help is None:
        words += f": {field.listed_choices}"
    default = value_at(start(kind), flag.path)
    return f"{words}{_default(field.default if default is None else default)}"


def _default(value: Any) -> str:
    if value in (None, ""):
        return ""
    values = value if isinstance(value, tuple) else (value,)
    return f" (default: {','.join(f'{one:g}' if isinstance(one, float) else str(one) for one in values)})"

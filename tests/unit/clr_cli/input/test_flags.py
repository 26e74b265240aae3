import pytest

from clr_cli.input.flags import FLAGS, Flag

ALL = [(kind, flag) for kind, flags in FLAGS.items() for flag in flags]


@pytest.mark.parametrize(("kind", "flag"), ALL, ids=lambda one: one.name if isinstance(one, Flag) else one)
def test_a_flag_sets_a_field_that_there_is_and_says_what_it_is(kind: str, flag: Flag) -> None:
    field = flag.field(kind)
    assert flag.help or field.help
    assert flag.read is not None or field.type in {"string", "integer", "number"}, "needs a reader"


@pytest.mark.parametrize("kind", FLAGS)
def test_a_command_has_about_ten_flags_each_once(kind: str) -> None:
    names = [flag.name for flag in FLAGS[kind]]
    assert len(names) <= 12
    assert len(set(names)) == len(names)

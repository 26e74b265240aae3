from clr_cli.input.spec_fields import FILE, Field, fields_of_kind
from tests.spec_fields import text


def test_the_file_is_what_the_models_of_specs_say() -> None:
    assert FILE.read_text() == text(), "make openapi writes it anew"


def test_a_field_has_the_words_the_default_and_the_legal_values_of_its_model() -> None:
    fields = fields_of_kind("train")
    precision = fields["conditions.precision"]
    assert (precision.type, precision.default, precision.choices) == ("string", "fp32", ("fp32", "bf16"))
    assert fields["schedule.pct_start"] == Field(
        "number", "Fraction of all steps spent rising.", 0.3, forms=("one_cycle_two_phase",)
    )
    assert fields["conditions.optimizer.weight_decay"].forms == ()  # all optimizers have it
    assert "over" not in fields


def test_long_lists_of_legal_values_are_left_to_completion() -> None:
    fields = fields_of_kind("lr_find")
    assert fields["range_test.measure"].listed_choices == "train_loss, val_loss, val_accuracy"
    assert fields["conditions.model.name"].listed_choices == ""
    assert "resnet18" in fields["conditions.model.name"].choices

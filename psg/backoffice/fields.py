"""Fields that the admin's forms share."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model


class LoadedChoiceField(forms.ModelChoiceField):
    """A choice of rows that are loaded already, in `rows`: the stock field asks for its row, form by form."""

    rows: Mapping[str, Model] = {}

    def to_python(self, value: Any) -> Model | None:
        if value in self.empty_values:
            return None
        key = str(value.pk if isinstance(value, Model) else value)
        if key not in self.rows:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params={"value": value})
        return self.rows[key]

    def load(self, rows: Iterable[Model]) -> None:
        """Give it the rows to choose from."""
        self.rows = {str(row.pk): row for row in rows}

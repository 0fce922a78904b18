"""A column of sealed text, and the attribute that gives it in the clear.

``encryption`` has the cipher and the keys; here is which row and field a text belongs to.
"""

from typing import Any

from django.db import models

from workspaces import encryption

_PREFIX = "sealed_"


class SealedTextField(models.TextField[str, str]):
    """The column ``sealed_x`` of a model, which has the text in the clear as ``x``, to be read and set.

    ``sealed_x`` itself is what is stored: it is copied where a whole row is, filtered on, and put into lists of fields
    to be saved. A text is bound to ``kind`` (of row), the row's ``uid`` and ``x``: elsewhere it does not open. Reading
    ``x`` raises SecretUnreadableError, which ends with ``remedy``: a sentence on what to do then. An empty text is
    stored as such. To migrations it is a text column like others.
    """

    def __init__(self, *, kind: str = "", remedy: str = "", **options: Any) -> None:
        super().__init__(**options | {"editable": False})
        self.kind, self.remedy = kind, remedy

    @property
    def clear_name(self) -> str:
        """The attribute that is the text in the clear."""
        return self.name.removeprefix(_PREFIX)

    def open(self, row: models.Model) -> str:
        """Give a row's text in the clear. Raises SecretUnreadableError."""
        return encryption.decrypt(getattr(row, self.attname), owner=self._owner(row), remedy=self.remedy)

    def seal(self, row: models.Model, text: str) -> None:
        """Set a row's text, which is not saved yet."""
        setattr(row, self.attname, encryption.encrypt(text, owner=self._owner(row)))

    def renew(self, row: models.Model) -> bool:
        """Seal a row's text with the first key, unsaved; return whether it had to be. Raises SecretUnreadableError."""
        if encryption.is_current(getattr(row, self.attname)):
            return False
        self.seal(row, self.open(row))
        return True

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        """Add the attribute besides the column; a property, so that Django takes it where a row is made, too."""
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.clear_name, property(self.open, self.seal))

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Be a text column in migrations: there, nothing opens it."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", list(args), kwargs

    def _owner(self, row: models.Model) -> str:
        return f"{self.kind}:{row.uid}:{self.clear_name}"  # type: ignore[attr-defined]  # of models with such a field


def fields_of(model: type[models.Model]) -> list[SealedTextField]:
    """List the columns of a model that are sealed."""
    return [field for field in model._meta.concrete_fields if isinstance(field, SealedTextField)]

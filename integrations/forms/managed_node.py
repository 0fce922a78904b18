"""The handle of a managed folder or connection."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from connections import manual_nodes
from connections.sharing import Node
from workspaces.handles import NODE_MAX_LENGTH, TAKEN, next_free, refused, validate_node_handle
from workspaces.web.inputs import AS_TYPED

# What an integration keeps as it is in AWS; no form of ours sends these.
KEPT_IN_AWS = frozenset({"title", "folder", "parent", "source_id", "state", "root", "is_managed"})


class NodeHandleForm(forms.Form):
    """A handle that a person types; it stays as it is, whatever the name becomes."""

    handle = forms.CharField(
        label="Handle",
        validators=[validate_node_handle],
        error_messages={"required": "Enter a handle."},
        widget=forms.TextInput(attrs=AS_TYPED | {"maxlength": NODE_MAX_LENGTH}),
    )

    def __init__(self, node: Node, data: Any = None) -> None:
        super().__init__(data, initial={"handle": node.handle}, label_suffix="")
        self.node = node

    def clean_handle(self) -> str:
        """Refuse what no schema can be called, and what another node has, a removed one that may return included."""
        handle: str = self.cleaned_data["handle"]
        if handle != self.node.handle and (why := manual_nodes.why_reserved(type(self.node), handle)):
            raise ValidationError(why)
        if self._is_taken(handle):
            free = next_free(handle, self._is_taken, separator="_", longest=NODE_MAX_LENGTH)
            raise refused(self.taken(handle), free, code=TAKEN)
        return handle

    def _is_taken(self, handle: str) -> bool:
        return manual_nodes.is_handle_taken(self.node.scope, type(self.node), handle, but=self.node)

    def taken(self, handle: str) -> str:
        return f"{handle} is taken by another {self.node._meta.verbose_name} of {self.node.scope}. Choose another one."

    def clean(self) -> None:
        """Refuse a hand-written request to retitle or move what an integration keeps."""
        if KEPT_IN_AWS & set(self.data):
            raise ValidationError(manual_nodes.why_managed(self.node, "retitled or moved"))

"""What the audit log says of actions on folders, connections and schemas; a test holds it to what is recorded here."""

from workspaces.audit import sentences

SENTENCES = {
    "workspace.search_path_changed": "changed the search path of the workspace {object}",
    "folder.created": "created the connection folder {object}",
    "folder.changed": "changed the connection folder {object}",
    "folder.moved": "moved the connection folder {object}",
    "folder.deleted": "deleted the connection folder {object}",
    "folder.permissions_changed": "changed who may use the connection folder {object}",
    "connection.created": "created the connection {object}",
    "connection.changed": "changed the connection {object}",
    "connection.moved": "moved the connection {object}",
    "connection.deleted": "deleted the connection {object}",
    "connection.permissions_changed": "changed who may use the connection {object}",
    "schema.added": "added {object} to the schemas of the workspace",
    "schema.removed": "removed {object} from the schemas of the workspace",
    "nodes.permissions_changed": "changed who may use {chosen} of {object}",
    "nodes.schema_added": "added {chosen} to the schemas of the workspace {object}",
    "nodes.schema_removed": "removed {chosen} from the schemas of the workspace {object}",
    "aggregator.created": "created the aggregator {object}",
    "aggregator.changed": "changed the aggregator {object}",
    "aggregator.deleted": "deleted the aggregator {object}",
}

KINDS = {"folder": "Connection folder", "connection": "Connection", "aggregator": "Aggregator"}

sentences.register(SENTENCES, KINDS)

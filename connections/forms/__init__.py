"""Forms of folders, connections and what workspaces do with them; they validate, actions write."""

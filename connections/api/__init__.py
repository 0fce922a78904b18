"""The API of folders and connections: reading them, who may use them, and what workspaces have of them.

``shapes`` says what is answered, ``nodes`` makes it of rows, a page at a time, ``finding`` finds what a path names. The
other modules are routes, one subject each. What is known of nodes only above here, such as which integration manages
one, is asked of what ``managed`` was told to ask; making and changing nodes is in ``integrations.api`` for the same
reason.
"""

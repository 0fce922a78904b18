"""The tree as a picture: what is read for it, and where its parts are drawn; drawn as SVG by templates."""

"""The past of syncs as pictures: what is drawn where; drawn as SVG by ``templates/integrations/history``."""

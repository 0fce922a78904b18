"""Reading an AWS organization whole: ``read`` gives a complete snapshot or raises."""

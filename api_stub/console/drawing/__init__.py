"""The geometry of pictures, pure. Widths are in percent of a picture, heights in pixels."""

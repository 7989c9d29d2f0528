"""Pictures as SVG, from small texts and tables. Nothing here needs Sphinx."""

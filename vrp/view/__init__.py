"""Pictures of a plan: an interactive map as one HTML file, and matplotlib plots. Imported only when used."""

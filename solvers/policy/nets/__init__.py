"""Parts of networks, which the named models are composed of."""

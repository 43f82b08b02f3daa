"""Training of policies with Lightning: what is learned from (losses), how long (schedule), and what is kept."""

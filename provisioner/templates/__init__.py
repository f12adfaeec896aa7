"""Templates of the clusters: which there are, and new ones made from cloud images."""

"""The experts: one node a file, in the order in which an image travels."""

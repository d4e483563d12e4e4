"""Other trackers: what their stores and exports hold, brought into a registry as runs. One module per format."""

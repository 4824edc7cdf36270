"""Facts about products as data: no code per model, no input or output."""

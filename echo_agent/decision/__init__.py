"""How a label is come to: from measurements, by a language model, and the guard over both."""
